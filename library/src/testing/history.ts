import { groupByKey } from './history/key-history.ts'
import type { HistoryOperation, HistoryViolation, InitialVersions } from './history/operation.ts'
import { judgeConfirmed, judgeOrder } from './history/order.ts'
import { judgeVersions } from './history/versions.ts'

/** What a history holds, and what is wrong with it. */
export interface HistoryReport {
  /** Checked ones: neither labelled stale nor of another kind. */
  readonly reads: number
  readonly writes: number
  readonly labelledStale: number
  /** Reads below the highest version that was confirmed before they began. */
  readonly olderThanConfirmed: readonly HistoryViolation[]
  /** All operations that no order explains, those of `olderThanConfirmed` among them. */
  readonly nonLinearizable: readonly HistoryViolation[]
  /** Values that are not those of their versions, and versions that nobody wrote. */
  readonly other: readonly HistoryViolation[]
}

/**
 * Checks what callers saw of versioned registers, each key by itself, in O(n log n).
 *
 * Versions give the order of effects. So a history is linearizable exactly if no operation that ended
 * before another one began stands behind it in that order: a read is at or above all that was acknowledged or read
 * before it began, its write began before it ended, and a write is above all that was acknowledged or read before it
 * began (Gibbons and Korach, "Testing Shared Memories", 1997: with the order of writes given, it is a matter of sorting).
 * An absence is the smallest delete that fits: later operations are then bound as little as can be.
 *
 * A key that `initial` does not name was absent. Values of one key should differ, by them versions of unanswered writes
 * are learned. Where a delete has no version, an absence may be any delete that could stand there: no violation is
 * invented, but one that needs two deletes where only one was sent can go unnoticed.
 *
 * Throws a TypeError for an acknowledged write that is no delete and has no version, a RangeError for an operation that
 * ends before it starts.
 */
export function checkHistory(
  operations: readonly HistoryOperation[],
  initial: InitialVersions = new Map(),
): HistoryReport {
  const olderThanConfirmed: HistoryViolation[] = []
  const nonLinearizable: HistoryViolation[] = []
  const other: HistoryViolation[] = []
  const counts = { reads: 0, writes: 0, labelledStale: 0 }
  for (const history of groupByKey(operations, initial)) {
    counts.reads += history.reads.length
    counts.writes += history.writes
    counts.labelledStale += history.labelledStale
    other.push(...judgeVersions(history))
    const older = judgeConfirmed(history)
    olderThanConfirmed.push(...older.values())
    nonLinearizable.push(...judgeOrder(history, older))
  }
  return { ...counts, olderThanConfirmed, nonLinearizable, other }
}
