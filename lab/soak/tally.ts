import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { ReadOutcome } from '../replay/cache-status.ts'

export const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const
export type Method = (typeof methods)[number]

/** What the clients sent to one process, and were answered. */
export class Tally {
  readonly reads: Record<ReadOutcome, number> = {
    hit: 0,
    miss: 0,
    stale: 0,
    negative: 0,
    bypass: 0,
  }
  /** Misses that waited for another's load. */
  collapsed = 0
  /** Reads labelled as perhaps old, of which nothing is expected. */
  labelledStale = 0
  /** Conditional writes that make the service look the user up first: reads whose outcome no header tells. */
  hiddenReads = 0
  writes = 0
  /** Refused because another user has the email: the library counts a failed write. */
  emailTaken = 0
  accepted = 0
  unconfirmed = 0
  /** Of which nobody can tell whether the service counted them: no answer, or a 5xx. */
  unsureReads = 0
  unsureWrites = 0
  readonly statuses: Record<Method, Record<string, number>> = {
    GET: {},
    POST: {},
    PUT: {},
    DELETE: {},
  }
  readonly latencies: Record<Method, RecordableHistogram> = {
    GET: newHistogram(),
    POST: newHistogram(),
    PUT: newHistogram(),
    DELETE: newHistogram(),
  }

  /** Answers of any kind, and failures. */
  requests = 0

  /** `status`: a number, or the name of a failure. */
  answered(method: Method, status: number | string, ms: number): void {
    this.requests += 1
    const times = this.statuses[method]
    times[status] = (times[status] ?? 0) + 1
    this.latencies[method].record(Math.min(60_000_000, Math.max(1, Math.round(ms * 1_000))))
  }
}

/** Of microseconds, up to a minute. */
export function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 60_000_000, figures: 3 })
}
