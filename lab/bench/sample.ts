/** One run of a subject. */
export interface Sample {
  readonly operations: number
  readonly ms: number
  /** CPU time of the process that did the work. */
  readonly cpuUs: number
  /** What one operation of a hundred exceeded, where each is timed. */
  readonly p99Ms?: number
  /** On the heap, by the process that did the work. */
  readonly allocatedBytes?: number
  /** How many reached the source. */
  readonly loads?: number
}

/** The samples of a subject, one a round. */
export interface Measured {
  readonly name: string
  readonly samples: readonly Sample[]
  /** Taken afterwards for what they allocate: counting takes time. */
  readonly counted?: readonly Sample[]
}

export function operationsPerSecond({ operations, ms }: Sample): number {
  return (1_000 * operations) / ms
}

export function msPerOperation({ operations, ms }: Sample): number {
  return ms / operations
}

export function cpuUsPerOperation({ operations, cpuUs }: Sample): number {
  return cpuUs / operations
}
