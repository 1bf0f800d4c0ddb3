import { CacheError } from '../contract/errors.ts'
import type {
  AckResult,
  DirtyEntry,
  Journal,
  Reservation,
  StoredDeadLetter,
} from '../contract/journal.ts'
import type { Core } from './core.ts'

/** The values of a row that no other row may have, by name. */
export type UniqueOf<Value> = { readonly [name: string]: (value: Value) => string | undefined }

/** A claim that a write holds. */
export interface Claim {
  readonly value: string
  readonly stamp: number
}

/** What a write claims before it is accepted, and what it gives up once it is in the database. */
export interface Claims {
  readonly claimed: readonly Claim[]
  readonly frees: readonly string[]
}

interface UniqueParts<Key, Value> {
  readonly core: Core<Key>
  readonly journal: Journal
  readonly unique: UniqueOf<Value>
  /** How long writes are gathered, in milliseconds: so long nobody has their partition, and renews a claim. */
  readonly delayMs: number
  /** Resolves when what is dirty of this key now is in the database or parked, or after a while. */
  readonly settle: (id: string) => Promise<void>
}

const none: Claims = Object.freeze({ claimed: [], frees: [] })
/** How long a claim outlives a crash between it and its write, and the delay. */
const claimMs = 60_000
/** Younger writes have a claim of their own that lasts. */
const renewEveryMs = claimMs / 3
/** So many share a round trip, and readers find a place between them. */
const renewedAtOnce = 50
const freedTries = 5
const freedPauseMs = 20

/**
 * Claims on unique values, so that two accepted writes never hold the same one. A claim is taken before the write is
 * accepted, renewed while it is dirty, and given up when the write is refused; the value that a write replaces, when that write is in
 * the database. What only the database knows is its own to refuse.
 */
export class UniqueValues<Key, Value> {
  readonly #parts: UniqueParts<Key, Value>
  readonly #isNone: boolean
  #renewedAt: number

  constructor(parts: UniqueParts<Key, Value>) {
    this.#parts = parts
    this.#renewedAt = parts.core.clock.now()
    this.#isNone = Object.keys(parts.unique).length === 0
  }

