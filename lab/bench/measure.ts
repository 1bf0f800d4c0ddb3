import type { Subject } from './group.ts'
import type { Measured, Sample } from './sample.ts'

/** What is allocated hardly differs from run to run. */
const countedRuns = 3

/** How long and how often. */
export interface Measuring {
  readonly rounds: number
  /** How long a sample takes, about. */
  readonly sampleMs: number
  /** Runs of each subject before the first round: code gets compiled, and the length of samples found. */
  readonly warmUps: number
  /** Whether it is told, too, what an operation allocates. Default: no. */
  readonly countsAllocation?: boolean
  /** From 0 to below 1. Default: the machine's. */
  readonly random?: () => number
  /** After each warm-up and each round. */
  readonly onProgress?: (done: number) => void
}

/**
 * Measures in rounds: in each of them every subject once, one after the other, in an order drawn
 * anew, so that what changes in the course of minutes hits all alike. The number of operations of
 * a subject is the same in every round.
 */
export async function measure(
  subjects: readonly Subject[],
  measuring: Measuring,
): Promise<Measured[]> {
  const { rounds, warmUps, countsAllocation, random = Math.random, onProgress } = measuring
  const runs = subjects.map((subject) => ({ subject, operations: 64, samples: [] as Sample[] }))
  // Together, round by round: a function that has met one caller only is faster than it will ever be again.
  for (let done = 1; done <= warmUps; done += 1) {
    for (const run of runs) {
      const { ms } = await sample(run.subject, run.operations)
      run.operations = nextOperations(run.operations, ms, measuring.sampleMs)
    }
    onProgress?.(done)
  }
  for (let done = 1; done <= rounds; done += 1) {
    for (const run of shuffled(runs, random)) {
      run.samples.push(await sample(run.subject, run.operations))
    }
    onProgress?.(warmUps + done)
  }
  const measured: Measured[] = []
  for (const { subject, operations, samples } of runs) {
    const counted = countsAllocation ? await countedSamples(subject, operations) : []
    measured.push({ name: subject.name, samples, ...(counted.length > 0 && { counted }) })
  }
  return measured
}

/** After all rounds: a process that has counted is not the same any more. */
async function countedSamples(subject: Subject, operations: number): Promise<Sample[]> {
  const { worker } = subject
  if (worker.countAllocation === undefined) return []
  await worker.countAllocation()
  const samples: Sample[] = []
  for (let done = 0; done < countedRuns; done += 1) {
    const taken = await sample(subject, operations)
    const allocatedBytes = (await worker.allocatedBytes?.()) ?? Number.NaN
    samples.push({ ...taken, allocatedBytes })
  }
  return samples
}

async function sample(subject: Subject, operations: number): Promise<Sample> {
  const { worker } = subject
  await subject.prepare?.(operations)
  await worker.collectGarbage()
  const cpuBefore = await worker.cpuUs()
  const ms = await subject.run(operations)
  const p99Ms = subject.p99Ms?.()
  const loads = subject.loads?.()
  await subject.settle?.()
  const cpuUs = (await worker.cpuUs()) - cpuBefore
  return {
    ...{ operations, ms, cpuUs },
    ...(p99Ms !== undefined && { p99Ms }),
    ...(loads !== undefined && { loads }),
  }
}

/** As many as take `sampleMs`, by what the last run took; at most ten times as many, since short runs tell little. */
function nextOperations(operations: number, ms: number, sampleMs: number): number {
  const factor = ms > 0 ? Math.min(10, sampleMs / ms) : 10
  return Math.max(1, Math.round(operations * factor))
}

/** A copy in an order drawn at random (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const item = copy[last] as Item
    copy[last] = copy[other] as Item
    copy[other] = item
  }
  return copy
}
