import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Latencies } from './latencies.ts'

const microseconds = 1_000

/** Gathers how long requests took, to a thousandth of each. */
export class LatencyRecorder {
  // Longest: an hour. What is longer still is the programmer's mistake, and throws.
  readonly #histogram: Histogram = build({
    highestTrackableValue: 3_600_000_000,
    autoResize: false,
  })
  #sumMs = 0
  #maxMs = 0

  record(ms: number): void {
    this.#histogram.recordValue(Math.max(0, Math.round(microseconds * ms)))
    this.#sumMs += ms
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  latencies(): Latencies {
    const count = this.#histogram.totalCount
    const at = (percentile: number) =>
      Math.min(this.#histogram.getValueAtPercentile(percentile) / microseconds, this.#maxMs)
    return {
      count,
      meanMs: count === 0 ? 0 : this.#sumMs / count,
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: this.#maxMs,
      histogram: count === 0 ? '' : encodeIntoCompressedBase64(this.#histogram),
    }
  }
}
