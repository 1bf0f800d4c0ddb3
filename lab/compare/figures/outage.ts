import type { LoadResult } from '../../load/load-plan.ts'
import type { Figure } from '../figure.ts'
import type { OutageRecord } from '../records.ts'

const kind = { group: 'outage', better: 'more', unit: '%' } as const
const frozen = {
  ...kind,
  family: 'redis-frozen',
  measurement: 'redisFrozen',
  needs: ['Redis'],
} as const
const down = {
  ...kind,
  family: 'postgres-down',
  measurement: 'postgresDown',
  needs: ['PostgreSQL'],
} as const

/** What is still answered while a server is away. */
export const outageFigures: readonly Figure[] = [
  {
    ...frozen,
    id: 'reads-redis-frozen',
    title: 'reads answered, Redis frozen',
    explanation: 'Reads answered within a second while Redis takes requests and answers none.',
    values: ({ redisFrozen }) => readShares(redisFrozen),
    without: 'no reads',
  },
  {
    ...frozen,
    id: 'writes-redis-frozen',
    title: 'writes done, Redis frozen',
    explanation:
      'Writes acknowledged within a second while Redis takes requests and answers none, and in the database when it is back.',
    values: ({ redisFrozen }) => writeShares(redisFrozen),
    without: 'no writes',
  },
  {
    ...down,
    id: 'reads-postgres-down',
    title: 'reads answered, PostgreSQL down',
    explanation:
      'Reads answered within a second while PostgreSQL is not there, of a cache that is warm.',
    values: ({ postgresDown }) => readShares(postgresDown),
    without: 'no reads',
  },
  {
    ...down,
    id: 'writes-postgres-down',
    title: 'writes done, PostgreSQL down',
    explanation:
      'Writes acknowledged within a second while PostgreSQL is not there, and in the database when it is back.',
    values: ({ postgresDown }) => writeShares(postgresDown),
    without: 'no writes',
  },
]

function readShares(records: readonly OutageRecord[]): number[] {
  return records.flatMap(({ readsAnswered, load }) =>
    percent(readsAnswered, load.kinds.get.requests),
  )
}

function writeShares(records: readonly OutageRecord[]): number[] {
  return records.flatMap(({ writesAnswered, writesLost, load }) =>
    percent(writesAnswered - writesLost, writesOf(load)),
  )
}

function writesOf({ kinds }: LoadResult): number {
  return kinds.post.requests + kinds.put.requests + kinds.delete.requests
}

function percent(part: number, whole: number): number[] {
  return whole === 0 ? [] : [(100 * part) / whole]
}
