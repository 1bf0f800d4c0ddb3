import type { Place } from '../../contract/store.ts'
import type { Entry, Lease } from './entries.ts'

/**
 * Entries and leases under two bounds, the least recently used evicted first. A linked list in the
 * order of use whose links are what the index holds: a hit that has its spot looks nothing up.
 */
export class BoundedEntries {
  bytes = 0
  evictions = 0
  readonly #index = new Map<string, Spot>()
  readonly #ends = new Spot('', undefined)
  readonly #maxEntries: number
  readonly #maxBytes: number

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#index.size
  }

  /** What is there, which counts as a use. */
  get(key: string): Entry | Lease | undefined {
    const spot = this.#index.get(key)
    spot?.moveToNewest()
    return spot?.held
  }

  /** Where it is, which is no use. */
  spot(key: string): Spot | undefined {
    return this.#index.get(key)
  }

  /** Puts in place of what is there something that is not larger than the bound; others make room. */
  set(key: string, held: Entry | Lease, size: number): void {
    let spot = this.#index.get(key)
    if (spot === undefined) {
      spot = new Spot(key, this.#ends)
      this.#index.set(key, spot)
    }
    this.bytes += size - spot.size
    spot.size = size
    spot.hold(held)
    spot.moveToNewest()
    while (this.size > this.#maxEntries || this.bytes > this.#maxBytes) {
      this.delete(this.#ends.newer.key)
      this.evictions += 1
    }
  }

  delete(key: string): void {
    const spot = this.#index.get(key)
    if (spot === undefined) return
    this.#index.delete(key)
    this.bytes -= spot.size
    spot.leave()
  }

  keys(): Iterable<string> {
    return this.#index.keys()
  }
}

/** A link of the list. It holds nothing for good once its key was deleted: another spot may follow it. */
class Spot implements Place {
  readonly key: string
  size = 0
  older: Spot = this
  newer: Spot = this
  /** Between the newest and the oldest. */
  readonly #ends: Spot
  /** What a hit needs of a value that was asked for, kept here: each object more that it touches is a line of memory more. */
  #settled: Promise<unknown> | undefined = undefined
  #hardAt = 0
  #held: Entry | Lease | undefined = undefined

  constructor(key: string, ends: Spot | undefined) {
    this.key = key
    this.#ends = ends ?? this
  }

  get held(): Entry | Lease | undefined {
    return this.#held
  }

  hold(held: Entry | Lease | undefined): void {
    this.#held = held
    this.#settled = undefined
    this.#hardAt = 0
  }

  hit(now: number): Promise<unknown> | undefined {
    if (now >= this.#hardAt) this.#settle(now)
    if (this.#settled !== undefined) this.moveToNewest()
    return this.#settled
  }

  moveToNewest(): void {
    const ends = this.#ends
    if (ends.older === this) return
    this.older.newer = this.newer
    this.newer.older = this.older
    this.older = ends.older
    this.newer = ends
    ends.older.newer = this
    ends.older = this
  }

  leave(): void {
    this.older.newer = this.newer
    this.newer.older = this.older
    this.hold(undefined)
  }

  #settle(now: number): void {
    const held = this.#held
    const isFresh = held?.kind === 'value' && now < held.hardAt
    this.#settled = isFresh ? Promise.resolve(held.value) : undefined
    this.#hardAt = isFresh ? held.hardAt : 0
  }
}
