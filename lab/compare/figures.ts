import type { Latencies } from '../load/latencies.ts'
import type { Figure } from './figure.ts'
import type { HotKeyRecord, MixedRecord, OutageRecord } from './records.ts'

const percent = (part: number, whole: number) => (whole === 0 ? [] : [(100 * part) / whole])
const perSecond = ({ requests, ms }: { readonly requests: number; readonly ms: number }) =>
  (1_000 * requests) / ms

const quantiles = [
  {
    id: 'p50',
    title: 'p50',
    of: ({ p50Ms }: Latencies) => p50Ms,
    says: 'half of them took at most this',
  },
  {
    id: 'p99',
    title: 'p99',
    of: ({ p99Ms }: Latencies) => p99Ms,
    says: 'one of a hundred took longer',
  },
  {
    id: 'p999',
    title: 'p99.9',
    of: ({ p999Ms }: Latencies) => p999Ms,
    says: 'one of a thousand took longer',
  },
] as const

const timed = [
  { id: 'hit', title: 'hit', of: ({ load }: MixedRecord) => load.reads.hit, without: 'no hits' },
  {
    id: 'miss',
    title: 'miss',
    of: ({ load }: MixedRecord) => load.reads.miss,
    without: 'no misses',
  },
  {
    id: 'write',
    title: 'write',
    of: ({ load }: MixedRecord) => load.kinds.put.latencies,
    without: 'no writes',
  },
] as const

const latencies: readonly Figure[] = timed.flatMap(({ id, title, of, without }) =>
  quantiles.map(
    (quantile): Figure => ({
      id: `${id}-${quantile.id}`,
      group: 'speed',
      title: `${title} ${quantile.title}`,
      unit: 'ms',
      better: 'less',
      explanation: `Of each ${title} amid the mixed load, from when it was due to the end of its answer: ${quantile.says}.`,
      measurement: 'mixed',
      needs: [],
      values: ({ mixed }) =>
        mixed.map(of).flatMap((each) => (each.count > 0 ? [quantile.of(each)] : [])),
      without,
    }),
  ),
)

/** Every column, in the order in which they are shown. */
export const figures: readonly Figure[] = [
  {
    id: 'reads-per-second',
    group: 'speed',
    title: 'reads/s',
    unit: '/s',
    better: 'more',
    explanation:
      'Reads alone, as many as its processes answer; the next of a client when its last is answered.',
    measurement: 'reads',
    needs: [],
    values: ({ reads }) => reads.map(({ load }) => perSecond(load)),
    without: 'no reads',
  },
  {
    id: 'writes-per-second',
    group: 'speed',
    title: 'writes/s',
    unit: '/s',
    better: 'more',
    explanation: 'Updates alone, as many as its processes acknowledge.',
    measurement: 'writes',
    needs: [],
    values: ({ writes }) => writes.map(({ load }) => perSecond(load)),
    without: 'no writes',
  },
  ...latencies,
  {
    id: 'hit-ratio',
    group: 'database',
    title: 'hit ratio',
    unit: '%',
    better: 'more',
    explanation: 'Reads of the mixed load that the cache answered.',
    measurement: 'mixed',
    needs: [],
    values: ({ mixed }) => mixed.map(({ load }) => 100 * (load.hitRatio ?? 0)),
    without: 'no reads',
  },
  {
    id: 'statements',
    group: 'database',
    title: 'statements / 1,000 requests',
    unit: '',
    better: 'less',
    explanation:
      'Statements that the database was sent for a thousand requests of the mixed load, what was flushed later included; BEGIN and COMMIT do not count.',
    measurement: 'mixed',
    needs: [],
    values: ({ mixed }) =>
      mixed.map(({ statements, load }) => (1_000 * statements) / load.requests),
    without: 'no requests',
  },
  {
    id: 'hot-key-peak',
    group: 'database',
    title: 'peak statements/s, hot key',
    unit: '/s',
    better: 'less',
    explanation:
      'Many clients ask for one user whose entry expires several times: the most statements that the database was sent within a second.',
    measurement: 'hotKey',
    needs: [],
    values: ({ hotKey }) => hotKey.map(peakPerSecond),
    without: 'no requests',
  },
  {
    id: 'stale-reads',
    group: 'consistency',
    title: 'stale reads',
    unit: '%',
    better: 'less',
    explanation:
      'Reads that were older than the last write confirmed before they were sent, while clients read and write the same few users over a network of 0 to 5 ms.',
    measurement: 'staleness',
    needs: [],
    values: ({ staleness }) =>
      staleness.flatMap(({ staleAgesMs, reads }) => percent(staleAgesMs.length, reads)),
    without: 'no reads',
  },
  ...ages(),
  {
    id: 'lag-p50',
    group: 'consistency',
    title: 'database lag p50',
    unit: 'ms',
    better: 'less',
    explanation:
      'From the acknowledgement of a write until the database has it, as a reader past the cache sees it.',
    measurement: 'lag',
    needs: ['PostgreSQL'],
    values: ({ lag }) => lag.map(({ lagsMs }) => quantileOf(lagsMs, 0.5)),
    without: 'no writes',
  },
  {
    id: 'lag-max',
    group: 'consistency',
    title: 'database lag max',
    unit: 'ms',
    better: 'less',
    explanation: 'The longest of them.',
    measurement: 'lag',
    needs: ['PostgreSQL'],
    values: ({ lag }) => lag.map(({ lagsMs }) => Math.max(...lagsMs)),
    without: 'no writes',
  },
  ...kills(),
  ...outages(),
]

