import type { Machine } from '../bench/machine.ts'
import type { KillRecord, LagRecord, StalenessRecord } from '../compare/records.ts'
import type { Latencies } from '../load/latencies.ts'
import type { WorkloadDescription } from '../workloads/workload.ts'
import type { Constraints } from './constraints.ts'

/** Who can be advised: the five patterns. */
export const patternNames = [
  'cache-aside',
  'read-through',
  'write-through',
  'write-behind',
  'refresh-ahead',
] as const

export type PatternName = (typeof patternNames)[number]

/** All that was measured for an answer, and what was asked: every figure and every sentence is made from it. */
export interface AdviceResult {
  readonly machine: Machine
  readonly seconds: number
  readonly workload: WorkloadDescription
  readonly constraints: Constraints
  readonly settings: AdviceSettings
  /** Versions; undefined: embedded, in the process of each service. */
  readonly servers: { readonly redis: string | undefined; readonly postgres: string | undefined }
  readonly patterns: readonly PatternRecords[]
  /** The same requests, of a service that has no cache. */
  readonly noCache: readonly ReplayRecord[]
}

/** The same for all patterns. */
export interface AdviceSettings {
  readonly seed: number
  readonly rounds: number
  readonly processes: number
  /** Requests a second; undefined: at the instants that the trace has. */
  readonly perSecond: number | undefined
  /** So many times as fast as the trace had them. TTL and write delay are as much shorter in the replay. */
  readonly speed: number
  /** Requests that fill the cache, as fast as they are answered, before those that count. */
  readonly warmUp: number
  readonly forMs: number
  /** At the traffic's own speed. */
  readonly ttlMs: number
  readonly writeDelayMs: number
  /** Of the entries that a kill leaves: a TTL of hours cannot be waited for. */
  readonly killTtlMs: number
}

/** Raw samples of one pattern. */
export interface PatternRecords {
  readonly name: PatternName
  /** One a round. */
  readonly replays: readonly ReplayRecord[]
  /** One a kill. */
  readonly kills: readonly KillRecord[]
  /** Empty: only the service can ask its database. */
  readonly lag: readonly LagRecord[]
  /** What of it could not be measured, and why. */
  readonly troubles: readonly string[]
}

/** The traffic, once, of one subject. */
export interface ReplayRecord {
  readonly round: number
  readonly requests: number
  /** From the first of them to the last answer. */
  readonly ms: number
  /** By status, or by what went wrong on the wire. */
  readonly failures: Readonly<Record<string, number>>
  /** Answers 404. */
  readonly absent: number
  /** Sent more than 10 ms after they were due: the machine is at its limit. */
  readonly sentLate: number
  /** Of answers without an error, from when a request was due. */
  readonly reads: Latencies
  readonly writes: Latencies
  readonly hitRatio: number | undefined
  /** That the database was sent meanwhile, and until what was accepted was in it. Without BEGIN and COMMIT. */
  readonly statements: number
  /** Every read of the replay, those of the warm-up too, held against what had been confirmed. */
  readonly staleness: Omit<StalenessRecord, 'round'>
}
