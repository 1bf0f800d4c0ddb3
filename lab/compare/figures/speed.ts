import type { Latencies } from '../../load/latencies.ts'
import type { LoadResult } from '../../load/load-plan.ts'
import type { Figure } from '../figure.ts'

const quantiles = [
  {
    id: 'p50',
    title: 'p50',
    of: ({ p50Ms }: Latencies) => p50Ms,
    says: 'Half of them took at most this.',
  },
  {
    id: 'p99',
    title: 'p99',
    of: ({ p99Ms }: Latencies) => p99Ms,
    says: 'One of a hundred took longer.',
  },
  {
    id: 'p999',
    title: 'p99.9',
    of: ({ p999Ms }: Latencies) => p999Ms,
    says: 'One of a thousand took longer.',
  },
] as const

const timed = [
  {
    id: 'hit',
    says: 'Reads of the mixed load that the cache answered.',
    of: ({ reads }: LoadResult) => reads.hit,
    without: 'no hits',
  },
  {
    id: 'miss',
    says: 'Reads of the mixed load that had to be loaded, and waited for it.',
    of: ({ reads }: LoadResult) => reads.miss,
    without: 'no misses',
  },
  {
    id: 'write',
    says: 'Updates of the mixed load, up to their acknowledgement.',
    of: ({ kinds }: LoadResult) => kinds.put.latencies,
    without: 'no writes',
  },
] as const

/** How many a second, and how long each takes. */
export const speedFigures: readonly Figure[] = [
  {
    id: 'reads-per-second',
    group: 'speed',
    family: 'throughput',
    title: 'reads/s',
    unit: '/s',
    better: 'more',
    explanation:
      'Reads alone, as many as its processes answer: each client sends the next when its last is answered.',
    measurement: 'reads',
    needs: [],
    values: ({ reads }) => reads.map(({ load }) => answeredPerSecond(load)),
    without: 'no reads',
  },
  {
    id: 'writes-per-second',
    group: 'speed',
    family: 'throughput',
    title: 'writes/s',
    unit: '/s',
    better: 'more',
    explanation: 'Updates alone, as many as its processes acknowledge.',
    measurement: 'writes',
    needs: [],
    values: ({ writes }) => writes.map(({ load }) => answeredPerSecond(load)),
    without: 'no writes',
  },
  ...timed.flatMap(({ id, says, of, without }) =>
    quantiles.map(
      (quantile): Figure => ({
        id: `${id}-${quantile.id}`,
        group: 'speed',
        family: id,
        title: `${id} ${quantile.title}`,
        unit: 'ms',
        better: 'less',
        explanation: `${says} ${quantile.says}`,
        measurement: 'mixed',
        needs: [],
        values: ({ mixed }) =>
          mixed
            .map(({ load }) => of(load))
            .flatMap((each) => (each.count > 0 ? [quantile.of(each)] : [])),
        without,
      }),
    ),
  ),
]

/** Who answers errors may answer fast: they do not count. */
function answeredPerSecond({ kinds, ms }: LoadResult): number {
  const answered = Object.values(kinds).reduce((sum, { latencies }) => sum + latencies.count, 0)
  return (1_000 * answered) / ms
}
