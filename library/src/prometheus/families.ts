import type { CacheStats, LatencyFigures } from '../contract/stats.ts'

/** One line of a metric. */
export interface Sample {
  readonly labels: Record<string, string>
  readonly value: number
}

/** A metric and how its lines follow from the figures of one cache. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** How figures of several processes add up; default `sum`. */
  readonly aggregator?: 'sum' | 'max'
  readonly read: (stats: CacheStats) => readonly Sample[]
}

type Journal = NonNullable<CacheStats['journal']>
type Refreshes = NonNullable<CacheStats['refreshes']>

/** Every metric, in the order in which they are exported. */
export const families: readonly Family[] = [
  counters('cache_gets_total', 'Reads, each with exactly one result', 'result', ({ reads }) => ({
    hit: reads.hits,
    miss: reads.misses,
    stale: reads.stale,
    negative: reads.negative,
    bypass: reads.bypass,
  })),
  counters('cache_load_total', 'Loads of single keys from the source', 'result', ({ loads }) => ({
    success: loads.total - loads.failures,
    failure: loads.failures,
  })),
  counter(
    'cache_loads_joined_total',
    "Reads that waited for another's load",
    (s) => s.loads.joined,
  ),
  counter('cache_load_batches_total', 'Loads of many keys at once', (s) => s.loads.batches),
  counters('cache_puts_total', 'Loaded values offered to the store', 'result', ({ fills }) => ({
    stored: fills.stored,
    refused: fills.refused,
  })),
  counter('cache_invalidations_total', 'Keys invalidated', (s) => s.invalidations),
  counters('cache_writes_total', 'Writes of rows', 'result', ({ writes }) => ({
    success: writes.total - writes.failures,
    failure: writes.failures,
  })),
  counter(
    'cache_writes_unconfirmed_total',
    'Committed writes that the cache could not be told of at once',
    (s) => s.writes.unconfirmed,
  ),
  counter(
    'cache_writes_outcome_unknown_total',
    'Writes of which nobody can tell whether they happened',
    (s) => s.writes.outcomeUnknown,
  ),
  gauges(
    'cache_latency_seconds',
    'Latency by operation, since the start or the last reset',
    ({ latencyMs }) =>
      (['hit', 'miss', 'load', 'write'] as const).flatMap((operation) =>
        quantiles(operation, latencyMs[operation]),
      ),
  ),
  refresh('cache_refreshes_total', 'Reloads before expiry', (r) => r.total),
  refresh(
    'cache_refreshes_useful_total',
    'Reloads that a later read profited from',
    (r) => r.useful,
  ),
  refresh('cache_refreshes_discarded_total', 'Reloads that were not stored', (r) => r.discarded),
  refresh('cache_refreshes_failed_total', 'Reloads that failed', (r) => r.failures),
  journal('gauge', 'cache_journal_dirty', 'Keys waiting to be flushed', (j) => j.dirty),
  journal('gauge', 'cache_journal_bytes', 'Bytes waiting to be flushed', (j) => j.bytes),
  journal(
    'gauge',
    'cache_journal_oldest_seconds',
    'Age of the oldest unflushed write',
    (j) => j.oldestMs / 1000,
    'max',
  ),
  journal('counter', 'cache_journal_enqueued_total', 'Writes accepted', (j) => j.enqueued),
  journal(
    'counter',
    'cache_journal_coalesced_total',
    'Writes that replaced an unflushed one',
    (j) => j.coalesced,
  ),
  journal('counter', 'cache_journal_flushed_total', 'Rows flushed', (j) => j.flushed),
  journal('counter', 'cache_journal_retries_total', 'Flushes tried again', (j) => j.retries),
  journal('gauge', 'cache_journal_dead_letters', 'Refused writes, parked', (j) => j.deadLetters),
  journal(
    'counter',
    'cache_journal_restamped_total',
    'Rows versioned above a newer one of the database',
    (j) => j.restamped,
  ),
  journal('counter', 'cache_journal_fenced_total', 'Flushes refused by a fence', (j) => j.fenced),
  journal('counter', 'cache_journal_lost_total', 'Accepted writes found lost', (j) => j.lost),
  journal(
    'gauge',
    'cache_journal_drain_rows_per_second',
    'Rows flushed a second of late, while there was something to flush',
    (j) => j.drainRate,
  ),
  gauges(
    'cache_journal_breaker_state',
    'Circuit breaker of the flushes: 1 for its state',
    ({ journal }) => (journal === null ? [] : states(journal.breaker)),
  ),
  counter(
    'cache_staleness_sampled_total',
    'Hits that were compared with the source',
    (s) => s.staleness.sampled,
  ),
  counter(
    'cache_staleness_stale_total',
    'Compared hits that were older than the source',
    (s) => s.staleness.stale,
  ),
  gauges(
    'cache_staleness_age_seconds',
    'How long ago the entries of stale hits had been stored',
    ({ staleness }) => agesOf(staleness.ageMs),
  ),
  counter('cache_marks_lost_total', 'Marks that expired before their commit', (s) => s.marksLost),
  counter('cache_store_errors_total', 'Failed calls of the store', (s) => s.storeErrors),
  gauges('cache_breaker_state', 'Circuit breaker of the store: 1 for its state', ({ breaker }) =>
    states(breaker),
  ),
]

function counter(name: string, help: string, value: (stats: CacheStats) => number): Family {
  return { name, help, type: 'counter', read: (stats) => [{ labels: {}, value: value(stats) }] }
}

function counters(
  name: string,
  help: string,
  label: string,
  values: (stats: CacheStats) => Record<string, number>,
): Family {
  const read = (stats: CacheStats) =>
    Object.entries(values(stats)).map(([text, value]) => ({ labels: { [label]: text }, value }))
  return { name, help, type: 'counter', read }
}

function gauges(name: string, help: string, read: (stats: CacheStats) => Sample[]): Family {
  return { name, help, type: 'gauge', aggregator: 'max', read }
}

function states(breaker: CacheStats['breaker']): Sample[] {
  return (['closed', 'half-open', 'open'] as const).map((state) => ({
    labels: { state },
    value: state === breaker ? 1 : 0,
  }))
}

/** No line at all where the pattern does not refresh. */
function refresh(name: string, help: string, value: (refreshes: Refreshes) => number): Family {
  const read = ({ refreshes }: CacheStats) =>
    refreshes === null ? [] : [{ labels: {}, value: value(refreshes) }]
  return { name, help, type: 'counter', read }
}

/** No line at all where the pattern has no journal. */
function journal(
  type: Family['type'],
  name: string,
  help: string,
  value: (journal: Journal) => number,
  aggregator: 'sum' | 'max' = 'sum',
): Family {
  const read = (stats: CacheStats) =>
    stats.journal === null ? [] : [{ labels: {}, value: value(stats.journal) }]
  return { name, help, type, aggregator, read }
}

function agesOf({ p50, p99, max }: CacheStats['staleness']['ageMs']): Sample[] {
  return Object.entries({ '0.5': p50, '0.99': p99, '1': max }).map(([quantile, valueMs]) => ({
    labels: { quantile },
    value: valueMs / 1000,
  }))
}

function quantiles(operation: string, { p50, p95, p99, max }: LatencyFigures): Sample[] {
  return Object.entries({ '0.5': p50, '0.95': p95, '0.99': p99, '1': max }).map(
    ([quantile, valueMs]) => ({ labels: { operation, quantile }, value: valueMs / 1000 }),
  )
}
