import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { LookupStatus } from '../contract/cache.ts'
import type { JournalFigures } from '../contract/journal.ts'
import type { CacheStats, LatencyFigures } from '../contract/stats.ts'

const hitSampleMask = 15
const nearHitSampleMask = 255

/** What a flusher says of itself. */
export type FlushFigures = Pick<NonNullable<CacheStats['journal']>, 'breaker' | 'drainRate'>

/** Counts what one cache does. Plain fields: a hit increments one number. */
export class Recorder {
  hits = 0
  misses = 0
  stale = 0
  negative = 0
  bypass = 0
  loads = 0
  loadFailures = 0
  joined = 0
  batches = 0
  writes = 0
  writeFailures = 0
  unconfirmed = 0
  outcomeUnknown = 0
  fillsStored = 0
  fillsRefused = 0
  invalidations = 0
  marksLost = 0
  storeErrors = 0
  refreshes = 0
  refreshesUseful = 0
  refreshesDiscarded = 0
  refreshFailures = 0
  enqueued = 0
  coalesced = 0
  flushed = 0
  flushRetries = 0
  fenced = 0
  restamped = 0
  sampled = 0
  sampledStale = 0
  readonly #hit = new Latency()
  readonly #miss = new Latency()
  readonly #load = new Latency()
  readonly #write = new Latency()
  readonly #staleAge = new Latency()

  /** Whether the next hit's latency is wanted: two clock readings cost more than a hit in process. */
  get samplesNextHit(): boolean {
    return (this.hits & hitSampleMask) === 0
  }

  /** The same of one that is over sooner than two clock readings are: one in 256. */
  get samplesNextNearHit(): boolean {
    return (this.hits & nearHitSampleMask) === 0
  }

  hitTook(ms: number): void {
    this.#hit.record(ms)
  }

  loadTook(ms: number): void {
    this.#load.record(ms)
  }

  writeTook(ms: number): void {
    this.#write.record(ms)
  }

  staleFor(ms: number): void {
    this.#staleAge.record(ms)
  }

  /** Counts a read that was no plain hit; `ms` is what its caller waited. */
  answered(status: LookupStatus, isCollapsed: boolean, ms: number): void {
    if (isCollapsed) this.joined += 1
    switch (status) {
      case 'hit':
        this.hits += 1
        this.#hit.record(ms)
        return
      case 'negative':
        this.negative += 1
        this.#hit.record(ms)
        return
      case 'stale':
        this.stale += 1
        break
      case 'bypass':
        this.bypass += 1
        break
      case 'miss':
        this.misses += 1
    }
    this.#miss.record(ms)
  }

  reset(): void {
    const fresh = new Recorder()
    Object.assign(this, fresh)
    for (const latency of [this.#hit, this.#miss, this.#load, this.#write, this.#staleAge]) {
      latency.reset()
    }
  }

  /** The figures so far; the journal's and the breaker's state come from their owners. */
  snapshot(owners: {
    readonly breaker: CacheStats['breaker']
    readonly refreshesAhead: boolean
    readonly journal: (JournalFigures & FlushFigures) | null
  }): CacheStats {
    const total = this.hits + this.misses + this.stale + this.negative + this.bypass
    const { p50, p99, max } = this.#staleAge.figures()
    return {
      reads: {
        total,
        hits: this.hits,
        misses: this.misses,
        stale: this.stale,
        negative: this.negative,
        bypass: this.bypass,
        hitRatio: total === 0 ? 0 : (this.hits + this.negative) / total,
      },
      loads: {
        total: this.loads,
        failures: this.loadFailures,
        joined: this.joined,
        batches: this.batches,
      },
      writes: {
        total: this.writes,
        failures: this.writeFailures,
        unconfirmed: this.unconfirmed,
        outcomeUnknown: this.outcomeUnknown,
      },
      latencyMs: {
        hit: this.#hit.figures(),
        miss: this.#miss.figures(),
        load: this.#load.figures(),
        write: this.#write.figures(),
      },
      refreshes: owners.refreshesAhead
        ? {
            total: this.refreshes,
            useful: this.refreshesUseful,
            discarded: this.refreshesDiscarded,
            failures: this.refreshFailures,
          }
        : null,
      journal: owners.journal && {
        ...owners.journal,
        enqueued: this.enqueued,
        coalesced: this.coalesced,
        flushed: this.flushed,
        retries: this.flushRetries,
        fenced: this.fenced,
        lost: owners.journal.lost ?? 0,
        restamped: this.restamped,
      },
      staleness: { sampled: this.sampled, stale: this.sampledStale, ageMs: { p50, p99, max } },
      fills: { stored: this.fillsStored, refused: this.fillsRefused },
      invalidations: this.invalidations,
      marksLost: this.marksLost,
      storeErrors: this.storeErrors,
      breaker: owners.breaker,
    }
  }
}

const hourNs = 3.6e12

/** Durations in nanoseconds, from 1 ns to an hour; longer ones count as an hour. */
class Latency {
  readonly #histogram: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: hourNs,
    figures: 2,
  })

  record(ms: number): void {
    this.#histogram.record(Math.min(hourNs, Math.max(1, Math.round(ms * 1e6))))
  }

  reset(): void {
    this.#histogram.reset()
  }

  figures(): LatencyFigures {
    if (this.#histogram.count === 0) return { p50: 0, p95: 0, p99: 0, max: 0 }
    const at = (percentile: number) => this.#histogram.percentile(percentile) / 1e6
    return { p50: at(50), p95: at(95), p99: at(99), max: this.#histogram.max / 1e6 }
  }
}
