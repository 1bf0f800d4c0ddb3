import type { Version } from './entry.ts'

/** What the work was that failed without a caller to tell. A closed set. */
export type BackgroundReason =
  | 'release'
  | 'abort'
  | 'renew-mark'
  | 'replay-invalidation'
  | 'invalidate-later'
  | 'refresh'
  | 'flush'
  | 'staleness-sample'
  | 'outbox'
  | 'renew-claims'
  | 'unreserve'

/**
 * What happened, one union for logs, metrics and dashboards. Reads are counted (`stats()`), not
 * announced: a hit must not pay for an object that nobody reads. Keys are the encoded ones.
 */
export type CacheEvent =
  | {
      readonly type: 'load'
      readonly cache: string
      readonly key: string
      readonly durationMs: number
      readonly outcome: 'value' | 'absent' | 'failure'
      readonly error?: unknown
    }
  | {
      readonly type: 'write'
      readonly cache: string
      readonly key: string
      readonly operation: 'create' | 'update' | 'put' | 'delete' | 'mutate'
      readonly status: string
      readonly durationMs: number
      readonly version: Version
    }
  | {
      readonly type: 'write-failure'
      readonly cache: string
      readonly key: string
      readonly error: unknown
    }
  | { readonly type: 'invalidate'; readonly cache: string; readonly key: string }
  | { readonly type: 'clear'; readonly cache: string }
  | { readonly type: 'unconfirmed'; readonly cache: string; readonly key: string }
  | { readonly type: 'mark-lost'; readonly cache: string; readonly key: string }
  | {
      readonly type: 'refresh'
      readonly cache: string
      readonly key: string
      readonly outcome: 'replaced' | 'extended' | 'removed' | 'refused' | 'failure'
      readonly durationMs: number
      readonly error?: unknown
    }
  | {
      readonly type: 'flush'
      readonly cache: string
      readonly rows: number
      readonly durationMs: number
    }
  | {
      readonly type: 'flush-failure'
      readonly cache: string
      readonly rows: number
      readonly sqlstate: string
      readonly error: unknown
    }
  | {
      readonly type: 'dead-letter'
      readonly cache: string
      readonly key: string
      readonly version: Version
      readonly sqlstate: string
    }
  | {
      readonly type: 'dead-letter-retried' | 'dead-letter-discarded'
      readonly cache: string
      readonly key: string
      readonly version: Version
    }
  /** The database holds a newer version than the journal: the write was versioned above it, and goes on. */
  | {
      readonly type: 'restamp'
      readonly cache: string
      readonly key: string
      readonly version: Version
    }
  /** Rows were refused: their partitions are another process's by now. */
  | { readonly type: 'fenced'; readonly cache: string; readonly rows: number }
  /** Accepted writes are gone from the store, and were not in the database: so many at least. */
  | { readonly type: 'journal-lost'; readonly cache: string; readonly rows: number }
  /** Flushes are held back from a database that fails, or are let through again. */
  | {
      readonly type: 'flush-breaker'
      readonly cache: string
      readonly state: 'closed' | 'open' | 'half-open'
    }
  | {
      readonly type: 'store-error'
      readonly cache: string
      readonly operation: string
      readonly error: unknown
    }
  /** `close` gave up draining: so many rows are in the journal and not in the database. */
  | { readonly type: 'left-in-journal'; readonly cache: string; readonly rows: number }
  | {
      readonly type: 'breaker'
      readonly cache: string
      readonly state: 'closed' | 'open' | 'half-open'
    }
  | {
      readonly type: 'background-failure'
      readonly cache: string
      readonly reason: BackgroundReason
      readonly error: unknown
    }

/** Receives events. What it throws is dropped: a listener breaks nothing. */
export type EventListener = (event: CacheEvent) => void
