import { writeTimeout } from '../contract/errors.ts'
import type { FlushableSource, FlushOutcome, FlushRow } from '../contract/source.ts'
import { keyText } from './keys.ts'
import { deadlineText, type SqlDriver } from './sql-driver.ts'
import { arrayText } from './sql-text.ts'
import { name, type TableMapping } from './table-mapping.ts'
import { isInTime } from './write-sql.ts'

interface FlushedRow {
  readonly applied: boolean
  /** The version that stood there before this statement. */
  readonly standing: string | null
  /** Its partition has another epoch than the fence names. */
  readonly fenced: boolean
}

/**
 * Writes accepted values and deletes in one statement: all or none but the fenced ones. Each is guarded by its version,
 * so that a late or repeated flush never puts an older value over a newer one, and by the epoch of its partition, so that a
 * late one never brings back a row that was deleted since. The deadline is compared when the statement
 * starts; waits for locks inside it are the driver's to bound.
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
      arrayText(rows.map(({ json }) => json)),
      deadlineText(driver, context),
      arrayText(rows.map(({ partition }) => partition)),
      journal,
      arrayText(partitions),
      arrayText(partitions.map((partition) => fence.get(partition) ?? 0)),
    ]
    const flushed = await driver.write<FlushedRow>(text, parameters, context)
    if (flushed.length !== rows.length) throw writeTimeout()
    const outcomes = rows.map((row, index) => outcomeOf(row, flushed[index] as FlushedRow))
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
  const cells = ['i.key', ...columns.map(({ property }) => `d.${name(property)}`), 'i.version']
  const values =
    columns.length === 0 ? '' : `cross join jsonb_to_record(i.value::jsonb) as d ${record}`
  const replaced = [...columns.map(({ column }) => column), version]
  // Locked and inserted in the order of the keys: two flushes of the same rows wait for each other, and do not deadlock.
  return `
    with fence as (
      select e.partition from ${epochs} as e
      join unnest($7::integer[], $8::bigint[]) as f (partition, epoch) using (partition, epoch)
      where e.journal = $6::text order by e.partition for share of e
    ), given as (
      select u.key, u.version, u.value, u.place, fence.partition is null as fenced
      from unnest($1::${keyType}[], $2::bigint[], $3::text[], $5::integer[])
        with ordinality as u (key, version, value, partition, place)
      left join fence using (partition)
      where ${isInTime('$4')}
    ), input as (
      select * from given where not fenced
    ), gone as (
      delete from ${table} as t using input as i
      where i.value is null and t.${key} = i.key and t.${version} <= i.version
      returning i.place
    ), stored as (
      insert into ${table} as t (${names.join(', ')})
      select ${cells.join(', ')} from input as i ${values}
      where i.value is not null order by i.key
      on conflict (${key}) do update
      set ${replaced.map((column) => `${column} = excluded.${column}`).join(', ')}
      where t.${version} < excluded.${version}
      returning t.${key} as key
    )
    select gone.place is not null or stored.key is not null as applied,
      before.${version}::text as standing, i.fenced
    from given as i
    left join gone on gone.place = i.place
    left join stored on stored.key = i.key
    left join ${table} as before on before.${key} = i.key
    order by i.place`
}

/** `undefined`: it stands there already, or another write came between the statement's snapshot and its guard. */
function outcomeOf<Key>(
  { version, json }: FlushRow<Key>,
  { applied, standing, fenced }: FlushedRow,
): FlushOutcome | undefined {
  if (fenced) return { outcome: 'fenced' }
  if (applied) return { outcome: 'applied' }
  if (standing === null) return json === null ? { outcome: 'applied' } : undefined
  const other = Number(standing)
  return other > version ? { outcome: 'newer', version: other } : undefined
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
