import type { Machine } from '../bench/machine.ts'
import type { WorkloadDescription } from '../workloads/workload.ts'
import type { LoadResult, Pace } from './load-plan.ts'
import type { Second } from './timeline.ts'

/** All that a run of the command measured: what is kept as JSON, and what its table and its page are made from. */
export interface LoadReport {
  readonly machine: Machine
  readonly targets: readonly string[]
  readonly pace: Pace
  readonly warmUpMs: number
  readonly deadlineMs: number
  readonly isFilled: boolean
  readonly workload: WorkloadDescription
  readonly result: LoadResult
  /** Requests that were answered, with whatever status. */
  readonly answered: number
  readonly timeline: readonly Second[]
}
