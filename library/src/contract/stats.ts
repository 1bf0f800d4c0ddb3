/** Percentiles of a duration in milliseconds; all 0 before the first sample. */
export interface LatencyFigures {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/**
 * The figures of one cache in this process since its start (or `resetStats`). Every read is
 * exactly one of hit, miss (one that joined another's load too), stale, negative, bypass.
 */
export interface CacheStats {
  readonly reads: {
    readonly total: number
    readonly hits: number
    readonly misses: number
    readonly stale: number
    readonly negative: number
    readonly bypass: number
    /** Hits and negatives over all reads; 0 before the first. */
    readonly hitRatio: number
  }
  /** Loads of single keys from the source; `joined`: reads that waited for another's, and those that shared the next look at the cache because they came too late for it. */
  readonly loads: {
    readonly total: number
    readonly failures: number
    readonly joined: number
    readonly batches: number
  }
  readonly writes: {
    readonly total: number
    readonly failures: number
    readonly unconfirmed: number
    readonly outcomeUnknown: number
  }
  /** Hits are sampled (the first, then one in 256 at least) when the store answers in process. */
  readonly latencyMs: {
    readonly hit: LatencyFigures
    readonly miss: LatencyFigures
    readonly load: LatencyFigures
    readonly write: LatencyFigures
  }
  readonly refreshes: {
    readonly total: number
    readonly useful: number
    readonly discarded: number
    readonly failures: number
  } | null
  /** While the store does not answer, `dirty`, `oldestMs` and `deadLetters` are the last that it told. */
  readonly journal: {
    readonly dirty: number
    readonly bytes: number
    readonly oldestMs: number
    readonly enqueued: number
    readonly coalesced: number
    readonly flushed: number
    readonly retries: number
    readonly deadLetters: number
    readonly fenced: number
    readonly lost: number
    /** Writes that met a newer version in the database, and were versioned above it. */
    readonly restamped: number
    /** Whether flushes reach the database: `open` while they are held back after failures. */
    readonly breaker: 'closed' | 'open' | 'half-open'
    /** Rows a second of late, while there was something to flush; 0 before the first. */
    readonly drainRate: number
  } | null
  /** Hits compared with the source's row afterwards (`sampleStaleness`). `ageMs`: how long ago the entry of a stale hit had been stored, an upper bound of its staleness. */
  readonly staleness: {
    readonly sampled: number
    readonly stale: number
    readonly ageMs: { readonly p50: number; readonly p99: number; readonly max: number }
  }
  readonly fills: { readonly stored: number; readonly refused: number }
  readonly invalidations: number
  readonly marksLost: number
  readonly storeErrors: number
  readonly breaker: 'closed' | 'open' | 'half-open'
}
