import { type Spread, spreadOf } from '../bench/spread.ts'
import type { Latencies } from '../load/latencies.ts'
import type { AdviceSettings, PatternRecords, ReplayRecord } from './advice-result.ts'

/** What the samples of one subject come to. */
export interface ReplayFigures {
  /** Of all requests of the mix that were answered, from when they were due: what the ranking goes by. */
  readonly meanWaitMs: Spread
  /** Undefined: the traffic has none. */
  readonly reads: KindFigures | undefined
  readonly writes: KindFigures | undefined
  readonly hitRatio: Spread | undefined
  /** At the traffic's own speed, however fast it was replayed. */
  readonly statementsPerSecond: Spread
  readonly statementsPerThousand: Spread
  readonly requests: number
  readonly failed: number
  readonly failures: Readonly<Record<string, number>>
  readonly seen: SeenStaleness
}

export interface KindFigures {
  readonly p50Ms: Spread
  readonly p99Ms: Spread
}

/** Of all rounds. */
export interface SeenStaleness {
  readonly reads: number
  readonly stale: number
  /** 0: none was stale. */
  readonly oldestMs: number
}

/** Those of a pattern: what a crash does is known, too. */
export interface PatternFigures extends ReplayFigures {
  /** Undefined: nobody was killed. */
  readonly crash: CrashFigures | undefined
  /** Undefined: nobody but the service can ask its database. */
  readonly lag:
    | { readonly writes: number; readonly p50Ms: number; readonly maxMs: number }
    | undefined
}

export interface CrashFigures {
  readonly kills: number
  readonly readsAfter: number
  readonly stale: number
  /** From a kill until the last answer that was stale. */
  readonly staleForMs: number
  readonly acknowledged: number
  readonly lost: number
}

/** Of at least one round. */
export function replayFigures(
  replays: readonly ReplayRecord[],
  { speed }: Pick<AdviceSettings, 'speed'>,
): ReplayFigures {
  const of = (value: (replay: ReplayRecord) => number) => spreadOf(replays.map(value))
  const ratios = replays.flatMap(({ hitRatio }) => (hitRatio === undefined ? [] : [hitRatio]))
  const ages = replays.flatMap(({ staleness }) => staleness.staleAgesMs)
  const failures = failuresOf(replays)
  return {
    meanWaitMs: of(meanWaitMs),
    reads: kindFigures(replays.map(({ reads }) => reads)),
    writes: kindFigures(replays.map(({ writes }) => writes)),
    hitRatio: ratios.length === 0 ? undefined : spreadOf(ratios),
    statementsPerSecond: of(({ statements, ms }) => (1_000 * statements) / ms / speed),
    statementsPerThousand: of(({ statements, requests }) => (1_000 * statements) / requests),
    requests: sum(replays.map(({ requests }) => requests)),
    failed: sum(Object.values(failures)),
    failures,
    seen: {
      reads: sum(replays.map(({ staleness }) => staleness.reads)),
      stale: ages.length,
      oldestMs: Math.max(0, ...ages),
    },
  }
}

/** Of at least one round. */
export function patternFigures(
  { replays, kills, lag }: PatternRecords,
  settings: Pick<AdviceSettings, 'speed'>,
): PatternFigures {
  const lags = lag.flatMap(({ lagsMs }) => lagsMs)
  return {
    ...replayFigures(replays, settings),
    crash:
      kills.length === 0
        ? undefined
        : {
            kills: kills.length,
            readsAfter: sum(kills.map(({ readsAfter }) => readsAfter)),
            stale: sum(kills.map(({ staleReads }) => staleReads)),
            staleForMs: Math.max(0, ...kills.map(({ staleForMs }) => staleForMs)),
            acknowledged: sum(kills.map(({ acknowledged }) => acknowledged)),
            lost: sum(kills.map(({ lost }) => lost)),
          },
    lag:
      lags.length === 0
        ? undefined
        : {
            writes: lags.length,
            p50Ms: spreadOf(lags).median,
            maxMs: Math.max(...lags),
          },
  }
}

function kindFigures(all: readonly Latencies[]): KindFigures | undefined {
  const some = all.filter(({ count }) => count > 0)
  if (some.length === 0) return undefined
  return {
    p50Ms: spreadOf(some.map(({ p50Ms }) => p50Ms)),
    p99Ms: spreadOf(some.map(({ p99Ms }) => p99Ms)),
  }
}

/** Nothing answered: nobody knows how long it would have taken. */
function meanWaitMs({ reads, writes }: ReplayRecord): number {
  const count = reads.count + writes.count
  if (count === 0) return Number.POSITIVE_INFINITY
  return (reads.count * reads.meanMs + writes.count * writes.meanMs) / count
}

function failuresOf(replays: readonly ReplayRecord[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const { failures } of replays) {
    for (const [kind, times] of Object.entries(failures)) all[kind] = (all[kind] ?? 0) + times
  }
  return all
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
