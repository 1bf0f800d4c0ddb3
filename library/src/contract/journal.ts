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
  /** Somebody waits until it is in the database: it is due now, and so is what it coalesces with. Default false. */
  readonly isUrgent?: boolean
  /** It is let in over the limits, by a little and within bounds of its own: its caller waits for the flush. Default false. */
  readonly mayExceed?: boolean
  /** Unique values that the key held before, and gives up with this write: `ack` hands them out. Default none. */
  readonly frees?: readonly string[]
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

/** A key with accepted, unflushed writes. */
export interface DirtyKey {
  readonly key: string
  /** Of the journal, from 0: whose epoch guards its flush. */
  readonly partition: number
  readonly dueAt: number
}

/** An accepted, unflushed write. */
export interface DirtyEntry extends DirtyKey {
  readonly version: Version
  /** `null`: a delete. */
  readonly json: string | null
  /** When the first of the coalesced writes was accepted. */
  readonly enqueuedAt: number
}

/** Lifetimes of what an `ack` makes clean, in milliseconds; when what stays dirty is due, in epoch milliseconds. */
export interface AckTerms extends Pick<Content, 'ttlMs' | 'softTtlMs' | 'graceMs'> {
  readonly negativeTtlMs: number
  readonly dueAt: number
}

/** A row that is in the database. */
export interface FlushedEntry {
  readonly key: string
  readonly version: Version
}

/** What `ack` did. */
export interface AckResult {
  /** How many entries became clean. */
  readonly cleaned: number
  /** Unique values that the keys which became clean have given up, each with the version that gave them up. */
  readonly freed: readonly {
    readonly key: string
    readonly version: Version
    readonly values: readonly string[]
  }[]
}

/**
 * Where an accepted write is now. `persisted`: it, or a newer one of its key, is in the database.
 * `parked`: it, or a newer one, became a dead letter. `unknown`: the store holds nothing that tells;
 * the database does.
 */
export type Progress = 'waiting' | 'persisted' | 'parked' | 'unknown'

/** The partitions that a process may flush. */
export interface Ownership {
  readonly held: readonly number[]
  /** Of these: taken since the last call, or by another process in between. Their epochs have to be raised before anything of them is claimed. */
  readonly taken: readonly number[]
  /** Accepted writes that were found gone since the last call, at least. Absent: none. */
  readonly lost?: number
}

/** Where to look for what is dirty. */
export interface ClaimScope {
  readonly partitions: readonly number[]
  /** Keys that are under way already. Default: none. */
  readonly except?: ReadonlySet<string>
  /** Nothing that is due before this instant (epoch ms): a claim before has given it out. Default: all. */
  readonly dueFrom?: number | undefined
}

/** The write of a dead letter, once more. */
export interface RetryRequest extends Omit<EnqueueRequest, 'precondition' | 'frees' | 'mayExceed'> {
  /** Of the letter. */
  readonly version: Version
}

/** `none`: no letter of this version. `superseded`: the key was written since. */
export type RetryResult =
  | EnqueueResult
  | { readonly outcome: 'none' }
  | { readonly outcome: 'superseded'; readonly version: Version }

/** How long a claim lasts, in milliseconds. `isRenewal`: the holder's own keeps its stamp. Default: it gets a new one. */
export interface ReserveTerms {
  readonly ttlMs: number
  readonly isRenewal?: boolean
}

/** A claim on a unique value: `held` by the caller from `stamp` on (microseconds of the store's clock), or `taken` by another. `full`: no memory for it. */
export type Reservation =
  | { readonly outcome: 'full' }
  | { readonly outcome: 'held'; readonly stamp: number }
  | { readonly outcome: 'taken'; readonly holder: string }

/** A write that the database refused for good. */
export interface StoredDeadLetter {
  /** The stored key: `namespace:name:version:`, the database's `authority:` if it has one, then the key as `encodeKey` made it. */
  readonly key: string
  readonly version: Version
  readonly json: string | null
  readonly sqlstate: string
  readonly reason: string
  readonly attempts: number
  readonly at: number
  /** A newer write of the key was accepted since: this one can only be discarded. */
  readonly supersededBy?: Version
}

