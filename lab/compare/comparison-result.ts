import type { Machine } from '../bench/machine.ts'
import type { WorkloadDescription } from '../workloads/workload.ts'
import type { Records } from './records.ts'
import type { SubjectName } from './subject.ts'

/** All that a run of the comparison measured: what is kept as JSON, and what every table and page is made from. */
export interface ComparisonResult {
  readonly machine: Machine
  readonly seed: number
  /** Its figures are few, and say that everything runs. */
  readonly isQuick: boolean
  readonly seconds: number
  readonly workload: WorkloadDescription
  /** Versions; undefined: embedded, in the process of each service. */
  readonly servers: { readonly redis: string | undefined; readonly postgres: string | undefined }
  readonly settings: ComparisonSettings
  readonly subjects: readonly SubjectResult[]
}

/** The same for all subjects. */
export interface ComparisonSettings {
  readonly rounds: number
  /** Of each subject; one when embedded. */
  readonly processes: number
  /** Of the closed loops. */
  readonly clients: number
  /** Requests a second of the open loop. */
  readonly perSecond: number
  readonly ttlMs: number
  readonly writeDelayMs: number
}

export interface SubjectResult {
  readonly name: SubjectName
  readonly records: Records
}
