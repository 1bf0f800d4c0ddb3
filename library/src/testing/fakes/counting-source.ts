import type { Clock } from '../../contract/clock.ts'
import type { Version } from '../../contract/entry.ts'
import { writeTimeout } from '../../contract/errors.ts'
import type {
  Change,
  DeleteOutcome,
  Expectation,
  FlushableSource,
  FlushContext,
  FlushFailure,
  FlushOutcome,
  FlushRow,
  Row,
  WriteContext,
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

/** What a `countingSource` refuses. */
export interface CountingSourceOptions {
  /** Writes after their deadline are refused by this clock. Default: deadlines are ignored. */
  readonly clock?: Clock
  /** The SQLSTATE with which a flush of this row fails, and with it its batch. Default: none does. */
  readonly refuses?: (row: FlushRow<string>) => string | undefined
}

/**
 * A table in memory, with text keys and versions 1, 2, 3, ..., that counts its calls: the source
 * for tests that ask "how many loads?". Calls take effect when made, and are answered in a
 * microtask. To a flush, an error whose `sqlstate` is of class 22, 23 or 42 is poison (23503 and
 * 23505: retried alone), any other is transient.
 */
export function countingSource<Value extends object>(
  rows: Readonly<Record<string, Value>> = {},
  options: CountingSourceOptions = {},
): { readonly source: FlushableSource<string, Value>; readonly counts: Counts<Value> } {
  const table = new Table(rows, options)
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
  readonly #epochs = new Map<string, number>()
  #lastVersion: Version = 0
  #lastKey = 0
  readonly #options: CountingSourceOptions

  constructor(rows: Readonly<Record<string, Value>>, options: CountingSourceOptions) {
    this.#options = options
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

  async insert(key: string, value: Partial<Value>, context: WriteContext): Promise<Row<Value>> {
    this.#assertInTime(context)
    if (this.rows.has(key)) {
      throw Object.assign(new Error(`key ${key} is taken`), { sqlstate: '23505' })
    }
    return this.#write(key, value as Value)
  }

  async update(
    key: string,
    change: Change<Value>,
    context: WriteContext & Expectation,
  ): Promise<WriteOutcome<Value>> {
    this.#assertInTime(context)
    const row = this.rows.get(key)
    if (row === undefined) return { outcome: 'missing' }
    const value = typeof change === 'function' ? change(row.value) : { ...row.value, ...change }
    return conflict(row, context.versions) ?? written(this.#write(key, value), true)
  }

  async put(
    key: string,
    value: Value,
    context: WriteContext & Expectation,
  ): Promise<WriteOutcome<Value>> {
    this.#assertInTime(context)
    const row = this.rows.get(key)
    if (row === undefined && context.versions !== undefined) return { outcome: 'missing' }
    return conflict(row, context.versions) ?? written(this.#write(key, value), row !== undefined)
  }

  async delete(key: string, context: WriteContext & Expectation): Promise<DeleteOutcome> {
    this.#assertInTime(context)
    const row = this.rows.get(key)
    if (row === undefined) return { outcome: 'missing' }
    const refused = conflict(row, context.versions)
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

  async raiseEpochs(
    journal: string,
    partitions: readonly number[],
    context: WriteContext,
  ): Promise<number[]> {
    this.#assertInTime(context)
    return partitions.map((partition) => {
      const epoch = this.#epochOf(journal, partition) + 1
      this.#epochs.set(`${journal} ${partition}`, epoch)
      return epoch
    })
  }

  async flush(rows: readonly FlushRow<string>[], context: FlushContext): Promise<FlushOutcome[]> {
    this.#assertInTime(context)
    const { journal, epochs } = context.fence
    for (const row of rows) {
      const sqlstate = this.#options.refuses?.(row)
      if (sqlstate !== undefined) {
        throw Object.assign(new Error(`row ${row.key} is refused`), { sqlstate })
      }
    }
    return rows.map((row) => {
      const isFenced = epochs.get(row.partition) !== this.#epochOf(journal, row.partition)
      return isFenced ? { outcome: 'fenced' } : this.#flushRow(row)
    })
  }

  classify(error: unknown): FlushFailure {
    const sqlstate = String((error as { sqlstate?: unknown } | null | undefined)?.sqlstate ?? '')
    if (sqlstate === '23503' || sqlstate === '23505') return { kind: 'retry-alone', sqlstate }
    return { kind: /^(22|23|42)/.test(sqlstate) ? 'poison' : 'transient', sqlstate }
  }

  #epochOf(journal: string, partition: number): number {
    return this.#epochs.get(`${journal} ${partition}`) ?? 0
  }

  #assertInTime({ deadlineAt }: WriteContext): void {
    const { clock } = this.#options
    if (clock !== undefined && clock.now() > deadlineAt) throw writeTimeout()
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
