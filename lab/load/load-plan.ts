import type { ReadOutcome } from '../replay/cache-status.ts'
import type { Operation, OperationKind } from '../workloads/operation.ts'
import type { Latencies } from './latencies.ts'

/** What is sent, to whom, and how fast. */
export interface LoadPlan {
  /** Each request goes to the next of them in turn. */
  readonly urls: readonly string[]
  readonly operations: Iterator<Operation>
  readonly pace: Pace | Instants
  /** No request is due after so long; those under way are awaited. Default: until the operations end. */
  readonly forMs?: number
  /** No answer within it, since it was due, is an error, `TIMEOUT`. Default 10 s. */
  readonly deadlineMs?: number
  /** Told of every request that has ended, in order of their ends. Its time is that of the load. */
  readonly onExchange?: (exchange: Exchange) => void
}

/**
 * `perSecond`: an open loop. Requests are due at their instants, whether or not others were answered, and latencies
 * count from when a request was due: who waits to be sent waits as well (coordinated omission is corrected).
 * `clients`: a closed loop, each client sends when its last request was answered.
 */
export type Pace = { readonly perSecond: number } | { readonly clients: number }

/** An open loop whose instants are given: in milliseconds since its begin, ascending. It ends with them. */
export interface Instants {
  readonly atMs: Iterator<number>
}

/** One request from when it was due to the end of its answer. Instants by `performance.now()`. */
export interface Exchange {
  readonly operation: Operation
  /** User that was asked for, or, of a `post`, made; undefined: it was not. */
  readonly id: number | undefined
  /** What a write sent; the `name` differs in each. */
  readonly name: string | undefined
  readonly url: string
  readonly dueAt: number
  /** It went on its connection, or began to make one; not before: when it was given up. */
  readonly sentAt: number
  readonly endedAt: number
  /** 0: no answer. */
  readonly status: number
  /** Status as text, or what went wrong on the wire: `TIMEOUT`, `ECONNRESET`; undefined: 2xx, 304 or 404. */
  readonly error: string | undefined
  /** Of a read, by `Cache-Status`. */
  readonly outcome: ReadOutcome | undefined
  /** A read that says that it may be older than what was acknowledged, whatever its outcome. */
  readonly isLabelledStale?: boolean
  /** By `ETag`; undefined: none. */
  readonly version: number | undefined
  /** Of a write, by `Write-Status`. */
  readonly writeStatus: string | undefined
}

/** What came of it, by the clock and the counts of the client. */
export interface LoadResult {
  /** From the first request to the last that was sent within `forMs`, and its answer. */
  readonly ms: number
  readonly requests: number
  readonly kinds: Readonly<Record<OperationKind, KindResult>>
  /** Latencies of reads by how they were answered. */
  readonly reads: Readonly<Record<ReadOutcome, Latencies>>
  readonly hitRatio: number | undefined
  /** Answers 404. */
  readonly absent: number
  /** Of an open loop: requests that were sent more than 10 ms after they were due; the generator is at its limit. */
  readonly sentLate: number
}

export interface KindResult {
  readonly requests: number
  /** Of answers without an error. */
  readonly latencies: Latencies
  readonly errors: Readonly<Record<string, number>>
}
