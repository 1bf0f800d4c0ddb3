import type {
  AdviceResult,
  AdviceSettings,
  PatternName,
  PatternRecords,
  ReplayRecord,
} from '../advise/advice-result.ts'
import { patternNames } from '../advise/advice-result.ts'
import type { KillRecord } from '../compare/records.ts'
import type { Latencies } from '../load/latencies.ts'

/** So many answers that took so long, one of a hundred ten times as long. */
export function latencies(count: number, meanMs: number): Latencies {
  const [p50Ms, p99Ms] = [meanMs, 10 * meanMs]
  const others = { p90Ms: p50Ms, p999Ms: p99Ms, maxMs: p99Ms, histogram: '' }
  return { count, meanMs, p50Ms, p99Ms, ...others }
}

/** A second of 100 requests: 80 reads of 1 ms, 20 writes of 2 ms, 50 statements, nothing stale. */
export function replay(over: Partial<ReplayRecord> = {}): ReplayRecord {
  return {
    ...{ round: 1, requests: 100, ms: 1_000, failures: {}, absent: 0, sentLate: 0 },
    ...{ reads: latencies(80, 1), writes: latencies(20, 2), hitRatio: 0.75, statements: 50 },
    staleness: { reads: 80, writes: 20, labelledStale: 0, staleAgesMs: [], examples: [] },
    ...over,
  }
}

/** Nothing lost, nothing stale. */
export function kill(over: Partial<KillRecord> = {}): KillRecord {
  return {
    ...{ round: 1, acknowledged: 400, lost: 0, staleReads: 0, readsAfter: 300, staleForMs: 0 },
    ...{ recoveredMs: 1_000, examples: [] },
    ...over,
  }
}

/** Of a pattern that does everything well: two rounds, two kills, every write in the database within 4 ms. */
export function records(
  name: PatternName,
  over: Partial<Omit<PatternRecords, 'name'>> = {},
): PatternRecords {
  return {
    name,
    replays: [replay(), replay({ round: 2 })],
    kills: [kill(), kill()],
    lag: [{ round: 1, lagsMs: [1, 2, 4] }],
    troubles: [],
    ...over,
  }
}

type Over = Partial<Omit<AdviceResult, 'settings' | 'patterns'>> & {
  readonly settings?: Partial<AdviceSettings>
  readonly patterns?: Partial<Record<PatternName, Partial<PatternRecords>>>
}

/** On real servers, with a TTL of four minutes; all patterns alike unless something else is said of one. */
export function advice({ settings, patterns, ...over }: Over = {}): AdviceResult {
  return {
    machine: {
      ...{ date: '2026-11-27T12:00:00.000Z', node: 'v20.20.0', cpu: 'A processor', cpus: 2 },
      ...{ load: 0, commit: 'abc1234', isChanged: false, command: 'npm run advise -- --cluster 7' },
    },
    seconds: 60,
    workload: {
      ...{ title: 'by hand', keys: 1_000, skew: 1, valueBytes: 0, seed: 1, notes: [] },
      mix: { get: 0.8, post: 0, put: 0.2, delete: 0 },
    },
    constraints: {},
    settings: {
      ...{ seed: 1, rounds: 2, processes: 2, perSecond: 100, speed: 1, warmUp: 50, forMs: 1_000 },
      ...{ ttlMs: 240_000, writeDelayMs: 1_000, killTtlMs: 2_000 },
      ...settings,
    },
    servers: { redis: '8.0.0', postgres: '17.0' },
    patterns: patternNames.map((name) => records(name, patterns?.[name])),
    noCache: [replay({ statements: 100 }), replay({ round: 2, statements: 100 })],
    ...over,
  }
}

/** Without servers: only the services can ask their databases. */
export const embedded = { redis: undefined, postgres: undefined }
