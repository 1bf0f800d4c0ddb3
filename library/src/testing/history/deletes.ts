import { effectiveEnd, type KeyHistory } from './key-history.ts'
import type { HistoryOperation, HistoryRead, HistoryWrite } from './operation.ts'
import { isBefore, type Position, start } from './position.ts'

/** The absences of a key. */
export interface Deletes {
  /** Where the one delete of unknown version stands, if there is one alone; then its place can be told. */
  readonly pinned: Position | undefined
  /** The lowest absence that is not below the floor, and whose delete began before the read ended. */
  placeOf(
    read: HistoryRead,
    floor: { readonly position: Position; readonly operation?: HistoryOperation },
  ): Position | undefined
}

/** A delete whose place is known. */
interface Known {
  /** The place of reads that show it. */
  readonly shown: Position
  readonly startedAt: number
}

export function deletesOf(history: KeyHistory): Deletes {
  const { initial, versioned, vagueDeletes } = history
  const known: Known[] = versioned
    .filter(({ write }) => write.value === null)
    .map(({ write, version }) => ({
      shown: { version, rank: 1 },
      startedAt: write.startedAt,
    }))
  const [only, ...more] = vagueDeletes
  const isPinned = only && more.length === 0 && known.length === 0 && initial !== undefined
  const pinned = isPinned ? pin(history, only) : undefined
  if (only && pinned) {
    known.push({ shown: { ...pinned, rank: 3 }, startedAt: only.startedAt })
  }
  known.sort((one, other) => one.shown.version - other.shown.version)
  const lowest = lowestOf(known)
  const couldBeVague = anyOf(pinned ? [] : vagueDeletes)
  return {
    pinned,
    placeOf(read, floor) {
      if (initial === undefined && floor.position === start) return start
      // Just above the floor: no delete of known version is lower. It may be the absence of the floor itself.
      const { version, rank } = floor.position
      if (rank > 1 || couldBeVague(read, floor.operation)) return { version, rank: 3 }
      return lowest(read, floor.position)
    },
  }
}

/** Above all that ended before it began, or before the last read began that shows it, save what came after its end. */
function pin({ reads, versioned, initial }: KeyHistory, only: HistoryWrite): Position {
  const lastShown = reads.findLast((read) => read.version === null)
  const until = Math.max(only.startedAt, lastShown?.startedAt ?? 0)
  let version = initial?.version ?? Number.NEGATIVE_INFINITY
  const follows = ({ startedAt }: HistoryOperation, endsAt: number, other: number) => {
    if (endsAt < until && startedAt <= effectiveEnd(only)) version = Math.max(version, other)
  }
  for (const each of versioned) follows(each.write, effectiveEnd(each.write), each.version)
  for (const read of reads) {
    if (read.version !== null) follows(read, read.endedAt, read.version)
  }
  return { version, rank: 2 }
}

/** Finds the lowest of `known`, sorted by place, that fits. */
function lowestOf(known: readonly Known[]) {
  // The earliest begin from each place on: says when to give up.
  const earliest = known.map(({ startedAt }) => startedAt)
  for (let index = earliest.length - 2; index >= 0; index -= 1) {
    earliest[index] = Math.min(earliest[index] as number, earliest[index + 1] as number)
  }
  return (read: HistoryRead, floor: Position): Position | undefined => {
    const isBelow = ({ shown }: Known) => isBefore(shown, floor)
    for (let index = firstNot(known, isBelow); index < known.length; index += 1) {
      if ((earliest[index] as number) > read.endedAt) return undefined
      const { shown, startedAt } = known[index] as Known
      if (startedAt <= read.endedAt) return shown
    }
    return undefined
  }
}

/** Whether one of several deletes could stand above the floor: it had begun, and was not over when the floor's operation began. */
function anyOf(deletes: readonly HistoryWrite[]) {
  let latest = Number.NEGATIVE_INFINITY
  const latestEnds = deletes.map((write) => {
    latest = Math.max(latest, effectiveEnd(write))
    return latest
  })
  return (read: HistoryRead, floor: HistoryOperation | undefined): boolean => {
    const begun = firstNot(deletes, ({ startedAt }) => startedAt <= read.endedAt)
    const lastEnd = latestEnds[begun - 1] ?? Number.NEGATIVE_INFINITY
    return begun > 0 && lastEnd >= (floor?.startedAt ?? Number.NEGATIVE_INFINITY)
  }
}

/** The first index of which `isBelow`, true up to some place in the list, is false. */
function firstNot<Item>(list: readonly Item[], isBelow: (item: Item) => boolean): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBelow(list[middle] as Item)) low = middle + 1
    else high = middle
  }
  return low
}