  /** The value of a row as far as the store knows it; `undefined` also where nothing is unique. */
  async known(id: string): Promise<Value | undefined> {
    if (this.#isNone) return undefined
    try {
      const state = await this.#parts.core.store.get(id)
      return state?.kind === 'value' ? (state.value as Value) : undefined
    } catch {
      // reported by the guard; nothing is known
      return undefined
    }
  }

  /** Rejects with `VALUE_TAKEN`. `next` undefined: a delete; `current` undefined: not known, or none. */
  async claim(id: string, next: Value | undefined, current: Value | undefined): Promise<Claims> {
    if (this.#isNone) return none
    const wanted = this.#valuesOf(next)
    const held = this.#valuesOf(current)
    const claimed: Claim[] = []
    try {
      for (const value of wanted) {
        if (!held.includes(value)) claimed.push(await this.#claimOne(value, id))
      }
    } catch (error) {
      this.giveUp(id, claimed)
      throw error
    }
    return { claimed, frees: held.filter((value) => !wanted.includes(value)) }
  }

  /** The write was not accepted. */
  giveUp(id: string, claimed: readonly Claim[]): void {
    for (const { value, stamp } of claimed) this.#unreserve(value, id, stamp)
  }

  /** Rows are in the database; what they gave up on their way is free, unless they have it again. */
  freed(rows: readonly DirtyEntry[], freed: AckResult['freed']): void {
    const flushed = new Map(rows.map((row) => [row.key, row]))
    for (const { key, version, values } of freed) {
      const kept = this.#valuesIn(flushed.get(key)?.json)
      for (const value of values) if (!kept.includes(value)) this.#unreserve(value, key, version)
    }
  }

  /** A write was refused for good. What a newer one of its key claims meanwhile is that one's. */
  refused({ key, version, json }: StoredDeadLetter): void {
    for (const value of this.#valuesIn(json)) this.#unreserve(value, key, version)
  }

  /** Renews the claims of what has been dirty for long. */
  async renew(partitions: readonly number[]): Promise<void> {
    const { core, journal } = this.#parts
    if (this.#isNone || core.clock.now() - this.#renewedAt < renewEveryMs) return
    this.#renewedAt = core.clock.now()
    const olderThan = core.storeNow() - renewEveryMs / 2
    for (const partition of partitions) {
      const dirty = await core.store.read('dirtyIn', () => journal.dirtyIn(partition))
      const old = dirty.filter(({ json, enqueuedAt }) => json !== null && enqueuedAt <= olderThan)
      for (let from = 0; from < old.length; from += renewedAtOnce) {
        await Promise.all(old.slice(from, from + renewedAtOnce).map((row) => this.#renewOne(row)))
      }
    }
  }

  async #renewOne({ key, json }: DirtyEntry): Promise<void> {
    for (const value of this.#valuesIn(json)) await this.#reserve(value, key, true)
  }

  /** Of a row's text; none of a delete. */
  #valuesIn(json: string | null | undefined): string[] {
    if (this.#isNone || json === null || json === undefined) return []
    return this.#valuesOf(JSON.parse(json) as Value)
  }

  #valuesOf(value: Value | undefined): string[] {
    if (value === undefined) return []
    return Object.entries(this.#parts.unique).flatMap(([name, of]) => {
      const text = of(value)
      return text === undefined ? [] : [`${name}:${text}`]
    })
  }

  async #claimOne(value: string, id: string): Promise<Claim> {
    let reservation = await this.#reserve(value, id)
    if (
      reservation.outcome === 'taken' &&
      (await this.#isBeingGivenUp(value, reservation.holder))
    ) {
      await this.#parts.settle(reservation.holder)
      reservation = await this.#reserveFreed(value, id)
    }
    if (reservation.outcome === 'held') return { value, stamp: reservation.stamp }
    if (reservation.outcome === 'full') throw outOfMemory(id)
    const name = value.slice(0, value.indexOf(':'))
    const words = `write: another row has this ${name}; nothing was written`
    throw new CacheError('VALUE_TAKEN', words, { key: id })
  }

  /** Its holder is dirty, and has it no more: once that is flushed, it is free. */
  async #isBeingGivenUp(value: string, holder: string): Promise<boolean> {
    const state = await this.#parts.core.store.get(holder)
    if (state?.kind === 'negative') return state.isDirty
    return (
      state?.kind === 'value' &&
      state.isDirty &&
      !this.#valuesOf(state.value as Value).includes(value)
    )
  }

  /** Whoever has flushed the holder frees the value a moment later. */
  async #reserveFreed(value: string, id: string): Promise<Reservation> {
    for (let tries = 1; ; tries += 1) {
      const reservation = await this.#reserve(value, id)
      if (reservation.outcome !== 'taken' || tries === freedTries) return reservation
      await this.#parts.core.sleep(freedPauseMs)
    }
  }

  #reserve(value: string, id: string, isRenewal = false): Promise<Reservation> {
    const { core, journal, delayMs } = this.#parts
    const terms = { ttlMs: claimMs + delayMs, isRenewal }
    return core.store.write('reserve', () => journal.reserve(value, id, terms))
  }

  /** Where it fails, the claim ends by itself. */
  #unreserve(value: string, id: string, stamp: number): void {
    const { core, journal } = this.#parts
    core.background.run('unreserve', () =>
      core.store.write('unreserve', () => journal.unreserve(value, id, stamp)),
    )
  }
}

/** There is no room even for a claim. */
export function outOfMemory(key?: unknown): CacheError {
  const details = { key, retryAfterMs: 1_000 }
  return new CacheError('JOURNAL_FULL', 'journal: the store has no memory left', details)
}
