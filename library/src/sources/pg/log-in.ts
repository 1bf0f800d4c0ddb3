import { sqlstateOf } from '../sqlstate.ts'

/** Nobody is let in, or not to this database: trying again at once gives the same, and a SCRAM log-in costs both sides milliseconds of work. */
const refused = /^(?:28|3D)/
const pauseMs = 100

/** What became of attempts to log in. After a refusal one attempt every 100 ms finds out whether it has ended; the others share what it found. */
export class LogIn {
  #refusal: { readonly error: Error; nextAt: number } | undefined

  /** The refusal, where this caller is not to try. */
  refusalAt(nowMs: number): Error | undefined {
    if (this.#refusal === undefined) return undefined
    if (nowMs < this.#refusal.nextAt) return this.#refusal.error
    this.#refusal.nextAt = nowMs + pauseMs
    return undefined
  }

  succeeded(): void {
    this.#refusal = undefined
  }

  failed(error: Error | undefined, nowMs: number): void {
    if (error === undefined || !refused.test(sqlstateOf(error))) return
    this.#refusal = { error, nextAt: nowMs + pauseMs }
  }
}
