import { runLoad } from '../../load/run-load.ts'
import type { Operation } from '../../workloads/operation.ts'
import type { Workload } from '../../workloads/workload.ts'
import type { MixedRecord } from '../records.ts'
import type { RunningSubject } from '../subject.ts'

export interface MixedTerms {
  readonly round: number
  readonly workload: Workload
  readonly stream: number
  readonly perSecond: number
  /** Before anything counts: the cache fills. */
  readonly warmMs: number
  readonly forMs: number
}

/** Sends the workload at a rate that waits for nobody, and counts what that costs the database. */
export async function mixed(subject: RunningSubject, terms: MixedTerms): Promise<MixedRecord> {
  const { round, workload, stream, perSecond, warmMs, forMs } = terms
  const { urls } = subject
  const operations = again(workload, stream)
  const pace = { perSecond }
  await subject.settle()
  await subject.clearCache()
  await runLoad({ urls, operations, pace, forMs: warmMs })
  await subject.settle()
  const before = await subject.statements()
  const load = await runLoad({ urls, operations, pace, forMs })
  await subject.settle()
  return { round, perSecond, load, statements: (await subject.statements()) - before }
}

/** A trace begins again when it ends. It must not be closed between two loads. */
function again(workload: Workload, stream: number): Iterator<Operation> {
  let current = workload.operations(stream)
  return {
    next() {
      const next = current.next()
      if (next.done !== true) return next
      current = workload.operations(stream)
      return current.next()
    },
  }
}
