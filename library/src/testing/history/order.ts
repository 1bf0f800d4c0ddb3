import { type Deletes, deletesOf } from './deletes.ts'
import { effectiveEnd, type KeyHistory } from './key-history.ts'
import type { HistoryOperation, HistoryRead, HistoryViolation, HistoryWrite } from './operation.ts'
import { isBefore, type Position, start } from './position.ts'

/** Reads below what was confirmed before they began, by their operation. */
export function judgeConfirmed(history: KeyHistory): Map<HistoryOperation, HistoryViolation> {
  const violations = new Map<HistoryOperation, HistoryViolation>()
  const isFloor = ({ operation }: Placed) =>
    operation.kind === 'write' && operation.outcome === 'confirmed'
  sweep(history, isFloor, ({ operation }, { floor, violates }) => {
    if (operation.kind !== 'read' || violates !== 'floor' || !floor.operation) return
    const { key } = history
    const message = `${key}: a read shows ${shown(operation)}, and ${floor.position.version} was confirmed before it began`
    violations.set(operation, {
      ...{ key, reason: 'older-than-confirmed', operation, message },
      against: floor.operation,
    })
  })
  return violations
}

/** All operations that stand in the order of effects behind one that began after their end, or that show what was to come. */
export function judgeOrder(
  history: KeyHistory,
  older: ReadonlyMap<HistoryOperation, HistoryViolation>,
): HistoryViolation[] {
  const violations: HistoryViolation[] = []
  const { key } = history
  sweep(
    history,
    () => true,
    ({ operation }, { floor, violates }) => {
      const known = older.get(operation)
      if (known !== undefined) violations.push(known)
      else if (violates !== undefined) {
        const against = violates === 'floor' ? floor.operation : violates
        const reason = operation.kind === 'read' ? 'not-linearizable' : 'version-order'
        const message = explain(key, operation, violates === 'floor' ? floor : undefined)
        violations.push({ key, reason, operation, ...(against && { against }), message })
      }
    },
  )
  return violations
}

function explain(key: string, operation: HistoryOperation, floor: Floor | undefined): string {
  const what = `${key}: a ${operation.kind} shows ${shown(operation)}`
  if (floor === undefined) return `${what}, whose write had not begun when it ended`
  const before = floor.operation?.kind === 'read' ? 'read' : 'acknowledged'
  return `${what}, and ${floor.position.version} was ${before} before it began`
}

function shown({ version }: HistoryOperation): string {
  return version === null ? 'nothing' : `version ${version ?? 'unknown'}`
}

/** An operation with its place, once it is known. */
interface Placed {
  readonly operation: HistoryOperation
  readonly endsAt: number
  position: Position | undefined
}

/** The highest place of what ended before, and who took it: nobody at the start. */
export interface Floor {
  readonly position: Position
  readonly operation?: HistoryOperation
}

interface Verdict {
  readonly floor: Floor
  /** Its floor, or the write that it shows and that was still to come. */
  readonly violates: 'floor' | HistoryWrite | undefined
}

/** Places the operations in the order of their begins; each is bound by the highest place of those that ended before. */
function sweep(
  history: KeyHistory,
  isFloor: (placed: Placed) => boolean,
  judge: (placed: Placed, verdict: Verdict) => void,
): void {
  const deletes = deletesOf(history)
  const begins = placedOf(history, deletes)
  const ends = begins.filter((each) => each.endsAt < Number.POSITIVE_INFINITY && isFloor(each))
  ends.sort((one, other) => one.endsAt - other.endsAt)
  const writes = firstWrites(history)
  const { initial } = history
  let floor: Floor = {
    position: initial === undefined ? start : { version: initial.version, rank: 1 },
  }
  let next = 0
  for (const placed of begins) {
    const { operation } = placed
    for (let ended = ends[next]; ended && ended.endsAt < operation.startedAt; ended = ends[next]) {
      const { position } = ended
      if (position && isBefore(floor.position, position)) {
        floor = { position, operation: ended.operation }
      }
      next += 1
    }
    judge(placed, { floor, violates: place(placed, floor, { deletes, writes }) })
  }
}

/** Gives it the lowest place that it can have; none, and so no say in later ones, if it can have none. */
function place(
  placed: Placed,
  floor: Floor,
  { deletes, writes }: { deletes: Deletes; writes: ReadonlyMap<number, HistoryWrite> },
): Verdict['violates'] {
  const { operation } = placed
  if (operation.kind === 'read' && operation.version === null) {
    placed.position = deletes.placeOf(operation, floor)
    return placed.position === undefined ? 'floor' : undefined
  }
  // A delete of unknown version: above all that it followed.
  if (placed.position === undefined) {
    placed.position = { version: floor.position.version, rank: 2 }
    return undefined
  }
  if (operation.kind === 'read') {
    const write = writes.get(placed.position.version)
    if (write !== undefined && write.startedAt > operation.endedAt) {
      placed.position = undefined
      return write
    }
  }
  // It may never have taken effect.
  const isOptional = operation.kind === 'write' && isUnknownDelete(operation)
  return isOptional || !isBefore(placed.position, floor.position) ? undefined : 'floor'
}

function isUnknownDelete({ outcome, value }: HistoryWrite): boolean {
  return outcome === 'unknown' && value === null
}

function placedOf({ reads, versioned, vagueDeletes, initial }: KeyHistory, deletes: Deletes) {
  const versions = new Set([initial?.version, ...versioned.map(({ version }) => version)])
  const placed: Placed[] = []
  for (const { write, version } of versioned) {
    placed.push({ operation: write, endsAt: effectiveEnd(write), position: { version, rank: 0 } })
  }
  for (const read of reads) placed.push(placedRead(read, versions))
  for (const operation of vagueDeletes) {
    placed.push({ operation, endsAt: effectiveEnd(operation), position: deletes.pinned })
  }
  return placed.sort((one, other) => one.operation.startedAt - other.operation.startedAt)
}

function placedRead(read: HistoryRead, versions: ReadonlySet<number | undefined>): Placed {
  const { version, endedAt } = read
  const position = version === null ? undefined : ({ version, rank: 1 } as const)
  // What nobody wrote is judged elsewhere, and binds nobody.
  const isUnwritten = version !== null && !versions.has(version)
  return { operation: read, endsAt: isUnwritten ? Number.POSITIVE_INFINITY : endedAt, position }
}

/** Of each version, the write that began first. */
function firstWrites({ versioned }: KeyHistory): ReadonlyMap<number, HistoryWrite> {
  const first = new Map<number, HistoryWrite>()
  for (const { write, version } of versioned) {
    const known = first.get(version)
    if (known === undefined || write.startedAt < known.startedAt) first.set(version, write)
  }
  return first
}
