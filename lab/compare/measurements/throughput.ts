import type { LoadResult } from '../../load/load-plan.ts'
import { runLoad } from '../../load/run-load.ts'
import type { Operation, OperationKind } from '../../workloads/operation.ts'
import type { Workload } from '../../workloads/workload.ts'
import type { RunningSubject } from '../subject.ts'

export interface ThroughputTerms {
  readonly workload: Workload
  /** Which of its streams. */
  readonly stream: number
  readonly clients: number
  readonly forMs: number
}

/** Sends requests of one kind, for users as popular as those of the workload, each client the next when its last is answered. */
export function throughput(
  { urls }: RunningSubject,
  kind: OperationKind,
  { workload, stream, clients, forMs }: ThroughputTerms,
): Promise<LoadResult> {
  const operations = only(kind, workload, stream)
  return runLoad({ urls, operations, pace: { clients }, forMs })
}

/** The same users in the same order, and another thing done to each. A trace begins again when it ends. */
function* only(kind: OperationKind, workload: Workload, stream: number): Generator<Operation> {
  const bytes = workload.description.valueBytes
  for (;;) {
    for (const { key } of workload.operations(stream)) yield { kind, key, bytes }
  }
}
