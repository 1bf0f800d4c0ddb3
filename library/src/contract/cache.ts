import type { Version } from './entry.ts'
import type { StoredDeadLetter } from './journal.ts'
import type { Jsonify } from './json.ts'
import type { Change } from './source.ts'
import type { CacheStats } from './stats.ts'

/** A length of time: milliseconds as a number, or text such as `'250ms'`, `'1s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** What a read may say about itself. */
export interface ReadOptions {
  /** Stops waiting, and rejects with the signal's reason. The load goes on for the others. */
  readonly signal?: AbortSignal
  /** The longest that this caller waits. Past it: `LOAD_TIMEOUT`. Default: only the load's own deadline. */
  readonly deadline?: Duration
  /** Reads past the cache, and stores what it finds for the others. Default false. */
  readonly fresh?: boolean
  /** The TTL of what this read fills, instead of the cache's. */
  readonly ttl?: Duration
  /**
   * At least this version of the row, as a write returned it: read your own write from any process.
   * Where the cache holds an older one, the source is asked; `VERSION_NOT_REACHED` when that is
   * older too. Needs a source with versions. One key only: versions of different rows are not compared.
   */
  readonly minVersion?: Version
}

/** What a read of many keys may say about itself. */
export type ReadManyOptions = Omit<ReadOptions, 'minVersion'>

/** How a read was answered: `bypass` means from the source without a fill (writes in progress, or no store). */
export type LookupStatus = 'hit' | 'miss' | 'stale' | 'negative' | 'bypass'

/**
 * An answer with its provenance. `json` and `value` are `undefined` when the row is absent. Some fields are
 * getters (`value` parses on first use): printing, spreading or serialising an answer does not show them.
 */
export interface Lookup<Value> {
  readonly status: LookupStatus
  /** The cached text itself, untouched. */
  readonly json: string | undefined
  /** Parsed from `json` on first use. Frozen deeply when it comes from an in-process store, which shares it. */
  readonly value: Jsonify<Value> | undefined
  readonly version: Version
  /** Milliseconds since the entry was stored; 0 for an answer that no entry gave. */
  readonly ageMs: number
  /** Milliseconds to the hard expiry, negative past it; 0 for an answer that no entry gave. */
  readonly ttlMs: number
  /** Which store answered, or `source`. */
  readonly tier: string
  /** This read waited for a load that another had started. */
  readonly isCollapsed: boolean
  /** The load's result was stored. */
  readonly isStored: boolean
  /** The value may be older than an acknowledged write: labelled, never silent. */
  readonly isStale: boolean
  /** How long the load took, in milliseconds; 0 when there was none. */
  readonly loadMs: number
}

/**
 * What is known about a write: `confirmed`: committed, and the cache knows; `unconfirmed`: committed,
 * the cache could not be told yet; `accepted`: in the journal; `persisted`: in the database, by way of the journal.
 */
export type WriteStatus = 'confirmed' | 'unconfirmed' | 'accepted' | 'persisted'

/** The result of a write of a row. `existed` false after `update` or `delete`: there was no row, nothing was written. */
export interface WriteResult<Value> {
  readonly value: Jsonify<Value> | undefined
  readonly json: string | undefined
  readonly version: Version
  readonly existed: boolean
  readonly status: WriteStatus
}

/** The result of `create`. */
export interface CreateResult<Key, Value> extends WriteResult<Value> {
  readonly key: Key
  readonly value: Jsonify<Value>
  readonly json: string
}

/** What a write may demand. */
export interface WriteOptions extends DurabilityOptions {
  /** Write only if the row stands at this version (or one of these), else `VERSION_CONFLICT`. */
  readonly ifVersion?: Version | readonly Version[]
}

/** When a write is acknowledged. Without a journal a write is in the database anyway. */
export interface DurabilityOptions {
  /**
   * `persisted`: once the row stands at the write's version or a newer one; `DEAD_LETTERED` when the database
   * refused it. `accepted`: once the journal has it. Where the call does not say, the policy does.
   */
  readonly durability?: 'accepted' | 'persisted'
  /** How long to wait for `persisted`; past it the write is answered as `accepted`, and goes on. 1 ms to 10 min. Default 5 s. */
  readonly within?: Duration
  /** Ends that wait: the write is answered as `accepted`, and goes on. */
  readonly signal?: AbortSignal
}

