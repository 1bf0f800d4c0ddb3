import type { Workload } from '../workloads/workload.ts'
import { mixed } from './measurements/mixed.ts'
import { throughput } from './measurements/throughput.ts'
import type { Notebook } from './notebook.ts'
import type { Plan } from './plan.ts'
import type { RunningSubject } from './subject.ts'

export interface RoundTerms {
  /** From 1. */
  readonly round: number
  readonly plan: Plan
  readonly workload: Workload
  readonly seed: number
}

/** Measures one subject: as many reads and writes as it takes, then the mixed load. In each round other requests, the same for all subjects. */
export async function speedRound(
  subject: RunningSubject,
  notebook: Notebook,
  { round, plan, workload }: RoundTerms,
): Promise<void> {
  const { clients, perSecond, readsMs, writesMs } = plan
  const stream = 3 * round
  const reads = await throughput(subject, 'get', { workload, stream, clients, forMs: readsMs })
  notebook.reads.push({ round, load: reads })
  const terms = { workload, stream: stream + 1, clients, forMs: writesMs }
  const writes = await throughput(subject, 'put', terms)
  notebook.writes.push({ round, load: writes })
  const load = { round, workload, stream: stream + 2, perSecond, ...plan.mixed }
  notebook.mixed.push(await mixed(subject, load))
}

/** Lets code be compiled, and connections be made. */
export async function warmUp(subject: RunningSubject, { plan, workload }: RoundTerms) {
  const { clients, warmUpMs: forMs } = plan
  await throughput(subject, 'get', { workload, stream: 0, clients, forMs })
  await throughput(subject, 'put', { workload, stream: 1, clients, forMs })
  await subject.settle()
}
