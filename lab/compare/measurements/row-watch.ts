import { setTimeout as delay } from 'node:timers/promises'
import type { DatabaseRow, RunningSubject } from '../subject.ts'
import type { RiskedUser } from './risked-user.ts'

const pollMs = 20
/** Longer than the database takes for anything that is on its way to it. */
const quietMs = 1_000

/** Looks into the database again and again, and tells users what it has of them. */
export class RowWatch {
  readonly #rows: NonNullable<RunningSubject['rows']>
  readonly #users: RiskedUser[]
  readonly #ended: Promise<void>
  #changedAt = performance.now()
  #isOver = false

  constructor(rows: NonNullable<RunningSubject['rows']>, users: readonly RiskedUser[]) {
    this.#rows = rows
    this.#users = [...users]
    this.#ended = this.#look()
    // Whoever waits for the end hears of it.
    this.#ended.catch(() => undefined)
  }

  /** Watches these too, and resolves when all are complete, or the database has not changed for a while. */
  async quiet(more: readonly RiskedUser[]): Promise<void> {
    this.#users.push(...more)
    this.#changedAt = performance.now()
    const isQuiet = () => performance.now() - this.#changedAt > quietMs
    while (!isQuiet() && this.#users.some(({ completeAt }) => completeAt === undefined)) {
      await Promise.race([delay(pollMs), this.#ended])
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  async #look(): Promise<void> {
    while (!this.#isOver) {
      // A row of a write under way may be ahead of the cache, as it may be without a kill.
      const users = this.#users.filter(
        ({ isUnderWay, isUnsure, completeAt }) =>
          !isUnderWay && (isUnsure || completeAt === undefined),
      )
      const ids = users.map(({ id }) => id)
      const rows = ids.length > 0 ? await this.#rows(ids) : new Map<number, DatabaseRow>()
      const seenAt = performance.now()
      for (const user of users) {
        if (user.stands(rows.get(user.id)?.name, seenAt)) this.#changedAt = seenAt
      }
      await delay(pollMs)
    }
  }
}
