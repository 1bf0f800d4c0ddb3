import type { FlushFailure } from '../contract/source.ts'

// Every class that PostgreSQL knows starts so; `EPIPE` and other system errors of five letters do not.
const sqlstate = /^[0-9FHPX][0-9A-Z]{4}$/

// Connection lost, statement completion unknown, server shutting down: COMMIT may have been executed.
const leavesOutcomeOpen = /^(?:08|40003|57P0)/

// The session is over, or its state is nobody's guess.
const endsSession = /^(?:08|25P0[34]|40003|57P|58|F0|XX)/

const poison = /^(?:22|42|23502|23514|44|54)/
// 28 and 3D: nobody is let in, or not to this database, whatever the row. 3F, 42P01, 42703: the table is not as it was.
const transient = /^(?:08|25|28|3D|3F|40|53|55|57|58|XX|42P01|42703)/

/** The SQLSTATE of an error that the server sent, or an empty string. */
export function sqlstateOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && sqlstate.test(code) ? code : ''
}

/** Whether an error of a statement or COMMIT proves that its transaction was rolled back. */
export function provesRollback(error: unknown): boolean {
  const state = sqlstateOf(error)
  return state !== '' && !leavesOutcomeOpen.test(state)
}

/** Whether the connection that this error came on is as good as before: the server refused a statement, and goes on. */
export function leavesSessionUsable(error: unknown): boolean {
  const state = sqlstateOf(error)
  return state !== '' && !endsSession.test(state)
}

/**
 * Whether a prepared statement failed because it is none any more: the columns of its answer changed
 * with a table, or someone deallocated it. Nothing of it was executed.
 */
export function isStalePlan(error: unknown): boolean {
  const state = sqlstateOf(error)
  const { routine } = (error ?? {}) as { readonly routine?: unknown }
  return state === '26000' || (state === '0A000' && routine === 'RevalidateCachedQuery')
}

/**
 * What a failed flush is to do. Values that no retry will make valid are `poison`; constraints that
 * another row may satisfy or free, and whatever a trigger raises, are retried alone; a server that
 * is away or overloaded is `transient`, and so are a table that is missing or closed to this role, which says
 * nothing of a row, and everything that came without a SQLSTATE.
 */
export function classifySqlError(error: unknown): FlushFailure {
  const state = sqlstateOf(error)
  if (state === '' || transient.test(state) || isDeniedTable(error, state)) {
    return { kind: 'transient', sqlstate: state }
  }
  return { kind: poison.test(state) ? 'poison' : 'retry-alone', sqlstate: state }
}

/** A right that is missing, not a row that a policy refuses: both have one SQLSTATE. */
function isDeniedTable(error: unknown, state: string): boolean {
  if (state !== '42501') return false
  return (error as { readonly routine?: unknown }).routine !== 'ExecWithCheckOptions'
}
