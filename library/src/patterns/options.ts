import type { Duration } from '../contract/cache.ts'
import type { Clock } from '../contract/clock.ts'
import type { EventListener } from '../contract/events.ts'
import type { JournalingStore } from '../contract/journal.ts'
import type {
  FlushableSource,
  Row,
  Source,
  SourceContext,
  VersionedSource,
} from '../contract/source.ts'
import type { Store } from '../contract/store.ts'
import type { ValueSchema } from '../mechanisms/codec.ts'

/** Load on a miss. */
export interface ReadThroughPolicy {
  readonly policy: 'through'
}

/** Load on a miss, and reload values that are still read before they expire. */
export interface RefreshAheadPolicy {
  readonly policy: 'refresh-ahead'
  /** Where the soft expiry lies: a share of the TTL, or a time after the fill. Default `'80%'`. */
  readonly after?: `${number}%` | Duration
  /** XFetch's beta: above 1 refreshes earlier, below later. 0 to 10. Default 1. */
  readonly beta?: number
}

/** Commit, invalidate, acknowledge. */
export interface WriteAroundPolicy {
  readonly policy: 'around'
}

/** Commit, publish, acknowledge. */
export interface WriteThroughPolicy {
  readonly policy: 'through'
  /** `linearizable` marks the key before the commit; `acked` saves that round trip. Default `linearizable`. */
  readonly consistency?: 'linearizable' | 'acked'
  /** How long a mark lives; the transaction gets half of it. 100 ms to 60 s. Default 3 s. */
  readonly markFor?: Duration
}

/** Journal, acknowledge; the database follows. */
export interface WriteBehindPolicy<Value = never> {
  readonly policy: 'behind'
  /** How long writes of a key are gathered, counted from its first unflushed one. 0 to 1 h. Default 1 s. */
  readonly delay?: Duration
  /** Rows in one flush, at most: from 200 on as many as the database takes in a tenth of a second. 1 to 1,000. Default 1,000. */
  readonly flushBatchSize?: number
  /** Distinct keys that may be dirty at once. 1 to 10,000,000. Default 100,000. */
  readonly maxDirtyKeys?: number
  /** Bytes that may be dirty at once. Default 64 MiB. */
  readonly maxDirtyBytes?: number
  /** What a read answers while the store does not: the database's row, labelled stale, or `STORE_UNAVAILABLE`. Default `stale`. */
  readonly onStoreDown?: 'stale' | 'throw'
  /**
   * What a write of a key that is not dirty yet does while the journal is full. `reject`: `JOURNAL_FULL`. `block`: waits for
   * room, up to `writeDeadline`, then the same. `sync`: is let in all the same, one of 16 a partition, and acknowledged
   * once it is in the database, or after 5 s as `accepted`; `JOURNAL_FULL` while that fails. Default `reject`.
   */
  readonly onFull?: 'sync' | 'reject' | 'block'
  /** When a write is acknowledged, where the call does not say. Default `accepted`. */
  readonly durability?: 'accepted' | 'persisted'
  /**
   * Texts that no two rows may share, by name: each is claimed before a write is accepted, so that a conflict with
   * another accepted write is known at once, as `VALUE_TAKEN`. One that only the database knows of is found at the
   * flush. A claim outlives a crash in mid-write by a minute and `delay`. `undefined`: the row has none. Default none.
   */
  readonly unique?: { readonly [name: string]: (value: Value) => string | undefined }
  /** How long `close` drains. 0 to 10 min. Default 5 s. */
  readonly drainFor?: Duration
}

/** How a cache reads. */
export type ReadPolicy = ReadThroughPolicy | RefreshAheadPolicy
/** How a cache writes. */
export type WritePolicy<Value = never> =
  | WriteAroundPolicy
  | WriteThroughPolicy
  | WriteBehindPolicy<Value>