/** The state of a journal now. */
export interface JournalFigures {
  readonly dirty: number
  readonly bytes: number
  /** Age of the oldest unflushed write, in milliseconds; 0 when there is none. */
  readonly oldestMs: number
  readonly deadLetters: number
  /** Accepted writes that were gone from the store when they were due: evicted, deleted by hand, or wiped with their index. Absent: none. */
  readonly lost?: number
}

/**
 * The durable record of accepted, unflushed writes: a set of dirty keys whose values are the cache
 * entries themselves. A dirty entry has no TTL and is never evicted. Every method is one atomic step
 * for each key.
 */
export interface Journal {
  /** Its name, under which the database keeps the epochs of its partitions: the prefix of its keys. */
  readonly name: string
  readonly partitions: number
  /** Other processes write to it and flush it too: look for what is due at least this often, in milliseconds. Absent: this process is alone. */
  readonly pollMs?: number
  /**
   * Versions are `max(microseconds of the store's clock, previous + 1)`: they grow per key. A write
   * of a key that has a dead letter supersedes it.
   */
  enqueue(key: string, request: EnqueueRequest): Awaitable<EnqueueResult>
  /**
   * Takes the right to flush, or renews it, wherever something is due by `dueBy` (epoch ms). Where
   * processes share a journal each takes a share of the partitions, and keeps them until it
   * gives them up or has not called for a while.
   */
  own(dueBy: number): Awaitable<Ownership>
  /** Up to `limit` keys that are dirty and due by `dueBy` (epoch ms), oldest first; fewer only when there are no more. Changes none of them. */
  claim(limit: number, dueBy: number, from: ClaimScope): Awaitable<readonly DirtyKey[]>
  /** What is to be written of keys that were claimed: those of them that are dirty still, in no order. */
  read(claimed: readonly DirtyKey[]): Awaitable<readonly DirtyEntry[]>
  /** All dirty entries of one partition, in no order. */
  dirtyIn(partition: number): Awaitable<readonly DirtyEntry[]>
  /** When the earliest that this process may claim is due; `undefined` when there is none. */
  nextDueAt(): Awaitable<number | undefined>
  /** What is dirty now is due now, whoever flushes it: one key, or everything. */
  hurry(key?: string): Awaitable<void>
  /**
   * These versions are in the database. Same version: the entry becomes clean, its TTL starts.
   * Newer: it stays dirty, due at `next.dueAt`.
   */
  ack(flushed: readonly FlushedEntry[], next: AckTerms): Awaitable<AckResult>
  /** The database holds `theirs`, newer than mine: a still unchanged entry is versioned above it and stays dirty. */
  restamp(key: string, version: Version, theirs: Version): Awaitable<boolean>
  progress(key: string, version: Version): Awaitable<Progress>
  /** Parks a refused write. The entry goes if it is still this version, so that readers see the database's truth. */
  quarantine(letter: StoredDeadLetter): Awaitable<'parked' | 'superseded'>
  deadLetters(): Awaitable<readonly StoredDeadLetter[]>
  deadLetter(key: string): Awaitable<StoredDeadLetter | undefined>
  /** Enqueues the write of a letter, or `json` in its place, unless a newer one of the key was accepted; the letter goes with it. */
  retry(key: string, request: RetryRequest): Awaitable<RetryResult>
  /** Forgets a letter of this version. False: there is none. */
  discard(key: string, version: Version): Awaitable<boolean>
  /** Claims a unique value for `holder`, unless another's claim on it lasts. */
  reserve(value: string, holder: string, terms: ReserveTerms): Awaitable<Reservation>
  /** Gives a value up, if `holder` still has it and did not claim it again after `stamp`. */
  unreserve(value: string, holder: string, stamp: number): Awaitable<void>
  /** This process claims no more of these partitions, or of none: others may, at once. */
  release(partitions?: readonly number[]): Awaitable<void>
  figures(): Awaitable<JournalFigures>
}

/** Limits of a journal: `enqueue` answers `full` past them, except for keys that are dirty already. */
export interface JournalLimits {
  readonly maxKeys: number
  readonly maxBytes: number
}

/** A store that can also keep a journal, for the keys that start with `prefix`. */
export interface JournalingStore extends Store {
  /** `versionFloor`: no version that it draws is below; what the database holds already. Default 0. */
  journal(prefix: string, limits: JournalLimits, versionFloor?: Version): Journal
}
