import {
  cpuUsPerOperation,
  type Measured,
  msPerOperation,
  operationsPerSecond,
  type Sample,
} from './sample.ts'
import { type Spread, spreadOf } from './spread.ts'

/** How the subjects of a group are shown beside each other. */
export interface Ranking {
  /** The subject that all are compared with, round by round. */
  readonly ours: string
  readonly columns: readonly ColumnName[]
}

export type ColumnName = 'throughput' | 'cpu' | 'allocation' | 'wait' | 'loads'

/** What a column shows. */
export interface Column {
  readonly head: string
  of(sample: Sample): number
  text(value: number): string
  /** Whether it says more to know how many times ours it is. */
  readonly isCompared: boolean
  /** Of the samples that were taken for it, if there are any. Default: of the rounds. */
  readonly isCounted?: boolean
}

export const columns: Readonly<Record<ColumnName, Column>> = {
  throughput: {
    head: 'operations/s',
    of: operationsPerSecond,
    text: (value) => Math.round(value).toLocaleString('en'),
    isCompared: true,
  },
  cpu: {
    head: 'CPU us/operation',
    of: cpuUsPerOperation,
    text: (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0),
    isCompared: true,
  },
  allocation: {
    head: 'bytes/operation',
    of: ({ allocatedBytes = Number.NaN, operations }) => allocatedBytes / operations,
    text: (value) => Math.round(value).toLocaleString('en'),
    isCompared: true,
    isCounted: true,
  },
  wait: {
    head: 'ms to the last answer',
    of: msPerOperation,
    text: (value) => value.toFixed(1),
    isCompared: true,
  },
  loads: {
    head: 'loads',
    of: ({ loads = Number.NaN, operations }) => loads / operations,
    text: (value) => value.toFixed(value % 1 === 0 ? 0 : 1),
    isCompared: false,
  },
}

/** A subject's figure of one column. */
export interface Figure {
  readonly column: ColumnName
  readonly spread: Spread
  /** How many times ours it is, of the figures of each round. */
  readonly timesOurs: Spread
}

/** A subject with its figures, in the order of the columns. */
export interface Ranked {
  readonly name: string
  readonly figures: readonly Figure[]
}

/** All subjects in their order. Throws a RangeError where ours is none of them. */
export function rank(ranking: Ranking, measured: readonly Measured[]): Ranked[] {
  const ours = measured.find(({ name }) => name === ranking.ours)
  if (ours === undefined) {
    throw new RangeError(`a ranking names ${JSON.stringify(ranking.ours)}, which was not measured`)
  }
  return measured.map((subject) => ({
    name: subject.name,
    figures: ranking.columns.map((column) => {
      const { of, isCounted = false } = columns[column]
      const samplesOf = ({ samples, counted = samples }: Measured) =>
        isCounted ? counted : samples
      const values = samplesOf(subject).map(of)
      const ratios = values.map((value, round) => value / of(samplesOf(ours)[round] as Sample))
      return { column, spread: spreadOf(values), timesOurs: spreadOf(ratios) }
    }),
  }))
}
