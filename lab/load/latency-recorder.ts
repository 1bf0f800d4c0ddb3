import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { Latencies } from './latencies.ts'

const microseconds = 1_000

/** Gathers how long requests took, each to a thousandth of its length. */
export class LatencyRecorder {
  // An hour at most: every deadline is shorter.
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

  /** What this share of them, in percent, took at most, in milliseconds. */
  at(percentile: number): number {
    return Math.min(this.#histogram.getValueAtPercentile(percentile) / microseconds, this.#maxMs)
  }

  latencies(): Latencies {
    const count = this.#histogram.totalCount
    return {
      count,
      meanMs: count === 0 ? 0 : this.#sumMs / count,
      p50Ms: this.at(50),
      p90Ms: this.at(90),
      p99Ms: this.at(99),
      p999Ms: this.at(99.9),
      maxMs: this.#maxMs,
      histogram: count === 0 ? '' : encodeIntoCompressedBase64(this.#histogram),
    }
  }
}
