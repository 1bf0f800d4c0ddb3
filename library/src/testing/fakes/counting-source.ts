import type { Version } from '../../contract/entry.ts'
import type {
  Change,
  DeleteOutcome,
  Expectation,
  FlushableSource,
  FlushFailure,
  FlushOutcome,
  FlushRow,
  Row,
  WriteOutcome,
} from '../../contract/source.ts'
import { intercepted } from './intercepted.ts'

/** How often the methods of a `countingSource` were called, and what stands in it. */
export interface Counts<Value> {
  /** Of one method, or of all. */
  calls(method?: string): number
  /** The row as it stands; `undefined` when there is none. Not counted. */
  row(key: string): Row<Value> | undefined
}

/**
 * A table in memory, with text keys and versions 1, 2, 3, ..., that counts its calls: the source
 * for tests that ask "how many loads?". Calls take effect when made and are answered in a
 * microtask; deadlines are ignored. To a flush, an error whose `sqlstate` is of class 22, 23 or 42
 * is poison (23503 and 23505: retried alone), any other is transient.
 */
export function countingSource<Value extends object>(
  rows: Readonly<Record<string, Value>> = {},
): { readonly source: FlushableSource<string, Value>; readonly counts: Counts<Value> } {
  const table = new Table(rows)
  const made: string[] = []
  const source = intercepted(
    table,
    () => true,
    (call) => {
      made.push(call.method)
      return call.execute()
    },
  )
  return {
    source,
    counts: {
      calls: (method) =>
        method === undefined ? made.length : made.filter((name) => name === method).length,
      row: (key) => table.rows.get(key),
    },
  }
}

class Table<Value extends object> implements FlushableSource<string, Value> {
  readonly versioned = true
  readonly name = 'counting'
  readonly rows = new Map<string, Row<Value>>()
  #lastVersion: Version = 0
  #lastKey = 0

  constructor(rows: Readonly<Record<string, Value>>) {
    for (const [key, value] of Object.entries(rows)) this.#write(key, value)
  }

  async load(key: string): Promise<Row<Value> | undefined> {
    return this.rows.get(key)
  }

  async loadMany(keys: readonly string[]): Promise<(Row<Value> | undefined)[]> {
    return keys.map((key) => this.rows.get(key))
  }

  async nextKey(): Promise<string> {
    do this.#lastKey++
    while (this.rows.has(String(this.#lastKey)))
    return String(this.#lastKey)
  }

  async insert(key: string, value: Partial<Value>): Promise<Row<Value>> {
    if (this.rows.has(key)) {
      throw Object.assign(new Error(`key ${key} is taken`), { sqlstate: '23505' })
    }
    return this.#write(key, value as Value)
  }

  async update(
    key: string,
    change: Change<Value>,
    { versions }: Expectation,
  ): Promise<WriteOutcome<Value>> {
    const row = this.rows.get(key)
    if (row === undefined) return { outcome: 'missing' }
    const value = typeof change === 'function' ? change(row.value) : { ...row.value, ...change }
    return conflict(row, versions) ?? written(this.#write(key, value), true)
  }

  async put(key: string, value: Value, { versions }: Expectation): Promise<WriteOutcome<Value>> {
    const row = this.rows.get(key)
    if (row === undefined && versions !== undefined) return { outcome: 'missing' }
    return conflict(row, versions) ?? written(this.#write(key, value), row !== undefined)
  }

  async delete(key: string, { versions }: Expectation): Promise<DeleteOutcome> {
    const row = this.rows.get(key)
    if (row === undefined) return { outcome: 'missing' }
    const refused = conflict(row, versions)
    if (refused !== undefined) return refused
    this.rows.delete(key)
    return { outcome: 'deleted', version: ++this.#lastVersion }
  }

  complete(_key: string, change: Partial<Value>, current: Value | undefined): Value {
    return { ...current, ...change } as Value
  }

  parseKey(text: string): string {
    return text
  }

  async flush(rows: readonly FlushRow<string>[]): Promise<FlushOutcome[]> {
    return rows.map((row) => this.#flushRow(row))
  }

  classify(error: unknown): FlushFailure {
    const sqlstate = String((error as { sqlstate?: unknown } | null)?.sqlstate ?? '08000')
    if (sqlstate === '23503' || sqlstate === '23505') return { kind: 'retry-alone', sqlstate }
    return { kind: /^(22|23|42)/.test(sqlstate) ? 'poison' : 'transient', sqlstate }
  }

  #write(key: string, value: Value): Row<Value> {
    const row = { value: structuredClone(value), version: ++this.#lastVersion }
    this.rows.set(key, row)
    return row
  }

  #flushRow({ key, version, json }: FlushRow<string>): FlushOutcome {
    const row = this.rows.get(key)
    if (row !== undefined && row.version > version)
      return { outcome: 'newer', version: row.version }
    if (json === null) this.rows.delete(key)
    else this.rows.set(key, { value: JSON.parse(json) as Value, version })
    return { outcome: 'applied' }
  }
}

function written<Value>(row: Row<Value>, existed: boolean): WriteOutcome<Value> {
  return { outcome: 'written', value: row.value, version: row.version, existed }
}

function conflict(
  row: Row<unknown> | undefined,
  versions: Expectation['versions'],
): { outcome: 'conflict'; version: Version } | undefined {
  if (row === undefined || versions === undefined || versions.includes(row.version))
    return undefined
  return { outcome: 'conflict', version: row.version }
}