/** What the creation of a row may demand. */
export interface CreateOptions extends DurabilityOptions {
  /**
   * Names this attempt, for a day: another one of the same name and value is answered with the row of the first,
   * whatever became of its answer; of another value, `IDEMPOTENCY_KEY_REUSED`. 1-255 characters. Write-behind only.
   */
  readonly idempotencyKey?: string
}

/** What every pattern can do with the cache alone. Nothing here touches a row. */
export interface CacheControl<Key, Value> {
  /** What the cache holds: `undefined`: nothing; `null`: known to be absent. Never loads. */
  peek(key: Key): Promise<Jsonify<Value> | null | undefined>
  /** Whether a value is cached. Never loads. */
  has(key: Key): Promise<boolean>
  /** Evicts the key; does not delete the row. A load in flight cannot store what it read before. */
  invalidate(key: Key): Promise<'confirmed' | 'unconfirmed'>
  /**
   * The same for a change that was made elsewhere and is known by its version, as from an outbox: a value at least
   * as new stays. Rejects unless the store has answered, and then it is yours to tell it again.
   */
  invalidateUpTo(key: Key, version: Version): Promise<void>
  /** `invalidate` for every key of this cache. */
  clear(): Promise<void>
  /** The figures of this cache in this process. */
  stats(): Promise<CacheStats>
  /** Starts the figures anew. */
  resetStats(): void
  /** Finishes background work (a journal is drained), then refuses calls. Never closes a store or source that it was given. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The reading half. */
export interface CacheReader<Key, Value> extends CacheControl<Key, Value> {
  /** The value, from the cache or loaded; `undefined` when the row is absent. */
  get(key: Key, options?: ReadOptions): Promise<Jsonify<Value> | undefined>
  /** One entry per distinct key, in input order; absent rows are `undefined`. Rejects with the first failed load. */
  getMany(
    keys: readonly Key[],
    options?: ReadManyOptions,
  ): Promise<Map<Key, Jsonify<Value> | undefined>>
  /** `get` with its provenance and the cached text. */
  lookup(key: Key, options?: ReadOptions): Promise<Lookup<Value>>
  /** `lookup` for many; a key whose load failed holds the error, and aborts no other. */
  lookupMany(
    keys: readonly Key[],
    options?: ReadManyOptions,
  ): Promise<Map<Key, Lookup<Value> | Error>>
  /** Loads what is not cached. Returns how many were loaded. */
  warm(keys: readonly Key[]): Promise<number>
  /** Reloads a cached value now; on an absent key it is a read. */
  refresh(key: Key): Promise<void>
}

/** The writing half: rows, not entries. `delete` deletes the row; to evict only, `invalidate`. */
export interface CacheWriter<Key, Value> {
  /** Inserts a row under a new key. */
  create(value: Partial<Value>, options?: CreateOptions): Promise<CreateResult<Key, Value>>
  /** Changes some fields, or what a function of the current value says. `existed` is false when there is no row. */
  update(key: Key, change: Change<Value>, options?: WriteOptions): Promise<WriteResult<Value>>
  /** Inserts or replaces the row. */
  put(key: Key, value: Value, options?: WriteOptions): Promise<WriteResult<Value>>
  /** Deletes the ROW. */
  delete(key: Key, options?: WriteOptions): Promise<WriteResult<Value>>
  /**
   * Your own commit, fenced: marks (where the policy sets them), your function, invalidation of
   * `keys`, acknowledgement. If the function rejects, its error reaches you, and the keys are
   * invalidated all the same: it may have committed.
   */
  mutate<Result>(
    keys: readonly Key[],
    commit: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly status: 'confirmed' | 'unconfirmed' }>
}

/** A cache in front of a source. */
export interface Cache<Key, Value> extends CacheReader<Key, Value>, CacheWriter<Key, Value> {}

/** A write that the database refused for good: its value, why, and when. */
export interface DeadLetter<Key, Value> extends Omit<StoredDeadLetter, 'key' | 'json'> {
  readonly key: Key
  /** `null`: a delete. */
  readonly json: string | null
  /** Parsed from `json` on first use; `undefined`: a delete. */
  readonly value: Jsonify<Value> | undefined
}

/** A cache whose writes wait in a journal. */
export interface JournaledCache<Key, Value> extends Cache<Key, Value> {
  /** Resolves when all that was accepted before the call, of one key or of all, is in the database or among the dead letters. */
  flush(key?: Key): Promise<void>
  /** Writes that the database refused for good, the oldest first. */
  deadLetters(): Promise<readonly DeadLetter<Key, Value>[]>
  /**
   * Writes a dead letter's value again, or a changed one, and removes the letter. Rejects with `NO_DEAD_LETTER`, and
   * with `SUPERSEDED` when the key was written since: then the letter can only be discarded.
   */
  retryDeadLetter(
    key: Key,
    change?: Partial<Value>,
    options?: DurabilityOptions,
  ): Promise<WriteResult<Value>>
  /** Forgets a dead letter: what it wrote is given up. False: there was none. */
  discardDeadLetter(key: Key): Promise<boolean>
}

/** What a loader of `getOrLoad` is given. */
export interface LoadContext<Value> {
  /** Aborted at the load deadline. */
  readonly signal: AbortSignal
  /** The expired value, when there is one (`staleIfError`, `staleWhileLoading`). */
  readonly stale: Jsonify<Value> | undefined
  /** The result is answered, and not stored. */
  skip(): void
  /** The TTL of the result, instead of the cache's. */
  ttl(duration: Duration): void
  /** The version of the row that was read. Default 0. */
  version(version: Version): void
}

/** What `fill` may state beside the value. */
export interface FillOptions {
  readonly version?: Version
  readonly ttl?: Duration
}

/**
 * A key, acquired: `hit`: `lookup` has the answer. `miss`: this caller owns the fill; load, then `fill`.
 * `busy`: somebody else does, or writes are in progress; load without filling. Leaving the scope
 * (`await using`), or `release`, gives an unused lease back.
 */
export type Slot<Value> = AsyncDisposable &
  (
    | { readonly status: 'hit'; readonly lookup: Lookup<Value> }
    | {
        readonly status: 'miss'
        /** Stores what was read; `null` remembers the absence. The answer is what a hit would return; its `isStored` is false when an invalidation came first. */
        fill(value: Value | null | undefined, options?: FillOptions): Promise<Lookup<Value>>
        release(): Promise<void>
        /** For a load that failed: gives the lease back, and answers the expired value, labelled `stale`; `undefined` where `staleIfError` has kept none. */
        fallBack(): Promise<Lookup<Value> | undefined>
      }
    | {
        readonly status: 'busy'
        /** The loaded value as an answer: what a hit would return, labelled `bypass`. Stores nothing. */
        pass(value: Value | null | undefined, options?: FillOptions): Promise<Lookup<Value>>
      }
  )

/** Cache-aside: you own the source; the cache is told. After your own commit, await `invalidate(key)`. */
export interface CacheAside<Key, Value> extends CacheControl<Key, Value> {
  /** The cached value, or what `load` returns, stored; `undefined` when the row is absent. One load at a time per key. */
  getOrLoad(
    key: Key,
    load: (context: LoadContext<Value>) => Promise<Value | null | undefined>,
    options?: ReadOptions,
  ): Promise<Jsonify<Value> | undefined>
  /** `getOrLoad` with its provenance and the cached text. */
  lookupOrLoad(
    key: Key,
    load: (context: LoadContext<Value>) => Promise<Value | null | undefined>,
    options?: ReadOptions,
  ): Promise<Lookup<Value>>
  /** The explicit form. Waits for another's load as `getOrLoad` does; then `busy`. */
  acquire(key: Key): Promise<Slot<Value>>
  /** Your own commit, then the invalidation of `keys`, then the acknowledgement; the keys are invalidated too if it rejects. */
  mutate<Result>(
    keys: readonly Key[],
    commit: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly status: 'confirmed' | 'unconfirmed' }>
}
