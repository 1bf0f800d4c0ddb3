import { InvalidArgumentError } from '../contract/errors.ts'
import type { SqlDriver } from './sql-driver.ts'
import { identifier, literal } from './sql-text.ts'

/** Where a mapped table is, and which property is which column. */
export interface TableOptions<Value> {
  readonly schema: string
  readonly table: string
  /** The column of the key: a primary key or a unique index of its own. */
  readonly key: string
  /** The column of the version: `bigint not null`. Default `version`. */
  readonly versionColumn?: string
  /** The sequence of versions, in `schema`, with CACHE 1. Default `cache_version`, which `migrate` creates. */
  readonly versionSequence?: string
  /** Property to column, for every property of a value; the key's too, when values hold it. */
  readonly columns: { readonly [Property in keyof Value & string]: string }
}

/** A property and its column: quoted names, and the column's type as SQL. */
export interface MappedColumn {
  readonly property: string
  readonly column: string
  readonly type: string
}

/** A checked table, as fragments of SQL. Names are quoted and qualified. */
export interface TableMapping {
  readonly table: string
  readonly key: string
  readonly keyType: string
  /** Keys are numbers in JavaScript. */
  readonly isNumericKey: boolean
  /** The property that holds the key, when values have one. */
  readonly keyProperty: string | undefined
  readonly version: string
  /** `nextval(...)` of the sequence of versions. */
  readonly nextVersion: string
  readonly versionSequence: string
  /** Every property, in the order of the options. */
  readonly properties: readonly string[]
  /** What writes set: all but the key. */
  readonly columns: readonly MappedColumn[]
  /** The value of row `t` as JSON text, with the properties' names. */
  readonly json: string
  /** `(name type, ...)`: what `jsonb_to_record` reads from a value. */
  readonly record: string
}

interface CatalogColumn {
  readonly name: string
  readonly type: string
  readonly base: string
  readonly is_not_null: boolean
  readonly is_unique: boolean
}

const integers = ['smallint', 'integer', 'bigint']

/** Checks the options against the database's catalog. Rejects with `INVALID_ARGUMENT` when they do not fit. */
export async function mapTable<Value extends object>(
  driver: SqlDriver,
  options: TableOptions<Value>,
): Promise<TableMapping> {
  const schema = identifier(options.schema, 'schema')
  const table = `${schema}.${identifier(options.table, 'table')}`
  const key = identifier(options.key, 'key')
  const versionColumn = options.versionColumn ?? 'version'
  const version = identifier(versionColumn, 'versionColumn')
  const sequenceName = options.versionSequence ?? 'cache_version'
  const sequence = `${schema}.${identifier(sequenceName, 'versionSequence')}`
  const pairs = checkedColumns(options.columns, versionColumn)

  const catalog = await readCatalog(driver, table)
  const keyColumn = find(catalog, 'key', options.key)
  if (!keyColumn.is_unique) {
    throw new InvalidArgumentError('key', 'a column with a unique index of its own', options.key)
  }
  const { type, is_not_null } = find(catalog, 'versionColumn', versionColumn)
  if (type !== 'bigint' || !is_not_null) {
    throw new InvalidArgumentError('versionColumn', 'a bigint that is not null', versionColumn)
  }
  await checkSequence(driver, sequence)

  const mapped = pairs.map(([property, column]) => ({
    property,
    isKey: column === options.key,
    column: identifier(column, `columns.${property}`),
    type: find(catalog, `columns.${property}`, column).type,
  }))
  const columns = mapped.filter(({ isKey }) => !isKey)
  return {
    table,
    key,
    keyType: keyColumn.base,
    isNumericKey: integers.includes(keyColumn.base),
    keyProperty: mapped.find(({ isKey }) => isKey)?.property,
    version,
    nextVersion: `nextval(${literal(sequence)}::regclass)`,
    versionSequence: sequence,
    properties: mapped.map(({ property }) => property),
    columns,
    json: `(select row_to_json(v)::text from (select ${mapped.map(asJson).join(', ')}) as v)`,
    record: `(${columns.map((item) => `${name(item.property)} ${item.type}`).join(', ')})`,
  }
}

/** A property as the name of an SQL column. */
export function name(property: string): string {
  return identifier(property, `columns.${property}`)
}

function checkedColumns(columns: unknown, versionColumn: string): [string, string][] {
  if (typeof columns !== 'object' || columns === null || Object.keys(columns).length === 0) {
    throw new InvalidArgumentError('columns', 'properties and their columns', columns)
  }
  const pairs = Object.entries(columns as Record<string, string>)
  const seen = new Set([versionColumn])
  for (const [property, column] of pairs) {
    if (seen.has(column)) {
      throw new InvalidArgumentError(`columns.${property}`, 'a column of its own', column)
    }
    seen.add(column)
  }
  return pairs
}

async function readCatalog(driver: SqlDriver, table: string): Promise<readonly CatalogColumn[]> {
  return await driver.query<CatalogColumn>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       format_type(a.atttypid, null) as base, a.attnotnull as is_not_null,
       exists (select from pg_index i where i.indrelid = a.attrelid and i.indisunique
         and i.indnkeyatts = 1 and i.indkey[0] = a.attnum and i.indpred is null) as is_unique
     from pg_attribute a
     where a.attrelid = to_regclass($1::text) and a.attnum > 0 and not a.attisdropped`,
    [table],
  )
}

function find(catalog: readonly CatalogColumn[], what: string, column: string): CatalogColumn {
  const found = catalog.find(({ name }) => name === column)
  if (found !== undefined) return found
  const expected =
    catalog.length === 0
      ? 'an existing table'
      : `one of the columns ${catalog.map(({ name }) => name).join(', ')}`
  throw new InvalidArgumentError(what, expected, column)
}

async function checkSequence(driver: SqlDriver, sequence: string): Promise<void> {
  const [found] = await driver.query<{ cache: string }>(
    'select seqcache::text as cache from pg_sequence where seqrelid = to_regclass($1::text)',
    [sequence],
  )
  if (found === undefined) {
    throw new InvalidArgumentError('versionSequence', 'a sequence (migrate makes one)', sequence)
  }
  if (found.cache !== '1') {
    // Numbers cached by a connection are handed out later than higher ones of another.
    throw new InvalidArgumentError('versionSequence', 'a sequence with CACHE 1', sequence)
  }
}

// JSON has no exact number for these, and PostgreSQL's own text of an instant follows the session.
function asJson({ property, column, type }: MappedColumn): string {
  const cell = `t.${column}`
  const base = type.replace(/\(.*?\)/, '')
  if (base === 'bigint') {
    const isSafe = `${cell} between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`
    return `case when ${isSafe} then to_json(${cell}) else to_json(${cell}::text) end as ${name(property)}`
  }
  if (base === 'numeric') return `${cell}::text as ${name(property)}`
  if (base === 'timestamp with time zone') {
    const utc = `to_char(${cell} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    return `${utc} as ${name(property)}`
  }
  return `${cell} as ${name(property)}`
}
