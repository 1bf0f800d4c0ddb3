import type { Version } from '../contract/entry.ts'
import { writeTimeout } from '../contract/errors.ts'
import type {
  DeleteOutcome,
  Expectation,
  Row,
  VersionedSource,
  WriteContext,
  WriteOutcome,
} from '../contract/source.ts'
import { type Completion, toJson } from './completion.ts'
import { keyText } from './keys.ts'
import type { OutboxSql } from './outbox/place.ts'
import { type SelectedRow, toRow } from './reading.ts'
import { deadlineText, type SqlDriver } from './sql-driver.ts'
import { arrayText } from './sql-text.ts'
import type { TableMapping } from './table-mapping.ts'
import { type WriteSql, writeSql } from './write-sql.ts'

/** Where writes go. With an outbox they record there what they did. */
export interface WriteTarget {
  readonly driver: SqlDriver
  readonly mapping: TableMapping
  readonly outbox: OutboxSql | undefined
}

interface HeldRow {
  readonly held: string
  readonly version: string | null
}

interface WrittenRow extends HeldRow {
  readonly json: string | null
}

/** The writing half of a mapped table. */
export function writes<Key, Value extends object>(
  { driver, mapping, outbox }: WriteTarget,
  completion: Completion<Key, Value>,
): Pick<VersionedSource<Key, Value>, 'insert' | 'update' | 'put' | 'delete'> {
  const table: Table<Key, Value> = {
    driver,
    mapping,
    completion,
    sql: writeSql(mapping, outbox),
  }
  return {
    insert: (key, value, context) => insert(table, key, value, context),
    update: async (key, change, context) =>
      typeof change === 'function'
        ? updateBy(table, key, change, context)
        : patch(table, key, completion.patch(key, change), context),
    // A version is expected of a row that is there: nothing to insert then.
    put: async (key, value, context) =>
      context.versions === undefined
        ? upsert(table, key, value, context)
        : patch(table, key, completion.whole(key, value), context),
    delete: (key, context) => remove(table, key, context),
  }
}

interface Table<Key, Value extends object> {
  readonly driver: SqlDriver
  readonly mapping: TableMapping
  readonly completion: Completion<Key, Value>
  readonly sql: WriteSql
}

async function insert<Key, Value extends object>(
  { driver, mapping, completion, sql }: Table<Key, Value>,
  key: Key,
  value: Partial<Value>,
  context: WriteContext,
): Promise<Row<Value>> {
  const id = keyText(mapping, key)
  const json = toJson(completion.complete(key, value, undefined))
  return await driver.transaction(async (tx) => {
    const [inserted] = await tx.query(sql.insert, [id, json, deadlineText(driver, context)])
    if (inserted === undefined) throw writeTimeout(key)
    const [row] = await tx.query<SelectedRow>(sql.version, [id, deadlineText(driver, context)])
    return inTime<Value>(row, key)
  }, context)
}

async function upsert<Key, Value extends object>(
  { driver, mapping, completion, sql }: Table<Key, Value>,
  key: Key,
  value: Value,
  context: WriteContext,
): Promise<WriteOutcome<Value>> {
  const id = keyText(mapping, key)
  const json = toJson(completion.whole(key, value))
  return await driver.transaction(async (tx) => {
    const [row] = await tx.query<SelectedRow>(sql.upsert, [id, json, deadlineText(driver, context)])
    const stored = inTime<Value>(row, key)
    if (stored.version !== 0) return written(stored, true)
    const [versioned] = await tx.query<SelectedRow>(sql.version, [
      id,
      deadlineText(driver, context),
    ])
    return written(inTime<Value>(versioned, key), false)
  }, context)
}

async function patch<Key, Value extends object>(
  { driver, mapping, sql }: Table<Key, Value>,
  key: Key,
  values: Partial<Value>,
  context: WriteContext & Expectation,
): Promise<WriteOutcome<Value>> {
  const id = keyText(mapping, key)
  const properties = mapping.columns.map(({ property }) => property)
  const [row] = await driver.write<WrittenRow>(
    sql.patch(properties.filter((property) => property in values)),
    [id, toJson(values), deadlineText(driver, context), versionsText(context)],
    context,
  )
  if (row === undefined) return { outcome: 'missing' }
  if (row.version === null || row.json === null) return refusal(row, context, key)
  return written(toRow({ version: row.version, json: row.json }), true)
}

async function updateBy<Key, Value extends object>(
  { driver, mapping, completion, sql }: Table<Key, Value>,
  key: Key,
  change: (current: Value) => Value,
  context: WriteContext & Expectation,
): Promise<WriteOutcome<Value>> {
  const id = keyText(mapping, key)
  return await driver.transaction<WriteOutcome<Value>>(async (tx) => {
    const [held] = await tx.query<SelectedRow>(sql.hold, [id])
    if (held === undefined) return { outcome: 'missing' }
    const current = toRow<Value>(held)
    const conflict = conflictWith(current.version, context)
    if (conflict !== undefined) return conflict
    const json = toJson(completion.next(key, change(current.value)))
    const [row] = await tx.query<SelectedRow>(sql.replace, [
      id,
      json,
      deadlineText(driver, context),
    ])
    return written(inTime<Value>(row, key), true)
  }, context)
}

async function remove<Key, Value extends object>(
  { driver, mapping, sql }: Table<Key, Value>,
  key: Key,
  context: WriteContext & Expectation,
): Promise<DeleteOutcome> {
  const [row] = await driver.write<HeldRow>(
    sql.delete,
    [keyText(mapping, key), deadlineText(driver, context), versionsText(context)],
    context,
  )
  if (row === undefined) return { outcome: 'missing' }
  if (row.version === null) return refusal(row, context, key)
  return { outcome: 'deleted', version: Number(row.version) }
}

function inTime<Value>(row: SelectedRow | undefined, key: unknown): Row<Value> {
  if (row === undefined) throw writeTimeout(key)
  return toRow<Value>(row)
}

function written<Value>(row: Row<Value>, existed: boolean): WriteOutcome<Value> {
  return { outcome: 'written', value: row.value, version: row.version, existed }
}

/** Why a row that is there was not written. */
function refusal({ held }: HeldRow, expectation: Expectation, key: unknown): Conflict {
  const conflict = conflictWith(Number(held), expectation)
  if (conflict === undefined) throw writeTimeout(key)
  return conflict
}

type Conflict = { readonly outcome: 'conflict'; readonly version: Version }

function conflictWith(version: Version, { versions }: Expectation): Conflict | undefined {
  if (versions === undefined || versions.includes(version)) return undefined
  return { outcome: 'conflict', version }
}

function versionsText({ versions }: Expectation): string | null {
  return versions === undefined ? null : arrayText(versions)
}
