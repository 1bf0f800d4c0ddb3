import type { Figure } from '../figure.ts'
import type { HotKeyRecord } from '../records.ts'

/** What the database is spared, and what it is not. */
export const databaseFigures: readonly Figure[] = [
  {
    id: 'hit-ratio',
    group: 'database',
    family: 'hit-ratio',
    title: 'hit ratio',
    unit: '%',
    better: 'more',
    explanation: 'Reads of the mixed load that the cache answered.',
    measurement: 'mixed',
    needs: [],
    values: ({ mixed }) =>
      mixed.flatMap(({ load }) => (load.hitRatio === undefined ? [] : [100 * load.hitRatio])),
    without: 'no reads',
  },
  {
    id: 'statements',
    group: 'database',
    family: 'statements',
    title: 'statements / 1,000 requests',
    unit: '',
    better: 'less',
    explanation:
      'Statements that the database was sent for a thousand requests of the mixed load, what was flushed later included. BEGIN and COMMIT do not count.',
    measurement: 'mixed',
    needs: [],
    values: ({ mixed }) =>
      mixed.map(({ statements, load }) => (1_000 * statements) / load.requests),
    without: 'no requests',
  },
  {
    id: 'hot-key-peak',
    group: 'database',
    family: 'hot-key',
    title: 'peak statements/s, hot key',
    unit: '/s',
    better: 'less',
    explanation:
      'Many clients ask for one user, whose entry expires several times: the most statements that the database was sent within a second.',
    measurement: 'hotKey',
    needs: [],
    values: ({ hotKey }) => hotKey.map(peakPerSecond),
    without: 'no requests',
  },
]

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
