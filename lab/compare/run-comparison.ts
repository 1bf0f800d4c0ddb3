import { thisMachine } from '../bench/machine.ts'
import { shuffled } from '../bench/measure.ts'
import { seededRandom } from '../soak/random.ts'
import type { Workload } from '../workloads/workload.ts'
import type { ComparisonResult } from './comparison-result.ts'
import { faultRound } from './fault-round.ts'
import { type Notebook, newNotebook } from './notebook.ts'
import { openStage } from './open-stage.ts'
import type { Plan } from './plan.ts'
import { speedRound, warmUp } from './speed-round.ts'
import type { Stage } from './stage.ts'
import type { RunningSubject, SubjectName } from './subject.ts'
import { versionsOf } from './versions.ts'

export interface ComparisonTerms {
  readonly plan: Omit<Plan, 'processes'>
  readonly workload: Workload
  readonly subjects: readonly SubjectName[]
  readonly servers: 'real' | 'embedded'
  readonly seed: number
  /** Of the command. */
  readonly args: readonly string[]
  /** What is done next, and how much of all is done, from 0 to 1. */
  readonly onProgress: (what: string, share: number) => void
}

/**
 * Measures every subject in every round, in an order drawn anew, so that what changes in the course of minutes hits
 * all alike. All processes and servers are gone when it settles.
 */
export async function runComparison(terms: ComparisonTerms): Promise<ComparisonResult> {
  const { workload, subjects, servers, seed, args } = terms
  const machine = thisMachine('compare', args)
  const startedAt = performance.now()
  const plan: Plan = { ...terms.plan, processes: servers === 'real' ? 2 : 1 }
  const notebooks = new Map(subjects.map((name) => [name, newNotebook()]))
  const stages: Stage[] = []
  try {
    const stage = await openStage({ servers })
    stages.push(stage)
    const breaking = servers === 'real' ? await openStage({ servers }) : stage
    stages.push(breaking)
    const run = { ...terms, plan, notebooks }
    await measureAll(run, await startAll(stage, run), { stage, breaking })
    return {
      machine,
      seed,
      isQuick: plan.isQuick,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      workload: workload.description,
      servers: await versionsOf(stage),
      settings: settingsOf(plan),
      subjects: [...notebooks].map(([name, records]) => ({ name, records })),
    }
  } finally {
    for (const each of stages.reverse()) await each.stop()
  }
}

interface Run extends Omit<ComparisonTerms, 'plan'> {
  readonly plan: Plan
  readonly notebooks: ReadonlyMap<SubjectName, Notebook>
}

async function startAll(stage: Stage, run: Run): Promise<ReadonlyMap<SubjectName, RunningSubject>> {
  const { plan, workload, subjects, onProgress } = run
  const { ttlMs, writeDelayMs, processes } = plan
  const users = workload.description.keys
  const running = new Map<SubjectName, RunningSubject>()
  for (const name of subjects) {
    onProgress(`starting ${name}`, 0)
    const terms = { users, ttlMs, writeDelayMs, processes, network: 'near' } as const
    running.set(name, await stage.start(name, terms))
  }
  for (const [name, subject] of running) {
    onProgress(`warming up ${name}`, 0)
    await warmUp(subject, { round: 0, plan, workload, seed: run.seed })
  }
  return running
}

async function measureAll(
  { plan, workload, subjects, seed, notebooks, onProgress }: Run,
  running: ReadonlyMap<SubjectName, RunningSubject>,
  stages: { readonly stage: Stage; readonly breaking: Stage },
): Promise<void> {
  const random = seededRandom(seed)
  const steps = subjects.length * (plan.rounds + plan.faultRounds)
  let done = 0
  const tell = (what: string) => onProgress(what, done++ / steps)
  for (let round = 1; round <= plan.rounds; round += 1) {
    const terms = { round, plan, workload, seed }
    for (const name of shuffled(subjects, random)) {
      tell(`round ${round} of ${plan.rounds}: ${name}, speed`)
      await speedRound(running.get(name) as RunningSubject, notebooks.get(name) as Notebook, terms)
    }
    if (round > plan.faultRounds) continue
    for (const name of shuffled(subjects, random)) {
      tell(`round ${round} of ${plan.rounds}: ${name}, staleness and faults`)
      const subject = running.get(name) as RunningSubject
      await faultRound(subject, notebooks.get(name) as Notebook, { ...terms, ...stages })
    }
  }
}

function settingsOf({ rounds, processes, clients, perSecond, ttlMs, writeDelayMs }: Plan) {
  return { rounds, processes, clients, perSecond, ttlMs, writeDelayMs }
}
