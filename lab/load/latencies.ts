/** How long some requests took, as quantiles and as the histogram that they are read from. */
export interface Latencies {
  readonly count: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** An HDR histogram of microseconds, compressed, base64: readers of HdrHistogram V2 take it. Empty for none. */
  readonly histogram: string
}
