import { isStalePlan, leavesSessionUsable } from '../sqlstate.ts'
import type { PgAnswer, PgClient, PgStatement } from './pool.ts'

/** A connection, and whether it may be used again. */
export class Session {
  readonly #client: PgClient
  #spentBy: { readonly error: unknown } | undefined

  constructor(client: PgClient) {
    this.#client = client
    // A client that is lent has no other listener, and an error without one ends the process.
    client.on('error', (error) => {
      this.retire(error)
    })
  }

  /** Nothing may be sent any more: it broke, or its server still works on a statement that nobody waits for. */
  get isSpent(): boolean {
    return this.#spentBy !== undefined
  }

  run(statement: PgStatement): Promise<PgAnswer> {
    return new Promise((resolve, reject) => {
      this.#client.query(statement, (error, answer) => {
        if (!error) {
          resolve(answer)
          return
        }
        if (!leavesSessionUsable(error) || isStalePlan(error)) this.retire(error)
        reject(error)
      })
    })
  }

  /** Throws what spent the connection, so that a caller knows that a next statement was never sent. */
  assertUsable(): void {
    if (this.#spentBy !== undefined) throw this.#spentBy.error
  }

  /** It will be closed, not lent again. */
  retire(error: unknown): void {
    this.#spentBy ??= { error }
  }

  giveBack(): void {
    this.#client.release(this.isSpent)
  }
}
