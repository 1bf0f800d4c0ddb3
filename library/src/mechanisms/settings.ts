/** A cache's options, checked and in milliseconds. */
export interface Settings {
  readonly name: string
  readonly prefix: string
  readonly ttlMs: number
  readonly negativeTtlMs: number
  readonly jitter: number
  /** How long a store keeps a value past its expiry. */
  readonly graceMs: number
  readonly staleIfErrorMs: number
  readonly staleWhileLoadingMs: number
  readonly softLoadTimeoutMs: number
  readonly storeReadDeadlineMs: number
  readonly storeWriteDeadlineMs: number
  readonly loadDeadlineMs: number
  readonly writeDeadlineMs: number
  readonly leaseMs: number
  readonly waitForLoadMs: number
  readonly maxLoads: number
  readonly maxQueuedLoads: number
  readonly batchSize: number
  readonly onUnconfirmed: 'report' | 'throw'
  readonly sampleStaleness: number
  /** What a load without the store is worth: the truth, a value that may be old, or nothing. */
  readonly whenStoreIsDown: 'trust' | 'stale' | 'throw'
  /** Where the soft expiry of an entry lies, given its TTL. */
  readonly softTtlMs: (ttlMs: number) => number
}