function ages(): Figure[] {
  const kinds = [
    {
      id: 'p50',
      title: 'p50',
      of: (all: readonly number[]) => quantileOf(all, 0.5),
      says: 'Half of the stale reads were older than this, at most',
    },
    {
      id: 'p99',
      title: 'p99',
      of: (all: readonly number[]) => quantileOf(all, 0.99),
      says: 'One stale read of a hundred was older',
    },
    {
      id: 'max',
      title: 'max',
      of: (all: readonly number[]) => Math.max(...all),
      says: 'The oldest of them',
    },
  ]
  return kinds.map(({ id, title, of, says }) => ({
    id: `stale-age-${id}`,
    group: 'consistency',
    title: `stale by, ${title}`,
    unit: 'ms',
    better: 'less',
    explanation: `${says}: the time since the write that it missed was confirmed.`,
    measurement: 'staleness',
    needs: [],
    values: ({ staleness }) =>
      staleness.flatMap(({ staleAgesMs }) => (staleAgesMs.length > 0 ? [of(staleAgesMs)] : [])),
    without: 'none stale',
  }))
}

function kills(): Figure[] {
  const kind = {
    group: 'crash',
    better: 'less',
    measurement: 'kills',
    needs: [],
    without: 'no kills',
  } as const
  return [
    {
      ...kind,
      id: 'lost-writes',
      title: 'acknowledged writes lost',
      unit: '',
      explanation:
        'kill -9 of a process amid writes: those that were acknowledged, and are neither in the database nor in the dead letters, nor is anything newer. Of each kill.',
      values: (records) => records.kills.map(({ lost }) => lost),
    },
    {
      ...kind,
      id: 'stale-after-kill',
      title: 'stale reads after a kill',
      unit: '',
      explanation:
        'Answers after a kill that were older than what the database held, or what was acknowledged, when they were asked for. Of each kill.',
      values: (records) => records.kills.map(({ staleReads }) => staleReads),
    },
    {
      ...kind,
      id: 'recovery',
      title: 'recovered after',
      unit: 'ms',
      explanation:
        'From a kill until a process in its place answers, and the database has what was acknowledged before.',
      values: (records) => records.kills.map(({ recoveredMs }) => recoveredMs),
    },
  ]
}

function outages(): Figure[] {
  const answered = (all: readonly OutageRecord[]) =>
    all.flatMap(({ readsAnswered, load }) => percent(readsAnswered, load.kinds.get.requests))
  const written = (all: readonly OutageRecord[]) =>
    all.flatMap(({ writesAnswered, load }) => percent(writesAnswered, load.kinds.put.requests))
  const kind = { group: 'outage', better: 'more', unit: '%' } as const
  const frozen = { ...kind, measurement: 'redisFrozen', needs: ['Redis'] } as const
  const down = { ...kind, measurement: 'postgresDown', needs: ['PostgreSQL'] } as const
  return [
    {
      ...frozen,
      id: 'reads-redis-frozen',
      title: 'reads answered, Redis frozen',
      explanation: 'Reads answered within a second while Redis takes requests and answers none.',
      values: ({ redisFrozen }) => answered(redisFrozen),
      without: 'no reads',
    },
    {
      ...frozen,
      id: 'writes-redis-frozen',
      title: 'writes done, Redis frozen',
      explanation: 'Updates acknowledged within a second meanwhile.',
      values: ({ redisFrozen }) => written(redisFrozen),
      without: 'no writes',
    },
    {
      ...down,
      id: 'reads-postgres-down',
      title: 'reads answered, PostgreSQL down',
      explanation:
        'Reads answered within a second while PostgreSQL is not there, of a cache that is warm.',
      values: ({ postgresDown }) => answered(postgresDown),
      without: 'no reads',
    },
    {
      ...down,
      id: 'writes-postgres-down',
      title: 'writes done, PostgreSQL down',
      explanation: 'Updates acknowledged within a second meanwhile.',
      values: ({ postgresDown }) => written(postgresDown),
      without: 'no writes',
    },
  ]
}

const windowMs = 1_000

/** The most statements within any second of the series. */
export function peakPerSecond({ series }: HotKeyRecord): number {
  let [peak, first] = [0, 0]
  for (const { atMs, statements } of series) {
    while (atMs - (series[first]?.atMs ?? atMs) > windowMs) first += 1
    peak = Math.max(peak, statements - (series[first]?.statements ?? statements))
  }
  return peak
}

/** Nearest rank. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
