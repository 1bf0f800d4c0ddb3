import type { Clock } from '../../contract/clock.ts'
import { outcomeUnknown, writeTimeout } from '../../contract/errors.ts'
import type { SqlTransactionOptions } from '../sql-driver.ts'
import { onAbort } from './abort.ts'

/**
 * A call, and whether somebody still waits for it. Who stops waiting is answered at once; the work
 * itself goes on to where its connection is idle again, and asks before everything that it sends.
 */
export class Call {
  readonly clock: Clock
  readonly #options: SqlTransactionOptions
  #over: { readonly reason: unknown } | undefined
  #isCommitting = false
  #cancelDeadline: (() => void) | undefined

  constructor(options: SqlTransactionOptions, clock: Clock) {
    this.#options = options
    this.clock = clock
    if (options.signal?.aborted) this.#over = { reason: options.signal.reason }
  }

  /** How long it may wait for a connection, where the pool's own patience is not meant. */
  get waitMs(): number | undefined {
    return this.#options.timeoutMs
  }

  /** What the work comes to, or why nobody waits for it any longer. */
  settle<Result>(running: Promise<Result>): Promise<Result> {
    const { signal, deadlineAt } = this.#options
    if (signal === undefined && deadlineAt === undefined) return running
    return new Promise<Result>((resolve, reject) => {
      const end = (reason: unknown) => {
        this.#over ??= { reason }
        reject(this.#isCommitting ? outcomeUnknown(reason) : reason)
      }
      const deaf = signal && onAbort(signal, () => end(signal.reason))
      this.#startDeadline(() => end(writeTimeout()))
      const cleanUp = () => {
        deaf?.()
        this.#cancelDeadline?.()
      }
      running.then(
        (result) => {
          cleanUp()
          resolve(result)
        },
        (error: unknown) => {
          cleanUp()
          reject(error)
        },
      )
    })
  }

  /** A connection is there: from here on the deadline is the statement's own. */
  connected(): void {
    this.#cancelDeadline?.()
    this.assertAwaited()
  }

  assertAwaited(): void {
    if (this.#over !== undefined) throw this.#over.reason
  }

  /** What is sent next may take effect although nobody hears of it. */
  committing(): void {
    this.assertAwaited()
    this.#isCommitting = true
  }

  #startDeadline(onLate: () => void): void {
    const { deadlineAt } = this.#options
    if (deadlineAt === undefined) return
    const leftMs = deadlineAt - this.clock.now()
    // One that has passed before is compared by the statement alone: it can tell late from missing.
    if (leftMs > 0) this.#cancelDeadline = this.clock.after(leftMs, onLate)
  }
}
