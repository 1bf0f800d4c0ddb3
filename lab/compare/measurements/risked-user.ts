/** A write as it is sent. */
export interface Draft {
  readonly name: string
  readonly email: string
}

/** What came of a write; `unknown`: it may take effect at any time, or never. */
export type WriteOutcome = 'acknowledged' | 'refused' | 'unknown'

/** What the database did not keep. */
export interface Loss {
  readonly lost: number
  readonly words: string
}

/**
 * A user that one client writes, one write after the other, so that their order is known whatever versions a subject
 * gives them. After a write of unknown outcome it is left alone: the next one would hide what became of that.
 */
export class RiskedUser {
  readonly id: number
  /** When the database was first seen to have all that was acknowledged; undefined: not yet. */
  completeAt: number | undefined
  readonly #acknowledged: number[] = []
  #drawn = 0
  #stored = 0
  #standing: 'at rest' | 'under way' | 'unsure' = 'at rest'

  constructor(id: number) {
    this.id = id
  }

  get isUnderWay(): boolean {
    return this.#standing === 'under way'
  }

  get isUnsure(): boolean {
    return this.#standing === 'unsure'
  }

  get acknowledged(): number {
    return this.#acknowledged.length
  }

  /** A reader that asks now is owed this write or a newer one: it was acknowledged, or seen in the database. */
  get floor(): number {
    return Math.max(this.#stored, this.#acknowledged.at(-1) ?? 0)
  }

  begin(): Draft {
    this.#drawn += 1
    this.#standing = 'under way'
    return { name: `Kill ${this.id}-${this.#drawn}`, email: `user${this.id}@example.com` }
  }

  ended(outcome: WriteOutcome): void {
    this.#standing = outcome === 'unknown' ? 'unsure' : 'at rest'
    if (outcome === 'acknowledged') this.#acknowledged.push(this.#drawn)
  }

  /** The database was seen to hold this name; undefined: no such user. Answers whether that is news. */
  stands(name: string | undefined, seenAt: number): boolean {
    const serial = this.serialOf(name)
    const isNews = serial > this.#stored
    if (isNews) this.#stored = serial
    if (serial >= (this.#acknowledged.at(-1) ?? 0)) this.completeAt ??= seenAt
    return isNews
  }

  /** Which write a name is of; 0: before the first; -1: no user, or what nobody wrote to it. */
  serialOf(name: string | undefined): number {
    if (name === `User ${this.id}`) return 0
    const [, id, serial] = /^Kill (\d+)-(\d+)$/.exec(name ?? '') ?? []
    return Number(id) === this.id && Number(serial) <= this.#drawn ? Number(serial) : -1
  }

  /** What is wrong with a read that showed this name, and was owed `floor` when it was sent; undefined: nothing. */
  staleness(name: string | undefined, floor: number): string | undefined {
    const serial = this.serialOf(name)
    if (serial >= floor) return undefined
    const how = this.#acknowledged.includes(floor) ? 'was acknowledged' : 'was in the database'
    return `user ${this.id} shows ${wordsOf(serial)}, write ${floor} ${how}`
  }

  /** Closes the account with what the database has now that all is quiet; the next kill starts from there. */
  settle(name: string | undefined): Loss | undefined {
    const serial = this.serialOf(name)
    const lost = this.#acknowledged.filter((each) => each > serial)
    const last = this.#acknowledged.at(-1)
    this.#acknowledged.length = 0
    this.#stored = Math.max(0, serial)
    this.#standing = 'at rest'
    this.completeAt = undefined
    if (lost.length === 0) return undefined
    const words = `user ${this.id}: write ${last} was acknowledged, the database has ${wordsOf(serial)}`
    return { lost: lost.length, words }
  }
}

function wordsOf(serial: number): string {
  if (serial < 0) return 'what nobody wrote'
  return serial === 0 ? 'what was there before' : `write ${serial}`
}
