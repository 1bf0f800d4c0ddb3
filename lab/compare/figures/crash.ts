import type { Figure } from '../figure.ts'

const kind = {
  group: 'crash',
  better: 'less',
  measurement: 'kills',
  needs: [],
  without: 'no kills',
} as const

/** What `kill -9` of a process takes. */
export const crashFigures: readonly Figure[] = [
  {
    ...kind,
    id: 'lost-writes',
    family: 'lost-writes',
    title: 'acknowledged writes lost',
    unit: '',
    explanation:
      'Of each kill -9 of a process amid writes: those that had been acknowledged, and of which, once all is quiet, neither they nor anything newer is in the database or in the dead letters.',
    values: ({ kills }) => kills.map(({ lost }) => lost),
  },
  {
    ...kind,
    id: 'stale-after-kill',
    family: 'stale-after-kill',
    title: 'stale reads after a kill',
    unit: '',
    explanation:
      'Of each kill: answers after it that were older than what the database held, or what had been acknowledged, when they were asked for.',
    values: ({ kills }) => kills.map(({ staleReads }) => staleReads),
  },
  {
    ...kind,
    id: 'recovery',
    family: 'recovery',
    title: 'recovered after',
    unit: 'ms',
    explanation:
      'From a kill until a process in its place answers, and the database has what was acknowledged before and is not lost.',
    values: ({ kills }) => kills.map(({ recoveredMs }) => recoveredMs),
  },
]
