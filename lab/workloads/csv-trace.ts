import { CsvError, parse } from 'csv-parse/sync'
import { Failure } from '../replay/failure.ts'
import { memcachedKinds } from './memcached.ts'
import { type OperationKind, operationKinds } from './operation.ts'

/** One request of a trace, in the words of its file. */
export interface CsvRequest {
  readonly atSeconds: number
  /** In small letters. */
  readonly word: string
  readonly kind: OperationKind
  readonly key: string
  readonly bytes: number
}

type Column = 'time' | 'operation' | 'key' | 'size'
type Line = Readonly<Record<Column, string>>

const columns: readonly Column[] = ['time', 'operation', 'key', 'size']

const words: Readonly<Record<string, OperationKind>> = {
  ...memcachedKinds,
  ...Object.fromEntries(operationKinds.map((kind) => [kind, kind])),
}

/**
 * Requests of a CSV file, `time, operation, key, size`; a header may give the columns another order. Throws a `Failure`
 * that names the first line which is none.
 */
export function csvTrace(text: string, file: string): CsvRequest[] {
  const lines = linesOf(text, file)
  const first = lines[0] ?? { record: [], number: 1 }
  const names = first.record.map((name) => name.toLowerCase())
  const hasHeader = names.includes('operation') && names.includes('key')
  if (hasHeader && !columns.every((column) => names.includes(column))) {
    throw bad({ file, number: first.number }, `the columns ${columns.join(', ')}`, names.join(','))
  }
  const order = columns.map((column) => (hasHeader ? names : columns).indexOf(column))
  const requests = hasHeader ? lines.slice(1) : lines
  if (requests.length === 0) throw new Failure(`--trace: ${JSON.stringify(file)} holds no request`)
  return requests.map(({ record, number }) => {
    const where = { file, number }
    if (record.length !== names.length || record.length < columns.length) {
      const expected = hasHeader ? names : columns
      throw bad(where, `${expected.length} columns, ${expected.join(', ')}`, record.join(','))
    }
    const [time = '', operation = '', key = '', size = ''] = order.map((index) => record[index])
    return requestOf({ time, operation, key, size }, where)
  })
}

interface Place {
  readonly file: string
  readonly number: number
}

function linesOf(text: string, file: string): { record: string[]; number: number }[] {
  try {
    const parsed: unknown = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    })
    return (parsed as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => {
      return { record, number: info.lines }
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Failure(`--trace: ${JSON.stringify(file)} is no CSV: ${error.message.split('\n')[0]}`)
  }
}

function requestOf({ time, operation, key, size }: Line, where: Place): CsvRequest {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(time)) throw bad(where, 'a time in seconds', time)
  const word = operation.toLowerCase()
  const kind = Object.hasOwn(words, word) ? words[word] : undefined
  if (kind === undefined) throw bad(where, `one of ${Object.keys(words).join(', ')}`, operation)
  if (key === '') throw bad(where, 'a key', key)
  if (!/^[0-9]{0,10}$/.test(size)) throw bad(where, 'a size in bytes, or none', size)
  return { atSeconds: Number(time), word, kind, key, bytes: Number(size) }
}

function bad({ file, number }: Place, expected: string, received: string): Failure {
  return new Failure(
    `--trace: ${JSON.stringify(file)}, line ${number}: expected ${expected}, received ${JSON.stringify(received)}`,
  )
}
