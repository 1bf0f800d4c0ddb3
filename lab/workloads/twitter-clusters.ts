import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { Failure } from '../replay/failure.ts'
import { workloadFile } from './workload-file.ts'

/** Figures of one of Twitter's production caches; undefined: its source has none. */
export interface TwitterCluster {
  /** Shares by the command of memcached; those below 1 % are not named. */
  readonly operations: ReadonlyMap<string, number> | undefined
  readonly skew: number | undefined
  readonly valueBytes: number | undefined
  /** Shares by TTL, the most common first. */
  readonly ttls: readonly { readonly text: string; readonly ms: number; readonly share: number }[]
}

export const twitterSource =
  'https://github.com/twitter/cache-trace, stat/2020Mar.md, CC BY 4.0; Yang, Yue, Vinayak, OSDI 2020'

export const clusterCount = 54

/** One of the clusters 1 to 54. Throws a `Failure` for any other. */
export function twitterCluster(cluster: number): TwitterCluster {
  const rows: Record<string, string>[] = parse(readFileSync(workloadFile('twitter-2020-03.csv')), {
    columns: true,
  })
  const row = rows.find((each) => each.cluster === `cluster${cluster}`)
  if (row === undefined) {
    throw new Failure(
      `--cluster: expected a whole number from 1 to ${clusterCount}, received ${cluster}`,
    )
  }
  const known = (column: string) => (/^N\/?A$/.test(row[column] ?? 'NA') ? undefined : row[column])
  const numberOf = (column: string) => {
    const text = known(column)
    return text === undefined ? undefined : Number(text)
  }
  const operations = known('operation')
  return {
    operations: operations === undefined ? undefined : new Map(sharesOf(operations, ' ')),
    skew: numberOf('Zipf alpha'),
    valueBytes: numberOf('value size'),
    ttls: sharesOf(known('common TTL') ?? '', ',').map(([text, share]) => {
      return { text, share, ms: durationOf(text) }
    }),
  }
}

function sharesOf(text: string, separator: string): [name: string, share: number][] {
  return text
    .split(separator)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', share] = part.trim().split(':')
      return [name, Number(share)]
    })
}

const units: Readonly<Record<string, number>> = { s: 1_000, h: 3_600_000, d: 86_400_000 }

function durationOf(text: string): number {
  return Math.round(Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? Number.NaN))
}
