import type { Spread } from '../bench/spread.ts'
import type { AdviceResult } from './advice-result.ts'
import { type PatternFigures, type ReplayFigures, replayFigures } from './pattern-figures.ts'
import type { Verdict } from './verdict.ts'

const none = '-'

type Row<Figures> = readonly [title: string, cell: (figures: Figures) => string]

const replayRows: readonly Row<ReplayFigures>[] = [
  ['wait ms', ({ meanWaitMs }) => spread(meanWaitMs)],
  ['read p50 ms', ({ reads }) => (reads ? spread(reads.p50Ms) : none)],
  ['read p99 ms', ({ reads }) => (reads ? spread(reads.p99Ms) : none)],
  ['write p50 ms', ({ writes }) => (writes ? spread(writes.p50Ms) : none)],
  ['write p99 ms', ({ writes }) => (writes ? spread(writes.p99Ms) : none)],
  ['hit ratio', ({ hitRatio }) => (hitRatio ? `${(100 * hitRatio.median).toFixed(1)} %` : none)],
  ['statements/s', ({ statementsPerSecond }) => spread(statementsPerSecond)],
  ['a 1,000 requests', ({ statementsPerThousand }) => digits(statementsPerThousand.median)],
]

const patternRows: readonly Row<PatternFigures>[] = [
  ['stale reads', ({ seen: { stale, reads } }) => `${stale} of ${reads}`],
  ['after kill -9', ({ crash }) => (crash ? `${crash.stale} of ${crash.readsAfter}` : none)],
  ['writes lost', ({ crash }) => (crash ? `${crash.lost} of ${crash.acknowledged}` : none)],
  ['lag p50, max ms', ({ lag }) => (lag ? `${digits(lag.p50Ms)}, ${digits(lag.maxMs)}` : none)],
]

/** A column for each pattern, and one for the same traffic without a cache. */
export function figureRows(verdicts: readonly Verdict[], result: AdviceResult): string[][] {
  const noCache = replayFigures(result.noCache, result.settings)
  const row = <Figures>(
    [title, cell]: Row<Figures>,
    columns: readonly Figures[],
    last: string,
  ): string[] => [title, ...columns.map(cell), last]
  const patterns = verdicts.map(({ figures }) => figures)
  return [
    ['', ...verdicts.map(({ name }) => name), 'no cache'],
    ...replayRows.map((each) => row(each, patterns, each[1](noCache))),
    ['against no cache', ...patterns.map((figures) => savedOf(figures, noCache)), ''],
    ...patternRows.map((each) => row(each, patterns, '')),
  ]
}

/** How many fewer statements, in percent: `-87 %`. Only none is `-100 %`. */
export function savedOf(figures: ReplayFigures, noCache: ReplayFigures): string {
  const without = noCache.statementsPerThousand.median
  if (without === 0) return none
  const more = 100 * (figures.statementsPerThousand.median / without - 1)
  const share = more > -99 ? Math.round(more) : Math.ceil(10 * more) / 10
  return `${share > 0 ? '+' : ''}${share} %`
}

/** The median, and how far the farthest round is from it. */
function spread({ median, min, max }: Spread): string {
  const off = Math.max(max - median, median - min)
  return off === 0 ? digits(median) : `${digits(median)} ±${digits(off)}`
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return none
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2)
}
