import { minimised, type Replay, randomly, replay } from './play.ts'
import type { Scenario } from './scenario.ts'
import { Search } from './search.ts'
import { type Step, stepText } from './step.ts'
import { type Violation, World } from './world.ts'

/** When `explore` gives up. */
export interface ExploreOptions {
  /** Schedules to run, at most. Default 1,000,000. */
  readonly maxSchedules?: number
  /** Ends at the first violation, whose schedule is minimised. Else the shortest of all is looked for. Default false. */
  readonly stopsAtViolation?: boolean
  /** Of the order in which schedules are tried. Default 1. */
  readonly seed?: number
}

/** What an exploration found. */
export interface Exploration {
  /** Schedules that were run to their end; no two are the same sequence of steps. */
  readonly schedules: number
  /** States that were told apart. */
  readonly states: number
  /** All schedules that these states and steps make: what the ones that were run stand for. */
  readonly covered: number
  /** Steps that were taken, those of repeated beginnings included. */
  readonly steps: number
  /** Every state that the faults allow was reached, and every step taken there. */
  readonly isComplete: boolean
  /** The shortest schedule that breaks the promise, and what happens in it. */
  readonly counterexample?: Counterexample | undefined
}

/** A schedule that breaks a promise. `replay(scenario, schedule)` plays it again. */
export interface Counterexample extends Replay {
  readonly violation: Violation
  /** No shorter schedule breaks it; else it was only minimised. */
  readonly isShortest: boolean
}

/**
 * Runs a scenario in every order of its steps that its faults allow, and checks what each read answers. Of states that
 * are equal one is gone on from, so that the runs stand for far more schedules. It takes time all the same, more with every
 * actor, operation and fault: some 3,000 schedules a second. Rejects when a schedule cannot be repeated: then the code goes by something that is not
 * among its ports, such as a timer of its own.
 *
 * ```ts
 * const { schedules, isComplete, counterexample } = await explore({
 *   name: 'a reader and a writer',
 *   promise: 'fresh',
 *   store: (clock) => memoryStore({ clock, maxEntries: 10 }),
 *   processes: [
 *     { open, actors: [{ name: 'reader', script: [cacheOperations.get, cacheOperations.get] }] },
 *     { open, actors: [{ name: 'writer', script: [cacheOperations.update] }] },
 *   ],
 *   faults: { timeouts: 1, crashes: 1 },
 * })
 * ```
 */
export async function explore<Cache>(
  scenario: Scenario<Cache>,
  options: ExploreOptions = {},
): Promise<Exploration> {
  const { maxSchedules = 1_000_000, stopsAtViolation = false, seed = 1 } = options
  const search = new Search(scenario, { maxSchedules, stopsAtViolation, seed })
  const { schedules, steps, isComplete, isShortest, graph, violation } = await search.run()
  const covered = graph.countSchedules()
  const found = { schedules, steps, isComplete, states: graph.size, covered }
  const shortest = graph.shortestBreach()
  if (violation === undefined || shortest === undefined) return found
  const least = isShortest ? shortest : await minimised(scenario, shortest, violation.reason)
  return { ...found, counterexample: await told(scenario, least, isShortest) }
}

/** What walks found. */
export type Walked = Pick<Exploration, 'schedules' | 'steps' | 'counterexample'> & {
  /** Of the walk that broke the promise. */
  readonly seed?: number
}

/** How many walks, and which. */
export interface WalkOptions {
  /** Of the first walk; the others follow. Default 1. */
  readonly seed?: number
  /** Default 1,000. */
  readonly walks?: number
}

/**
 * Runs a scenario in random orders: for cases that are too large to be explored. The first violation ends it; its
 * schedule is minimised, and `replay(scenario, seed)` plays the walk that found it.
 */
export async function walk<Cache>(
  scenario: Scenario<Cache>,
  { seed = 1, walks = 1_000 }: WalkOptions = {},
): Promise<Walked> {
  const schedules = new Set<string>()
  let steps = 0
  for (let walked = 0; walked < walks; walked += 1) {
    const { schedule, violation } = await strolled(scenario, seed + walked)
    steps += schedule.length
    schedules.add(schedule.map(stepText).join())
    if (violation === undefined) continue
    const shorter = await minimised(scenario, schedule, violation.reason)
    const counterexample = await told(scenario, shorter, false)
    return { schedules: schedules.size, steps, counterexample, seed: seed + walked }
  }
  return { schedules: schedules.size, steps }
}

async function strolled<Cache>(scenario: Scenario<Cache>, seed: number) {
  const choose = randomly(seed)
  const schedule: Step[] = []
  const world = new World(scenario, { numberOf: () => 0 })
  await world.begin()
  while (!world.isOver) {
    const step = choose(world.choices())
    if (step === undefined) world.giveUp()
    else {
      schedule.push(step)
      await world.take(step)
    }
  }
  return { schedule, violation: world.violation }
}

async function told<Cache>(
  scenario: Scenario<Cache>,
  steps: readonly Step[],
  isShortest: boolean,
): Promise<Counterexample> {
  const played = await replay(scenario, steps.map(stepText))
  const { violation } = played
  if (violation !== undefined) return { ...played, violation, isShortest }
  throw new Error(`explore: a violation of ${scenario.name} cannot be repeated`)
}
