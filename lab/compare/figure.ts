import type { ServerName } from '../bench/group.ts'
import { type Spread, spreadOf } from '../bench/spread.ts'
import type { ComparisonResult, SubjectResult } from './comparison-result.ts'
import type { Measurement, Records } from './records.ts'

/** A column of the comparison: what it tells, and how it is computed from raw samples. */
export interface Figure {
  readonly id: string
  readonly group: FigureGroup
  /** Figures of one family stand side by side, in tables and in a chart. */
  readonly family: string
  readonly title: string
  readonly unit: '/s' | 'ms' | '%' | ''
  readonly better: 'more' | 'less'
  /** In a sentence or two, for who sees the column for the first time. */
  readonly explanation: string
  readonly measurement: Measurement
  /** Servers without which it cannot be measured. */
  readonly needs: readonly ServerName[]
  /** One value for each sample that has one. */
  values(records: Records): readonly number[]
  /** What a subject lacks that has samples and no value: `no hits`. */
  readonly without: string
}

export const figureGroups = ['speed', 'database', 'consistency', 'crash', 'outage'] as const

export type FigureGroup = (typeof figureGroups)[number]

/** What stands in a table: never nothing. */
export type Cell = MeasuredCell | NeedsCell | NoneCell

export interface MeasuredCell {
  readonly kind: 'measured'
  readonly values: readonly number[]
  readonly spread: Spread
}

/** It cannot be measured without this server. */
export interface NeedsCell {
  readonly kind: 'needs'
  readonly server: ServerName
}

/** It was measured that there is none: a subject without a cache has no hits. */
export interface NoneCell {
  readonly kind: 'none'
  readonly what: string
}

/** Throws a RangeError where samples are missing, or one is no number: a table has no blank. */
export function cellOf(
  figure: Figure,
  { name, records }: SubjectResult,
  { servers }: Pick<ComparisonResult, 'servers'>,
): Cell {
  const isThere = { Redis: servers.redis !== undefined, PostgreSQL: servers.postgres !== undefined }
  const missing = figure.needs.find((server) => !isThere[server])
  if (missing !== undefined) return { kind: 'needs', server: missing }
  const values = figure.values(records)
  const wrong = values.find((value) => !Number.isFinite(value))
  if (wrong !== undefined) {
    throw new RangeError(`${figure.id} of ${name}: expected finite numbers, received ${wrong}`)
  }
  if (values.length > 0) return { kind: 'measured', values, spread: spreadOf(values) }
  if (records[figure.measurement].length > 0) return { kind: 'none', what: figure.without }
  throw new RangeError(
    `${figure.id} of ${name}: expected samples of ${figure.measurement}, there are none`,
  )
}
