import type { Version } from '../../contract/entry.ts'
import type { Place } from '../../contract/store.ts'
import { BoundedEntries } from './bounded-entries.ts'
import { bytesOf, type Entry, type Lease } from './entries.ts'
import { Marks, type Pending } from './marks.ts'

/** An accepted, unflushed write. Its entry is replaced by each write that coalesces with it. */
export interface DirtyWrite {
  readonly key: string
  /** Of which journal: its prefix. */
  readonly prefix: string
  entry: Entry
  bytes: number
  enqueuedAt: number
  dueAt: number
  /** The highest version of it that is in the database; 0: none that is known. */
  flushed: Version
  /** Unique values that it gives up. */
  frees: readonly string[]
}

/** What a key holds; a key is in one of the three places at most. */
export type Held = Entry | Lease | Pending

/**
 * Where the keys of an in-process store are: entries and leases under the bounds, the least
 * recently used evicted first; dirty entries and marks apart, never evicted.
 */
export class Space {
  readonly dirty = new Map<string, DirtyWrite>()
  readonly marks = new Marks()
  readonly #bounded: BoundedEntries
  readonly #maxBytes: number

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#bounded = new BoundedEntries(maxEntries, maxBytes)
  }

  get size(): number {
    return this.#bounded.size + this.dirty.size + this.marks.size
  }

  get bytes(): number {
    return this.#bounded.bytes
  }

  get evictions(): number {
    return this.#bounded.evictions
  }

  find(key: string, now: number): Held | undefined {
    const held = this.#bounded.get(key)
    if (held !== undefined) {
      if (now < held.goneAt) return held
      this.#bounded.delete(key)
      return undefined
    }
    return this.dirty.get(key)?.entry ?? this.marks.get(key, now)
  }

  /** Of an entry or a lease, expired or not. */
  place(key: string): Place | undefined {
    return this.#bounded.spot(key)
  }

  /** Puts an entry or a lease in the place of whatever the key holds. False, and the key is absent, when it is over already or larger than the bound. */
  put(key: string, held: Entry | Lease, now: number): boolean {
    this.marks.delete(key)
    const size = bytesOf(key, held)
    if (held.goneAt <= now || size > this.#maxBytes) {
      this.#bounded.delete(key)
      return false
    }
    this.#bounded.set(key, held, size)
    return true
  }

  /** Marks take the place of whatever the key holds. */
  mark(key: string, pending: Pending, now: number): void {
    this.#bounded.delete(key)
    this.marks.set(key, pending, now)
  }

  /** A dirty entry takes the place of whatever the key holds. */
  soil(write: DirtyWrite): void {
    this.#bounded.delete(write.key)
    this.marks.delete(write.key)
    this.dirty.set(write.key, write)
  }

  /** Forgets what is not dirty. */
  delete(key: string): void {
    this.#bounded.delete(key)
    this.marks.delete(key)
  }

  /** Forgets what is not dirty under a prefix, and poisons the marks. */
  clear(prefix: string): void {
    for (const key of [...this.#bounded.keys()]) {
      if (key.startsWith(prefix)) this.#bounded.delete(key)
    }
    this.marks.poison(prefix)
  }
}
