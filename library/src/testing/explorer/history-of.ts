import type { HistoryOperation } from '../history/operation.ts'
import type { Answered, Begun } from './begun.ts'
import type { ReadAnswer, WriteAnswer } from './scenario.ts'
import { key } from './table.ts'
import type { World } from './world.ts'

type Ended = Answered & { readonly endedAt: number }

/** What the callers of a world saw, as `checkHistory` takes it. Values that carry no version get the one of their row. */
export function historyOf<Cache>(
  world: World<Cache>,
  answered: readonly Ended[],
): readonly HistoryOperation[] {
  const versionOf = (by: string) =>
    world.table.commits.find((commit) => commit.by === by)?.version ?? 0
  const ended = answered.flatMap((each) => {
    if (each.operation.kind === 'touch') return []
    return each.operation.kind === 'read' ? readOf(each, versionOf) : writeOf(each, versionOf)
  })
  const unanswered = world.unanswered().filter(({ operation }) => operation.kind === 'write')
  return [...ended, ...unanswered.map((begun) => unknown(begun))]
}

function readOf(
  { startedAt, endedAt, answer, error }: Ended,
  versionOf: (by: string) => number,
): HistoryOperation[] {
  if (error !== undefined) return []
  const { row, version = 0, isStale = false } = answer as ReadAnswer
  const read = { kind: 'read', key, startedAt, endedAt, isStale } as const
  if (row === undefined) return [{ ...read, version: null }]
  return [{ ...read, version: version === 0 ? versionOf(row.by) : version, value: row.by }]
}

function writeOf(ended: Ended, versionOf: (by: string) => number): HistoryOperation[] {
  const { by, startedAt, endedAt, answer, error, operation } = ended
  if (error !== undefined) return [unknown(ended)]
  const { status, version = 0 } = answer as WriteAnswer
  if (status === 'nothing') return []
  const isDelete = operation.kind === 'write' && operation.isDelete === true
  const what = isDelete ? { version, value: null } : { version: versionOf(by), value: by }
  return [{ kind: 'write', key, startedAt, endedAt, outcome: status, ...what }]
}

function unknown({ by, startedAt, operation }: Begun): HistoryOperation {
  const isDelete = operation.kind === 'write' && operation.isDelete === true
  const value = isDelete ? null : by
  const endedAt = Number.POSITIVE_INFINITY
  return { kind: 'write', key, startedAt, endedAt, outcome: 'unknown', value }
}
