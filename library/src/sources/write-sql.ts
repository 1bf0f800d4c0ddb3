import type { OutboxSql } from './outbox/place.ts'
import { type MappedColumn, name, type TableMapping } from './table-mapping.ts'

/** The statements of a mapped table's writes. Parameters: `$1` key, then as each says. */
export interface WriteSql {
  /** `$2` value, `$3` deadline. No row: too late. The version is 0 until `version` gives it one. */
  readonly insert: string
  /** `$2` value, `$3` deadline. No row: too late. Version 0: it was inserted, else it was replaced. */
  readonly upsert: string
  /** `$2` deadline. Gives a row that this transaction inserted its version. No row: too late. */
  readonly version: string
  /** The row, locked. */
  readonly hold: string
  /** `$2` value, `$3` deadline. Replaces a row that is held. No row: too late. */
  readonly replace: string
  /** `$2` patch, `$3` deadline, `$4` versions or null. Sets the columns of these properties. */
  patch(properties: readonly string[]): string
  /** `$2` deadline, `$3` versions or null. */
  readonly delete: string
}

/** That the database's clock has not passed the deadline, a parameter in epoch milliseconds. */
export function isInTime(parameter: string): string {
  return `extract(epoch from clock_timestamp()) * 1000 < ${parameter}::double precision`
}

/**
 * How versions stay in the order of commits: they are drawn while the row is locked. An UPDATE that
 * waited for a lock computes its row anew, and RETURNING of a DELETE runs after the delete. What an
 * INSERT would draw is drawn before it waits for a concurrent DELETE of the same key, so it inserts
 * version 0, and the transaction's next statement draws.
 *
 * Update and delete lock the row first and compare deadline and versions then: a wait for the lock
 * counts, and a row that is missing, too new, or too late to write are told apart.
 *
 * With an outbox, the statement that draws a version records it there too: both, or neither.
 */
export function writeSql(mapping: TableMapping, outbox?: OutboxSql): WriteSql {
  const { table, key, keyType, version, nextVersion, columns, record, json } = mapping
  // By way of text, so that one parameter is the key as the caller wrote it, too.
  const given = `$1::text::${keyType}`
  const row = `t.${key} = ${given}`
  const claimed = outbox === undefined ? '' : ` and ${outbox.claim(given)}`
  const recorded = (from: string) =>
    outbox === undefined ? '' : `, recorded as (${outbox.record('$1::text', from)})`
  const recording = (statement: string) =>
    outbox === undefined
      ? statement
      : `with written as (${statement})${recorded('written')} select * from written`

  const returning = `returning t.${version}::text as version, ${json} as json`
  const values = (parameter: string) =>
    columns.length === 0 ? '' : `, jsonb_to_record(${parameter}::jsonb) as d ${record}`
  const assign = (set: readonly MappedColumn[], from: (column: MappedColumn) => string) =>
    [...set.map((item) => `${item.column} = ${from(item)}`), `${version} = ${nextVersion}`].join(
      ', ',
    )
  const cell = ({ property }: MappedColumn) => `d.${name(property)}`
  const names = [key, ...columns.map(({ column }) => column), version].join(', ')
  const cells = [given, ...columns.map(cell), '0'].join(', ')
  const insert = `insert into ${table} as t (${names})
    select ${cells} from (select 1) as one${values('$2')} where ${isInTime('$3')}${claimed}`

  const patches = new Map<string, string>()
  const patch = (properties: readonly string[]) => `
    with held as (
      select t.${key} as key, t.${version} as version
      from ${table} as t where ${row}${claimed} for no key update
    ), written as (
      update ${table} as t
      set ${assign(
        columns.filter(({ property }) => properties.includes(property)),
        cell,
      )}
      from held${values('$2')}
      where t.${key} = held.key and ${isInTime('$3')} and ${isExpected('$4')} ${returning}
    )${recorded('written')}
    select held.version::text as held, written.version, written.json
    from held left join written on true`

  return {
    insert: `${insert} returning 1 as inserted`,
    upsert: recording(`${insert}
      on conflict (${key}) do update set ${assign(columns, ({ column }) => `excluded.${column}`)}
      where ${isInTime('$3')} ${returning}`),
    version: recording(`update ${table} as t set ${version} = ${nextVersion}
      where ${row} and ${isInTime('$2')} ${returning}`),
    hold: `select t.${version}::text as version, ${json} as json
      from ${table} as t where ${row}${claimed} for no key update`,
    replace: recording(`update ${table} as t set ${assign(columns, cell)}
      from (select 1) as one${values('$2')} where ${row} and ${isInTime('$3')} ${returning}`),
    patch(properties) {
      const id = properties.join('\0')
      const text = patches.get(id) ?? patch(properties)
      patches.set(id, text)
      return text
    },
    delete: `
      with held as (
        select t.${key} as key, t.${version} as version
        from ${table} as t where ${row}${claimed} for update
      ), gone as (
        delete from ${table} as t using held
        where t.${key} = held.key and ${isInTime('$2')} and ${isExpected('$3')}
        returning ${nextVersion}::text as version
      )${recorded('gone')}
      select held.version::text as held, gone.version from held left join gone on true`,
  }
}

function isExpected(parameter: string): string {
  return `(${parameter}::bigint[] is null or held.version = any (${parameter}::bigint[]))`
}
