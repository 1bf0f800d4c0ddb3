import type { Figure } from '../figure.ts'
import { quantileOf } from '../quantile.ts'

const ages = [
  { id: 'p50', share: 0.5, says: 'Half of the stale reads were stale by at most this' },
  { id: 'p99', share: 0.99, says: 'One stale read of a hundred was stale by more' },
  { id: 'max', share: 1, says: 'The stalest read' },
] as const

const lags = [
  {
    id: 'p50',
    share: 0.5,
    says: 'From the acknowledgement of an update until the database has it, or something newer, as a reader past the cache sees it. Half of them took at most this.',
  },
  {
    id: 'max',
    share: 1,
    says: 'The longest time from the acknowledgement of an update until the database had it.',
  },
] as const

/** How old what is read can be, in the cache and in the database. */
export const consistencyFigures: readonly Figure[] = [
  {
    id: 'stale-reads',
    group: 'consistency',
    family: 'stale-reads',
    title: 'stale reads',
    unit: '%',
    better: 'less',
    explanation:
      'Reads that were older than the last write confirmed before they were sent, while clients read and write the same few users, and processes are 0 to 5 ms away from their servers. Answers that say themselves that they may be stale are left out.',
    measurement: 'staleness',
    needs: [],
    values: ({ staleness }) =>
      staleness.flatMap(({ staleAgesMs, reads }) =>
        reads === 0 ? [] : [(100 * staleAgesMs.length) / reads],
      ),
    without: 'no reads',
  },
  ...ages.map(
    ({ id, share, says }): Figure => ({
      id: `stale-age-${id}`,
      group: 'consistency',
      family: 'stale-age',
      title: `stale by, ${id}`,
      unit: 'ms',
      better: 'less',
      explanation: `${says}: the time from when the write that it missed was confirmed until the read was sent.`,
      measurement: 'staleness',
      needs: [],
      values: ({ staleness }) =>
        staleness.flatMap(({ staleAgesMs }) =>
          staleAgesMs.length === 0 ? [] : [quantileOf(staleAgesMs, share)],
        ),
      without: 'none stale',
    }),
  ),
  ...lags.map(
    ({ id, share, says }): Figure => ({
      id: `lag-${id}`,
      group: 'consistency',
      family: 'lag',
      title: `database lag ${id}`,
      unit: 'ms',
      better: 'less',
      explanation: says,
      measurement: 'lag',
      needs: ['PostgreSQL'],
      values: ({ lag }) =>
        lag.flatMap(({ lagsMs }) => (lagsMs.length === 0 ? [] : [quantileOf(lagsMs, share)])),
      without: 'no writes',
    }),
  ),
]
