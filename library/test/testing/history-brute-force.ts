import type { HistoryOperation, HistoryWrite, InitialVersions } from 'caching-patterns/testing'

/** What a register holds: of a write whose answer told no version, the write. */
interface State {
  readonly last: number
  readonly by: number | HistoryWrite | undefined
  readonly isAbsent: boolean
  readonly value: string | undefined
  /** Versions that reads told of unanswered writes. */
  readonly bound: ReadonlyMap<HistoryWrite, number>
}

/** Tries every order of one key's operations: slow, and simple enough to be believed. */
export function isLinearizable(
  operations: readonly HistoryOperation[],
  initial: InitialVersions,
): boolean {
  const first = initial.get(operations[0]?.key ?? '')
  const checked = operations.filter((each) => each.kind === 'write' || !each.isStale)
  return search(checked, {
    last: first?.version ?? Number.NEGATIVE_INFINITY,
    by: first?.version,
    isAbsent: first === undefined,
    value: first?.value,
    bound: new Map(),
  })
}

function search(left: readonly HistoryOperation[], state: State): boolean {
  if (left.every((each) => each.kind === 'write' && each.outcome === 'unknown')) return true
  const firstEnd = Math.min(...left.map(endOf))
  return left.some((operation) => {
    if (operation.startedAt > firstEnd) return false
    const next = operation.kind === 'write' ? write(operation, state) : read(operation, state)
    return (
      next !== undefined &&
      search(
        left.filter((each) => each !== operation),
        next,
      )
    )
  })
}

function endOf(operation: HistoryOperation): number {
  const isOpen = operation.kind === 'write' && operation.outcome === 'unknown'
  return isOpen ? Number.POSITIVE_INFINITY : operation.endedAt
}

function write(operation: HistoryWrite, state: State): State | undefined {
  const { version, value } = operation
  if (version !== undefined && version <= state.last) return undefined
  return {
    last: version ?? state.last,
    by: version ?? operation,
    isAbsent: value === null,
    value: value ?? undefined,
    bound: state.bound,
  }
}

function read(
  { version, value }: Extract<HistoryOperation, { kind: 'read' }>,
  state: State,
): State | undefined {
  if (version === null) return state.isAbsent ? state : undefined
  if (state.isAbsent || (value !== undefined && value !== state.value)) return undefined
  if (typeof state.by === 'number') return state.by === version ? state : undefined
  if (state.by === undefined) return undefined
  const bound = state.bound.get(state.by)
  if (bound !== undefined) return bound === version ? state : undefined
  if (version <= state.last) return undefined
  return { ...state, last: version, bound: new Map([...state.bound, [state.by, version]]) }
}
