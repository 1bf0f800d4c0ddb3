import type { Awaitable } from './awaitable.ts'
import type { Content, Version } from './entry.ts'
import type { Store } from './store.ts'

/** What must hold for a write to be accepted, checked in the same atomic step. */
export type Precondition = 'any' | 'exists' | 'absent' | { readonly version: Version }

/** A write to accept. */
export interface EnqueueRequest {
  /** The whole new value as JSON text; `null`: a delete, kept as a tombstone. */
  readonly json: string | null
  readonly precondition: Precondition
  /** How long writes are gathered before the flush, in milliseconds; counts from the key's first unflushed write. */
  readonly delayMs: number
  /** Epoch milliseconds of the store's clock after which it must refuse: an unanswered request becomes definite. */
  readonly deadlineAt: number
}

/** The answer to a write. Only `accepted` changed anything. */
export type EnqueueResult =
  /** `existed`: a value stood there, as far as the store knew. `coalesced`: the key was dirty already. */
  | {
      readonly outcome: 'accepted'
      readonly version: Version
      readonly existed: boolean
      readonly coalesced: boolean
    }
  /** The precondition needs what the store does not hold: fill the key, then try again. */
  | { readonly outcome: 'load-first' }
  /** `exists` or `version`, and it is known to be absent. */
  | { readonly outcome: 'missing' }
  /** `absent` or `version`, and this version stands there. */
  | { readonly outcome: 'conflict'; readonly version: Version }
  | { readonly outcome: 'full'; readonly limit: 'keys' | 'bytes' }
  | { readonly outcome: 'expired' }

/** An accepted, unflushed write. */
export interface DirtyEntry {
  readonly key: string
  readonly version: Version
  /** `null`: a delete. */
  readonly json: string | null
  /** When the first of the coalesced writes was accepted. */
  readonly enqueuedAt: number
  readonly dueAt: number
}

/** Lifetimes of what an `ack` makes clean, in milliseconds; when what stays dirty is due, in epoch milliseconds. */
export interface AckTerms extends Pick<Content, 'ttlMs' | 'softTtlMs' | 'graceMs'> {
  readonly negativeTtlMs: number
  readonly dueAt: number
}

/** A write that the database refused for good. */
export interface DeadLetter {
  /** The stored key: `namespace:name:version:`, the database's `authority:` if it has one, then the key as `encodeKey` made it. */
  readonly key: string
  readonly version: Version
  readonly json: string | null
  readonly sqlstate: string
  readonly reason: string
  readonly attempts: number
  readonly at: number
}

/** The state of a journal now. */
export interface JournalFigures {
  readonly dirty: number
  readonly bytes: number
  /** Age of the oldest unflushed write, in milliseconds; 0 when there is none. */
  readonly oldestMs: number
  readonly deadLetters: number
  /** Accepted writes that were gone from the store when they were due: evicted, or deleted by hand. Absent: none. */
  readonly lost?: number
}

/**
 * The durable record of accepted, unflushed writes: a set of dirty keys whose values are the cache
 * entries themselves. A dirty entry has no TTL and is never evicted. Every method is one atomic step.
 */
export interface Journal {
  /** Other processes write to it and flush it too: look for what is due at least this often, in milliseconds. Absent: this process is alone. */
  readonly pollMs?: number
  /** Versions are `max(microseconds of the store's clock, previous + 1)`: they grow per key. */
  enqueue(key: string, request: EnqueueRequest): Awaitable<EnqueueResult>
  /**
   * Up to `limit` dirty entries due by `dueBy` (epoch ms), oldest first; changes none of them. Where
   * processes share a journal, what one has claimed no other is given, until it has released it or
   * has not claimed for a while.
   */
  claim(limit: number, dueBy: number): Awaitable<readonly DirtyEntry[]>
  /** When the earliest that this process may claim is due; `undefined` when there is none. */
  nextDueAt(): Awaitable<number | undefined>
  /**
   * These versions are in the database. Same version: the entry becomes clean, its TTL starts.
   * Newer: it stays dirty, due at `nextDueAt`. Returns how many became clean.
   */
  ack(
    flushed: readonly { readonly key: string; readonly version: Version }[],
    next: AckTerms,
  ): Awaitable<number>
  /** The database holds `theirs`, newer than mine: a still unchanged entry is versioned above it and stays dirty. */
  restamp(key: string, version: Version, theirs: Version): Awaitable<boolean>
  /** Parks a refused write. The entry goes if it is still this version, so that readers see the database's truth. */
  quarantine(letter: DeadLetter): Awaitable<'parked' | 'superseded'>
  deadLetters(): Awaitable<readonly DeadLetter[]>
  /** This process claims no more: others may, at once. */
  release(): Awaitable<void>
  figures(): Awaitable<JournalFigures>
}

/** Limits of a journal: `enqueue` answers `full` past them, except for keys that are dirty already. */
export interface JournalLimits {
  readonly maxKeys: number
  readonly maxBytes: number
}

/** A store that can also keep a journal, for the keys that start with `prefix`. */
export interface JournalingStore extends Store {
  journal(prefix: string, limits: JournalLimits): Journal
}
