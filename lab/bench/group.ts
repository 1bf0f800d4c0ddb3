import type { Comparison } from './comparison.ts'
import type { Ranking } from './ranking.ts'

/** A process that does the work of a subject. */
export interface Worker {
  /** CPU time that it has used since its start, of all its threads, in microseconds. */
  cpuUs(): number | Promise<number>
  /** Leaves little garbage of one sample to the next. */
  collectGarbage(): void | Promise<void>
  /** From the next `collectGarbage` on it counts what it allocates. Every collection takes longer then, and longer each time. */
  countAllocation?(): void | Promise<void>
  /** Bytes that it has allocated since the last `collectGarbage`, if it counts them. */
  allocatedBytes?(): number | Promise<number>
}

/** Something that is measured. */
export interface Subject {
  readonly name: string
  readonly worker: Worker
  /** What has to be there before so many operations; neither its time nor its CPU time counts. */
  prepare?(operations: number): Promise<void>
  /** Does so many operations; answers how many milliseconds they took, without what went before and after. */
  run(operations: number): Promise<number>
  /** Ends what the operations left to be done later: its time does not count, its CPU time does. */
  settle?(): Promise<void>
  /** Of the last run: what one operation of a hundred exceeded, in milliseconds. */
  p99Ms?(): number
  /** Of the last run: how many loads reached the source. */
  loads?(): number
  /** Rejects with a `Failure` unless it answers as expected: who answers wrongly may be fast. */
  check(): Promise<void>
}

/** What is measured together, and what is made of it. The subjects are named by the comparisons. */
export interface OpenGroup {
  readonly subjects: readonly Subject[]
  readonly comparisons: readonly Comparison[]
  /** Of subjects that are shown beside each other, not in pairs. */
  readonly ranking?: Ranking
}

/** Closes something when the group is over; the last one given is closed first. */
export type Defer = (close: () => unknown) => void

export type ServerName = 'Redis' | 'PostgreSQL'

/** A group of subjects that are compared with each other. */
export interface Group {
  readonly name: string
  /** What one operation is, in a line. */
  readonly title: string
  /** Servers that it starts for itself. */
  readonly needs: readonly ServerName[]
  /** How many times as long as others its samples take. Default 1. */
  readonly scale?: number
  /** Starts what is measured, warm. Everything that was deferred is closed, should it reject too. */
  open(defer: Defer): Promise<OpenGroup>
}
