import assert from 'node:assert/strict'
import type {
  FlushableSource,
  FlushOutcome,
  FlushRow,
  Row,
  SourceContext,
  VersionedSource,
  WriteContext,
} from '../../contract/source.ts'

/** The rows that the suite writes: map them to a table with a text and an integer column, neither null. */
export interface ContractValue {
  readonly name: string
  readonly count: number
}

/** A promise of the contract, and how to see it kept. */
export interface Check<Source> {
  readonly title: string
  readonly check: (source: Source) => Promise<void>
}

/** The half of the contract that write-through needs. */
export type Versioned<Key> = VersionedSource<Key, ContractValue>

/** The context of a load that everybody waits for. */
export const reading: SourceContext = { signal: new AbortController().signal }

/** The context of a write that has time. */
export function inTime(): WriteContext {
  return { deadlineAt: Date.now() + 60_000 }
}

/** The context of a write that comes a second too late. */
export function tooLate(): WriteContext {
  return { deadlineAt: Date.now() - 1_000 }
}

/** A new row. */
export async function inserted<Key>(
  source: Versioned<Key>,
  value: ContractValue = { name: 'Ada', count: 1 },
): Promise<{ readonly key: Key; readonly row: Row<ContractValue> }> {
  const key = await source.nextKey()
  return { key, row: await source.insert(key, value, inTime()) }
}

/** The row as it stands; `undefined` when there is none. */
export async function standing<Key>(
  source: Versioned<Key>,
  key: Key,
): Promise<Row<ContractValue> | undefined> {
  return (await source.load(key, reading)) ?? undefined
}

/** That the row stands there with this name, count and version. */
export async function assertStands<Key>(
  source: Versioned<Key>,
  key: Key,
  value: ContractValue,
  version: number,
): Promise<void> {
  const row = await standing(source, key)
  assert.ok(row, 'the row is absent')
  assert.deepEqual({ ...contentOf(row.value), version: row.version }, { ...value, version })
}

/** The two fields of the suite, whatever else the source keeps beside them. */
export function contentOf({ name, count }: ContractValue): ContractValue {
  return { name, count }
}

/** That a write happened, and what it left. */
export function written<Outcome extends { readonly outcome: string }>(
  outcome: Outcome,
): Extract<Outcome, { readonly outcome: 'written' }> {
  assert.equal(outcome.outcome, 'written')
  return outcome as Extract<Outcome, { readonly outcome: 'written' }>
}

/** That a promise rejects with this code of the library. */
export async function assertRejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal((error as { readonly code?: unknown } | null)?.code, code)
    return true
  })
}

/** An accepted write, or with `undefined` an accepted delete. */
export function flushRow<Key>(key: Key, version: number, value?: ContractValue): FlushRow<Key> {
  return { key, version, json: value === undefined ? null : JSON.stringify(value), partition: 0 }
}

/** The journal whose rows the suite flushes. */
export const journal = 'contract:1:'

/** Flushes as a process that has just taken the rows' partition, 0. */
export async function flushed<Key>(
  source: FlushableSource<Key, ContractValue>,
  rows: readonly FlushRow<Key>[],
  context: WriteContext = inTime(),
): Promise<readonly FlushOutcome[]> {
  const [epoch = 0] = await source.raiseEpochs(journal, [0], inTime())
  return source.flush(rows, { ...context, fence: { journal, epochs: new Map([[0, epoch]]) } })
}
