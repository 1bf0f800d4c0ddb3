import type { ServerName } from '../bench/group.ts'
import { type Spread, spreadOf } from '../bench/spread.ts'
import type { ComparisonResult, SubjectResult } from './comparison-result.ts'
import type { Measurement, Records } from './records.ts'

/** A column of the comparison: what it tells, and how it is computed from raw samples. */
export interface Figure {
  readonly id: string
  readonly group: 'speed' | 'database' | 'consistency' | 'crash' | 'outage'
  readonly title: string
  readonly unit: string
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

/** What stands in a table: never nothing. */
export type Cell =
  | { readonly kind: 'measured'; readonly values: readonly number[]; readonly spread: Spread }
  /** It cannot be measured without this server. */
  | { readonly kind: 'needs'; readonly server: ServerName }
  /** It was measured that there is none: a subject without a cache has no hits. */
  | { readonly kind: 'none'; readonly what: string }

export function cellOf(
  figure: Figure,
  { records }: SubjectResult,
  { servers }: ComparisonResult,
): Cell {
  const isThere = { Redis: servers.redis !== undefined, PostgreSQL: servers.postgres !== undefined }
  const missing = figure.needs.find((server) => !isThere[server])
  if (missing !== undefined) return { kind: 'needs', server: missing }
  const values = figure.values(records)
  if (values.length > 0) return { kind: 'measured', values, spread: spreadOf(values) }
  if (records[figure.measurement].length > 0) return { kind: 'none', what: figure.without }
  throw new RangeError(`${figure.id}: expected samples of ${figure.measurement}, there are none`)
}
