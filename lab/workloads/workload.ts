import type { Operation, OperationKind } from './operation.ts'

/** Requests as some application sends them. The same seed draws the same ones. */
export interface Workload {
  readonly description: WorkloadDescription
  /** Its requests, in order, from the start: of a trace as many as it has, else without end. `stream`: one of several that differ. */
  operations(stream?: number): IterableIterator<Operation>
  /** When its requests came, each in milliseconds since the first, ascending; undefined: nobody has written it down. */
  readonly atMs?: readonly number[]
}

/** What a report says of a workload. */
export interface WorkloadDescription {
  /** In a line: `cluster 7 of Twitter, March 2020`, `trace web07.txt.gz`, `by hand`. */
  readonly title: string
  /** Where its parameters or requests come from, with the license; undefined: made up. */
  readonly source?: string
  /** Users that it asks for: 1 to this one. They exist before the first request. */
  readonly keys: number
  /** Shares of all requests, together 1. */
  readonly mix: Readonly<Record<OperationKind, number>>
  /** Zipf's exponent; undefined: as a trace has it. */
  readonly skew?: number
  /** Mean length of a value that a write sends, as JSON. */
  readonly valueBytes: number
  /** What its owner gives entries; undefined: unknown. */
  readonly ttlMs?: number
  readonly seed: number
  /** Of a trace. */
  readonly requests?: number
  /** What of its source the services cannot take, in words: values that are too long, say. */
  readonly notes: readonly string[]
}
