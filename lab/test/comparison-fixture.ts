import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import type { ComparisonResult, SubjectResult } from '../compare/comparison-result.ts'
import type { KillRecord, Records } from '../compare/records.ts'
import { isControl, type SubjectName, subjectNames } from '../compare/subject.ts'
import type { Latencies } from '../load/latencies.ts'
import type { KindResult, LoadResult } from '../load/load-plan.ts'
import type { ReadOutcome } from '../replay/cache-status.ts'
import { type Random, seededRandom } from '../soak/random.ts'
import type { OperationKind } from '../workloads/operation.ts'
import { type Traits, traits } from './comparison-traits.ts'

export interface FixtureOptions {
  readonly seed?: number
  readonly rounds?: number
  readonly kills?: number
  readonly isEmbedded?: boolean
}

/** A comparison that nobody measured, drawn so that its subjects differ as the real ones would. */
export function comparison(options: FixtureOptions = {}): ComparisonResult {
  const { seed = 1, rounds = 5, isEmbedded = false } = options
  return {
    machine: {
      date: '2026-11-23T10:20:30.000Z',
      node: 'v20.20.2',
      cpu: 'A processor',
      cpus: 2,
      load: 0.1,
      commit: 'abc1234',
      isChanged: false,
      command: 'npm run compare',
    },
    seed,
    isQuick: false,
    seconds: 1_260,
    workload: {
      title: 'cluster 7 of somebody, March 2020',
      source: 'https://example.com/traces, CC BY 4.0',
      keys: 50_000,
      mix: { get: 0.8, put: 0.18, post: 0.01, delete: 0.01 },
      skew: 1.07,
      valueBytes: 240,
      seed,
      notes: [],
    },
    servers: isEmbedded
      ? { redis: undefined, postgres: undefined }
      : { redis: '7.0.15', postgres: '15.10' },
    settings: {
      rounds,
      processes: isEmbedded ? 1 : 2,
      clients: 64,
      perSecond: 1_500,
      ttlMs: 10_000,
      writeDelayMs: 1_000,
    },
    subjects: subjectNames.map((name, index) =>
      subject(name, { ...options, rounds }, seededRandom(seed, index)),
    ),
  }
}

/** The subject of this name. */
export function subjectOf({ subjects }: ComparisonResult, name: SubjectName): SubjectResult {
  const found = subjects.find((each) => each.name === name)
  if (found) return found
  throw new RangeError(`expected a subject of the comparison, received ${name}`)
}

/** The same comparison, whose subjects, in their order, lost so many writes in each of their kills. */
export function withKills(
  result: ComparisonResult,
  lostBySubject: readonly (readonly number[])[],
): ComparisonResult {
  const subjects = result.subjects.map(({ name, records }, index) => {
    const [kill] = records.kills as readonly [KillRecord]
    const kills = (lostBySubject[index] ?? []).map((lost, round) => ({ ...kill, round, lost }))
    return { name, records: { ...records, kills } }
  })
  return { ...result, subjects }
}

function subject(
  name: SubjectName,
  options: FixtureOptions & { readonly rounds: number },
  random: Random,
): SubjectResult {
  const own = traits[name]
  const { rounds, kills = 6, isEmbedded = false } = options
  const each = <Value>(count: number, of: (round: number) => Value) =>
    Array.from({ length: count }, (_, round) => of(round))
  const near = (value: number) => value * (0.97 + 0.06 * random())
  const records: Records = {
    reads: each(rounds, (round) => ({
      round,
      load: load({ get: near(own.reads) * 3 }, own, random),
    })),
    writes: each(rounds, (round) => ({
      round,
      load: load({ put: near(own.writes) * 3 }, own, random),
    })),
    mixed: each(rounds, (round) => ({
      round,
      perSecond: 1_500,
      load: load({ get: 12_000, put: 2_700, post: 150, delete: 150 }, own, random),
      statements: Math.round(near(own.statements) * 15),
    })),
    hotKey: each(rounds, (round) => hotKey(round, own, random)),
    staleness: each(rounds, (round) => staleness(round, own, random)),
    lag: isEmbedded
      ? []
      : each(rounds, (round) => ({
          round,
          lagsMs: each(400, () => own.lagMs * (0.3 + 1.2 * random())),
        })),
    kills: each(kills, (round) => {
      const staleReads = isControl(name) && own.staleShare > 0 ? Math.round(180 * random()) : 0
      return {
        round,
        acknowledged: 2_000 + Math.round(500 * random()),
        lost: Math.round(own.lost * (0.4 + 1.2 * random())),
        staleReads,
        readsAfter: 6_000,
        staleForMs: staleReads * 9,
        recoveredMs: 600 + 300 * random() + own.lagMs,
        examples: [],
      }
    }),
    redisFrozen: isEmbedded
      ? []
      : each(rounds, (round) =>
          outage(round, { reads: near(own.frozenReads), writes: near(own.frozenWrites) }),
        ),
    postgresDown: isEmbedded
      ? []
      : each(rounds, (round) =>
          outage(round, { reads: near(own.hitRatio), writes: near(own.downWrites) }),
        ),
  }
  return { name, records }
}

