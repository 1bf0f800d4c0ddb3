import { writeTimeout } from '../contract/errors.ts'
import type { FlushableSource, FlushOutcome, FlushRow } from '../contract/source.ts'
import { keyText } from './keys.ts'
import { deadlineText, type SqlDriver } from './sql-driver.ts'
import { arrayText } from './sql-text.ts'
import type { TableMapping } from './table-mapping.ts'
import { isInTime } from './write-sql.ts'

interface Flushed {
  /** Partitions that have the epochs which the fence names, with commas between them. */
  readonly mine: string
  /** JSON; `null` when every row of these partitions was written. Keys as the column's type writes them. */
  readonly left_out: string | null
  readonly is_in_time: boolean
  /** Each value is one JSON object. */
  readonly is_whole: boolean
}

interface LeftOut {
  /** Of the rows of `mine`, in their order. */
  readonly asked: readonly string[]
  /** In any order. */
  readonly applied: readonly string[] | null
}

const applied: FlushOutcome = { outcome: 'applied' }
const fenced: FlushOutcome = { outcome: 'fenced' }

/**
 * Writes accepted values and deletes in one statement: all or none but the fenced ones. Each is guarded by its version,
 * so that a late or repeated flush never puts an older value over a newer one, and by the epoch of its partition, so that a
 * late one never brings back a row that was deleted since. The deadline is compared when the epochs are
 * locked; waits for locks of rows are the driver's to bound.
 */
export function flushTo<Key>(
  driver: SqlDriver,
  mapping: TableMapping,
  epochs: string,
): FlushableSource<Key, unknown>['flush'] {
  const text = flushSql(mapping, epochs)
  return async (rows, context) => {
    if (rows.length === 0) return []
    const { journal, epochs: fence } = context.fence
    const partitions = [...new Set(rows.map(({ partition }) => partition))].sort((a, b) => a - b)
    const parameters = [
      arrayText(rows.map(({ key }) => keyText(mapping, key))),
      arrayText(rows.map(({ version }) => version)),
      arrayText(rows.map(({ partition }) => partition)),
      arrayText(rows.map(({ json }) => (json === null ? 1 : 0))),
      `[${rows.map(({ json }) => json ?? '{}').join(',')}]`,
      deadlineText(driver, context),
      journal,
      arrayText(partitions),
      arrayText(partitions.map((partition) => fence.get(partition) ?? 0)),
    ]
    const [flushed] = await driver.write<Flushed>(text, parameters, context)
    const outcomes = outcomesOf(rows, flushed)
    return outcomes.includes(undefined)
      ? await askAgain(driver, mapping, rows, outcomes)
      : (outcomes as FlushOutcome[])
  }
}

function flushSql(
  { table, key, keyType, version, columns, record }: TableMapping,
  epochs: string,
): string {
  const names = [key, ...columns.map(({ column }) => column), version]
  // by place: a property may have any name
  const cells = columns.map((_, index) => `c${index + 1}`)
  const values =
    columns.length === 0 ? '' : `, jsonb_to_recordset((select value from given)) as ${record}`
  const replaced = [...columns.map(({ column }) => column), version]
  // Inserted in the order of the keys: two flushes of the same rows wait for each other, and do not deadlock.
  // Nothing is joined but with the table, by its key: it is planned once, for any number of rows.
  return `
    with fence as (
      select e.partition from ${epochs} as e
      join unnest($8::integer[], $9::bigint[]) as f (partition, epoch) using (partition, epoch)
      where e.journal = $7::text order by e.partition for share of e
    ), given as materialized (
      select mine, value, ${isInTime('$6')} as is_in_time,
        jsonb_array_length(value) = cardinality($2::bigint[]) as is_whole
      from (select array(select partition from fence) as mine, $5::jsonb as value offset 0) as g
    ), input as (
      select u.* from rows from (
        unnest($1::${keyType}[]), unnest($2::bigint[]), unnest($3::integer[]), unnest($4::integer[])${values}
      ) with ordinality as u (${['key', 'version', 'partition', 'gone', ...cells, 'place'].join(', ')})
      cross join given
      where is_in_time and is_whole and u.partition = any (given.mine)
    ), gone as (
      delete from ${table} as t using input as i
      where i.gone = 1 and t.${key} = i.key and t.${version} <= i.version
      returning t.${key} as key
    ), stored as (
      insert into ${table} as t (${names.join(', ')})
      select ${['key', ...cells, 'version'].map((cell) => `i.${cell}`).join(', ')} from input as i
      where i.gone = 0 order by i.key
      on conflict (${key}) do update
      set ${replaced.map((column) => `${column} = excluded.${column}`).join(', ')}
      where t.${version} < excluded.${version}
      returning t.${key} as key
    ), applied as (
      select key from stored union all select key from gone
    )
    select array_to_string(mine, ',') as mine, is_in_time, is_whole,
      case when (select count(*) from applied) < (select count(*) from input) then json_build_object(
        'asked', (select json_agg(key::text order by place) from input),
        'applied', (select json_agg(key::text) from applied)
      )::text end as left_out
    from given`
}

/** `undefined`: it stands there already, or something newer does. */
function outcomesOf<Key>(
  rows: readonly FlushRow<Key>[],
  flushed: Flushed | undefined,
): (FlushOutcome | undefined)[] {
  if (flushed === undefined || !flushed.is_in_time) throw writeTimeout()
  if (!flushed.is_whole) {
    throw Object.assign(new Error('flush: a value is no JSON object'), { code: '22P02' })
  }
  const mine = new Set(flushed.mine.split(',').filter(Boolean).map(Number))
  const isLeftOut = leftOutOf(flushed)
  let place = 0
  return rows.map(({ partition }) => {
    if (!mine.has(partition)) return fenced
    return isLeftOut(place++) ? undefined : applied
  })
}

/** Of the rows of `mine`, by their places among these. */
function leftOutOf({ left_out: text }: Flushed): (place: number) => boolean {
  if (text === null) return () => false
  const { asked, applied } = JSON.parse(text) as LeftOut
  const written = new Set(applied)
  return (place) => !written.has(asked[place] as string)
}

/** Looks up what stands there now. A value that was refused and is gone by now fell to a newer delete. */
async function askAgain<Key>(
  driver: SqlDriver,
  { table, key, keyType, version }: TableMapping,
  rows: readonly FlushRow<Key>[],
  outcomes: readonly (FlushOutcome | undefined)[],
): Promise<FlushOutcome[]> {
  const open = rows.filter((_, index) => outcomes[index] === undefined)
  const found = await driver.query<{ key: string; version: string }>(
    `select t.${key}::text as key, t.${version}::text as version
     from ${table} as t where t.${key} = any ($1::${keyType}[])`,
    [arrayText(open.map((row) => String(row.key)))],
  )
  const versions = new Map(found.map((row) => [row.key, Number(row.version)]))
  return rows.map((row, index) => {
    const known = outcomes[index]
    if (known !== undefined) return known
    const other = versions.get(String(row.key))
    if (other === undefined && row.json === null) return { outcome: 'applied' }
    // My own, from an attempt whose answer was lost.
    if (other === row.version && row.json !== null) return { outcome: 'applied' }
    return { outcome: 'newer', version: Math.max(other ?? 0, row.version) }
  })
}
