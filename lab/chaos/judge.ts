import { checkHistory, type HistoryReport, type HistoryViolation } from 'caching-patterns/testing'
import type { Committed, Standing } from './audit.ts'
import type { Log } from './log.ts'
import { lastVersion, type RecordedRead, type RecordedWrite } from './record.ts'

/** Reads of a row that was written, and not acknowledged. */
export interface OlderThanRow {
  readonly reads: number
  /** The longest time after its commit at which something older was read. */
  readonly longestMs: number
}

export interface Judgement {
  readonly report: HistoryReport
  readonly operations: number
  /** Writes of unknown outcome, and how many of them were committed. */
  readonly unknownWrites: number
  readonly unknownCommitted: number
  readonly unconfirmedWrites: number
  readonly olderThanRow: OlderThanRow
  /** Writes that were refused and committed, or acknowledged and not. */
  readonly lies: readonly string[]
}

/** Holds what clients saw against the rules, and against what the database committed. */
export function judge(
  log: Log,
  standing: readonly Standing[],
  committed: readonly Committed[],
): Judgement {
  const initial = new Map(standing.map(({ key, ...held }) => [key, held]))
  const report = checkHistory(completed(log.operations, committed), initial)
  const writes = log.operations.filter((each) => each.kind === 'write')
  const unknown = writes.filter(({ outcome }) => outcome === 'unknown')
  const durable = new Map(committed.map((each) => [idOf(each), each]))
  return {
    report,
    operations: log.operations.length,
    unknownWrites: unknown.length,
    unknownCommitted: unknown.filter((write) => durable.has(idOfWrite(write))).length,
    unconfirmedWrites: writes.filter(({ outcome }) => outcome === 'unconfirmed').length,
    olderThanRow: olderThanRow(log.operations, durable),
    lies: lies(log, writes, durable),
  }
}

/** By its value, which is unique; a delete, the only one of its key, by the key. */
function idOf({ key, name }: Committed): string {
  return name === null ? `delete ${key}` : `write ${name}`
}

function idOfWrite({ key, value }: RecordedWrite): string {
  return value === null ? `delete ${key}` : `write ${value}`
}

/** With the versions that the database knows, and nobody was told. */
function completed(operations: Log['operations'], committed: readonly Committed[]) {
  const versions = new Map(committed.map(({ name, version }) => [name, version]))
  return operations.map((operation) => {
    if (operation.kind === 'read' || operation.version !== undefined) return operation
    const version = versions.get(operation.value ?? null)
    return version === undefined ? operation : { ...operation, version }
  })
}

function lies(
  { refused }: Log,
  writes: readonly RecordedWrite[],
  durable: ReadonlyMap<string, Committed>,
): string[] {
  const found: string[] = []
  for (const value of refused) {
    if (durable.has(`write ${value}`)) found.push(`"${value}" was refused, and is committed`)
  }
  for (const write of writes) {
    const { outcome, key, value, version, by } = write
    if (outcome === 'unknown') continue
    const row = durable.get(idOfWrite(write))
    const what = value === null ? `the delete of ${key}` : `"${value}" of ${key}`
    if (row === undefined) found.push(`${what} was acknowledged by ${by}, and is not committed`)
    else if (value !== null && row.version !== version) {
      found.push(`${what} was acknowledged as ${version} by ${by}, and committed as ${row.version}`)
    }
  }
  return found
}

/** Nobody was promised anything: but for how long is the old value read? */
function olderThanRow(
  operations: Log['operations'],
  durable: ReadonlyMap<string, Committed>,
): OlderThanRow {
  const unacknowledged = new Map<string, { readonly at: number; readonly version: number }[]>()
  const reads: RecordedRead[] = []
  for (const operation of operations) {
    if (operation.kind === 'read') {
      if (!operation.isStale) reads.push(operation)
      continue
    }
    const row = operation.outcome === 'confirmed' ? undefined : durable.get(idOfWrite(operation))
    if (row === undefined) continue
    const { at, name } = row
    const written = { at, version: name === null ? lastVersion : row.version }
    unacknowledged.set(operation.key, [...(unacknowledged.get(operation.key) ?? []), written])
  }
  let [count, longestMs] = [0, 0]
  for (const { key, version, startedAt } of reads) {
    const older = (unacknowledged.get(key) ?? []).filter(
      (written) => written.at < startedAt && (version ?? lastVersion) < written.version,
    )
    if (older.length === 0) continue
    count += 1
    longestMs = Math.max(longestMs, ...older.map(({ at }) => startedAt - at))
  }
  return { reads: count, longestMs: Math.round(longestMs) }
}

/** A violation in a line, with who said so. */
export function lineOf({ operation, against, reason, message }: HistoryViolation): string {
  return `${reason}: ${message}; ${textOf(operation)}${against === undefined ? '' : ` after ${textOf(against)}`}`
}

function textOf(operation: HistoryViolation['operation']): string {
  const { by = '', said = '' } = operation as Partial<RecordedRead>
  const { kind, startedAt, endedAt } = operation
  const outcome = operation.kind === 'write' ? `${operation.outcome} ` : ''
  return `${outcome}${kind} of ${by} [${said}] ${startedAt.toFixed(1)}..${endedAt.toFixed(1)}`
}