/** Samples of `requests` requests in 3 s; of reads as many hits as the subject has. */
function load(
  requests: Partial<Record<OperationKind, number>>,
  own: Traits,
  random: Random,
): LoadResult {
  const { get = 0, put = 0, post = 0, delete: deleted = 0 } = requests
  const none = latencies(0, 1, random)
  const hits = own.hitMs === undefined ? 0 : Math.round(get * own.hitRatio)
  const misses = own.hitMs === undefined ? 0 : Math.round(get) - hits
  const reads: Record<ReadOutcome, Latencies> = {
    hit: latencies(hits, own.hitMs ?? 1, random),
    miss: latencies(misses, own.missMs, random),
    stale: none,
    negative: none,
    bypass: latencies(own.hitMs === undefined ? Math.round(get) : 0, own.missMs, random),
  }
  const kindOf = (count: number, ms: number): KindResult => ({
    requests: Math.round(count),
    latencies: latencies(Math.round(count), ms, random),
    errors: {},
  })
  return {
    ms: 3_000,
    requests: Math.round(get) + Math.round(put) + post + deleted,
    kinds: {
      get: kindOf(get, own.hitMs ?? own.missMs),
      put: kindOf(put, own.writeMs),
      post: kindOf(post, own.writeMs * 1.2),
      delete: kindOf(deleted, own.writeMs),
    },
    reads,
    hitRatio: get === 0 ? undefined : hits / Math.round(get),
    absent: 0,
    sentLate: 0,
  }
}

/** Log-normal, with a tail: of at most 4,000 draws, each for several requests. */
function latencies(count: number, medianMs: number, random: Random): Latencies {
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  const draws = Math.min(count, 4_000)
  const slow = 0.95 + 0.1 * random()
  for (let draw = 0; draw < draws; draw += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const tail = random() < 0.004 ? 9 : 1
    histogram.recordValue(
      Math.max(1, Math.round(1_000 * medianMs * slow * tail * Math.exp(0.35 * normal))),
    )
  }
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000
  return {
    count,
    meanMs: histogram.mean / 1_000,
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: histogram.maxValue / 1_000,
    histogram: count === 0 ? '' : encodeIntoCompressedBase64(histogram),
  }
}

function hotKey(round: number, own: Traits, random: Random): Records['hotKey'][number] {
  const series: { atMs: number; statements: number }[] = []
  let statements = 0
  for (let atMs = 0; atMs <= 8_000; atMs += 100) {
    const hasExpired = own.hitMs === undefined || atMs % 2_000 === 100
    if (hasExpired) statements += Math.round(own.herd * (0.85 + 0.3 * random()))
    series.push({ atMs, statements: Math.max(atMs > 0 ? 1 : 0, statements) })
  }
  return { round, clients: 64, ttlMs: 2_000, requests: 40_000, ms: 8_000, series }
}

function staleness(round: number, own: Traits, random: Random): Records['staleness'][number] {
  const reads = 4_000
  const stale = Math.round(reads * own.staleShare * (0.9 + 0.2 * random()))
  const staleAgesMs = Array.from({ length: stale }, () => 9_500 * random() ** 4 + 0.5)
  return { round, reads, writes: 1_000, labelledStale: 0, staleAgesMs, examples: [] }
}

function outage(
  round: number,
  shares: { readonly reads: number; readonly writes: number },
): Records['redisFrozen'][number] {
  const own = traits['cache-aside']
  const sent = { get: 2_000, put: 500 }
  const [reads, writes] = [Math.min(1, shares.reads), Math.min(1, shares.writes)]
  return {
    round,
    ms: 3_000,
    load: load(sent, own, seededRandom(round)),
    readsAnswered: Math.round(sent.get * reads),
    writesAnswered: Math.round(sent.put * writes),
    writesLost: 0,
  }
}
