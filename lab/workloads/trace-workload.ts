import { basename } from 'node:path'
import { readTraceText, traceOf } from '../replay/trace.ts'
import { seededRandom } from '../soak/random.ts'
import { csvTrace } from './csv-trace.ts'
import { instantsOf } from './instants.ts'
import { notesOnCommands } from './memcached.ts'
import { type Operation, type OperationKind, operationKinds } from './operation.ts'
import { takenBytes } from './value-bytes.ts'
import type { Workload } from './workload.ts'

export interface TraceOptions {
  /** Where the streams after the first begin. */
  readonly seed: number
}

/** Of files that come with the lab. */
const sources: Readonly<Record<string, string>> = {
  'web07.txt.gz':
    'https://github.com/cache2k/cache2k-benchmark, headissue GmbH, Jens Wilke, CC BY 4.0',
}

/**
 * The requests of a file, in its order: one key a line, each a GET, or CSV of `time, operation, key, size`; plain or
 * gzipped. Keys become users 1, 2, 3... as they appear. Throws a `Failure` of one line for a file that is neither.
 */
export async function traceWorkload(file: string, { seed }: TraceOptions): Promise<Workload> {
  const { operations, keys, notes, atMs } = requestsOf(await readTraceText(file), file)
  const name = basename(file)
  return {
    description: {
      title: `trace ${name}`,
      ...(sources[name] === undefined ? {} : { source: sources[name] }),
      keys,
      mix: mixOf(operations),
      valueBytes: meanBytes(operations),
      seed,
      requests: operations.length,
      notes,
    },
    ...(atMs && { atMs }),
    operations(stream = 0) {
      const { length } = operations
      const from = stream === 0 ? 0 : Math.floor(seededRandom(seed, stream)() * length)
      return [...operations.slice(from), ...operations.slice(0, from)].values()
    },
  }
}

interface Requests {
  readonly operations: readonly Operation[]
  readonly keys: number
  readonly notes: readonly string[]
  readonly atMs?: readonly number[]
}

function requestsOf(text: string, file: string): Requests {
  const ids = new Map<string, number>()
  const idOf = (key: string) => {
    const id = ids.get(key) ?? ids.size + 1
    ids.set(key, id)
    return id
  }
  // A key that has a comma would be read as CSV, and refused for its columns.
  const isCsv = text.trimStart().split('\n', 1)[0]?.includes(',')
  if (!isCsv) {
    const operations = traceOf(text, file).keys.map((key): Operation => {
      return { kind: 'get', key: idOf(key), bytes: 0 }
    })
    return { operations, keys: ids.size, notes: [] }
  }
  const requests = csvTrace(text, file)
  const operations = requests.map(({ kind, key, bytes }): Operation => {
    return { kind, key: idOf(key), bytes: isWrite(kind) ? takenBytes(bytes) : 0 }
  })
  const changed = requests.filter(
    ({ kind, bytes }) => isWrite(kind) && takenBytes(bytes) !== bytes,
  ).length
  const seconds = (requests.at(-1)?.atSeconds ?? 0) - (requests[0]?.atSeconds ?? 0)
  const notes = [
    `its ${requests.length.toLocaleString('en')} requests took ${seconds.toLocaleString('en')} s; the load says how fast they are sent`,
    ...notesOnCommands(requests.map(({ word }) => word)),
    ...(changed === 0
      ? []
      : [
          `values of ${changed.toLocaleString('en')} writes are of a length that a user cannot have: the nearest was taken`,
        ]),
  ]
  const atMs = instantsOf(requests.map(({ atSeconds }) => atSeconds))
  return { operations, keys: ids.size, notes, atMs }
}

function isWrite(kind: OperationKind): boolean {
  return kind === 'put' || kind === 'post'
}

function mixOf(operations: readonly Operation[]): Record<OperationKind, number> {
  const mix = { get: 0, post: 0, put: 0, delete: 0 }
  for (const { kind } of operations) mix[kind] += 1
  for (const kind of operationKinds) mix[kind] /= operations.length
  return mix
}

function meanBytes(operations: readonly Operation[]): number {
  const writes = operations.filter(({ kind }) => isWrite(kind))
  const sum = writes.reduce((all, { bytes }) => all + bytes, 0)
  return writes.length === 0 ? 0 : Math.round(sum / writes.length)
}
