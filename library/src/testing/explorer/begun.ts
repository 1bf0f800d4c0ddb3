import type { Floors } from './register.ts'
import type { Operation, ReadAnswer, WriteAnswer } from './scenario.ts'

/** An operation that has begun. */
export interface Begun {
  readonly actor: string
  readonly operation: Operation<never>
  /** What it writes, if it writes a row. */
  readonly by: string
  readonly since: Floors
  /** At which step. */
  readonly startedAt: number
}

/** An operation that has ended. */
export interface Answered extends Begun {
  readonly answer?: unknown
  readonly error?: unknown
}

/** How an operation ended, for the reader of a schedule. */
export function endingText({ operation, answer, error }: Answered): string {
  if (error !== undefined) return `rejects: ${(error as Error).message}`
  if (operation.kind === 'touch') return 'is done'
  if (operation.kind === 'write') return `is acknowledged: ${(answer as WriteAnswer).status}`
  const { row, version = 0, isStale = false } = answer as ReadAnswer
  const at = row === undefined || version === 0 ? '' : ` (version ${version})`
  return `returns ${row?.by ?? 'absent'}${at}${isStale ? ', labelled stale' : ''}`
}