/** Options that every pattern takes. */
export interface BaseOptions<Key> {
  /** Names the cache: part of every stored key, of stats and events. 1-64 of `a-z A-Z 0-9 _ - .`. */
  readonly name: string
  readonly store: Store
  /** Lifetime of a value: a bound, since jitter only shortens it. 1 ms to 365 d. */
  readonly ttl: Duration
  /** First part of every stored key. 1-64 of `a-z A-Z 0-9 _ - .`. Default `cp`. */
  readonly namespace?: string
  /**
   * Which database the rows come from, as part of every stored key: another database behind the same
   * store is a cold cache. 1-64 of `a-z A-Z 0-9 _ - .`. Default: the source's own `authority`; for `cacheAside` none.
   */
  readonly authority?: string | undefined
  /** Shape of the values: raise it, and entries of the old shape are out of sight at once. 0 or more. Default 1. */
  readonly version?: number
  /** Lifetime of "known to be absent". 0 (do not remember) to 365 d. Default 30 s, at most `ttl`. */
  readonly negativeTtl?: Duration
  /** Largest share by which a TTL is shortened at random. 0 to 1. Default 0.1. */
  readonly jitter?: number
  /** How long an expired value may still be served, labelled `stale`, while its load fails. 0 to 365 d. Default 0. */
  readonly staleIfError?: Duration
  /** How long an expired value may still be served, labelled `stale`, while its load runs. 0 to 365 d. Default 0. */
  readonly staleWhileLoading?: Duration
  /** How long a read waits for the load of an expired value before `staleWhileLoading` lets it go. 0 to 10 min. Default 0. */
  readonly softLoadTimeout?: Duration
  /** Longest wait for a read of the store. 1 ms to 60 s. Default 100 ms. */
  readonly storeReadDeadline?: Duration
  /** Longest wait for a write to the store. 1 ms to 60 s. Default 500 ms. */
  readonly storeWriteDeadline?: Duration
  /** Longest wait for a load. 1 ms to 10 min. Default 2 s. */
  readonly loadDeadline?: Duration
  /** Longest wait for a commit; the statement itself refuses to take effect later. 1 ms to 10 min. Default 2 s; half of `markFor` in write-through. */
  readonly writeDeadline?: Duration
  /** How long a loader owns a fill; more than `loadDeadline`. Default 3 s. */
  readonly lease?: Duration
  /** How long to wait for another process's load before loading without filling. 0 to 60 s. Default 1 s. */
  readonly waitForLoad?: Duration
  /** Loads (a batch is one) under way at once. 1 to 10,000. Default 16. */
  readonly maxLoads?: number
  /** Loads waiting for a place; more are refused with `LOAD_OVERLOADED`. 0 to 1,000,000. Default 1,000. */
  readonly maxQueuedLoads?: number
  /** Keys in one `loadMany`. 1 to 10,000. Default 100. */
  readonly batchSize?: number
  /** Turns a key into text of at most 512 bytes. Default: strings, safe integers and bigints as they are. */
  readonly encodeKey?: (key: Key) => string
  /** A Standard Schema that loaded and written values must satisfy, else `INVALID_VALUE`. */
  readonly schema?: ValueSchema
  /** What a write does when the cache could not be told of it: `report` says `unconfirmed`, `throw` rejects. Default `report`. */
  readonly onUnconfirmed?: 'report' | 'throw'
  /** Share of hits that are compared with the source's row afterwards, in the background; one is stale if the same entry still stands a second later. 0 to 1. Default 0. */
  readonly sampleStaleness?: number
  readonly clock?: Clock
  /** Uniform in [0, 1). Default `Math.random`. */
  readonly random?: () => number
  readonly onEvent?: EventListener
}

/** Options of `cacheAside`. */
export interface CacheAsideOptions<Key, Value> extends BaseOptions<Key> {
  /** The row as the database has it: what sampled hits of `acquire` are compared with (`sampleStaleness`); `getOrLoad` asks its own loader. Default: hits of `acquire` are not sampled. */
  readonly primary?: (key: Key, context: SourceContext) => Promise<Row<Value> | null | undefined>
}

/** Options of `createCache`, `readThrough` and `refreshAhead`: any source, writes around the cache. */
export interface CacheOptions<Key, Value> extends BaseOptions<Key> {
  readonly source: Source<Key, Value> | VersionedSource<Key, Value>
  /** Default `{ policy: 'through' }`. */
  readonly read?: ReadPolicy
  /** Default `{ policy: 'around' }`. */
  readonly write?: WriteAroundPolicy
}

/** Options of a cache that publishes what it writes: its source returns versions. */
export interface WriteThroughOptions<Key, Value>
  extends Omit<CacheOptions<Key, Value>, 'source' | 'write'> {
  readonly source: VersionedSource<Key, Value>
  readonly write: WriteThroughPolicy
}

/** Options of a cache with a journal: its store keeps one, its source can be flushed to. */
export interface WriteBehindOptions<Key, Value>
  extends Omit<CacheOptions<Key, Value>, 'source' | 'store' | 'write'> {
  readonly store: JournalingStore
  readonly source: FlushableSource<Key, Value>
  readonly write: WriteBehindPolicy<Value>
}
