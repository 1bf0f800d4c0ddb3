import type { HistoryOperation } from '../history/operation.ts'
import type { Answered } from './begun.ts'
import { historyOf } from './history-of.ts'
import { randomOf } from './random.ts'
import type { Scenario } from './scenario.ts'
import { parseStep, type Step, stepText } from './step.ts'
import { type Choices, type Violation, World } from './world.ts'

/** One schedule, played. */
export interface Replay {
  /** The steps that were taken, as `replay` takes them: `start 0.1`, `execute 0.3`, ... */
  readonly schedule: readonly string[]
  /** What happened, a line each. */
  readonly lines: readonly string[]
  readonly violation: Violation | undefined
  /** What the callers saw, for `checkHistory`; instants are numbers of steps. */
  readonly history: readonly HistoryOperation[]
}

/** Which step comes next; `undefined`: none, the schedule ends here. */
export type Choose = (choices: Choices) => Step | undefined

/**
 * Plays one schedule again: the one of a seed (see `walk`), or a list of steps. Rejects with a `TypeError`
 * when a step of the list cannot be taken: then it is not a schedule of this scenario.
 */
export async function replay<Cache>(
  scenario: Scenario<Cache>,
  schedule: number | readonly string[],
): Promise<Replay> {
  if (typeof schedule === 'number') return recorded(scenario, randomly(schedule))
  const steps = schedule.map(parseStep)
  const played = await recorded(scenario, () => steps.shift())
  const next = schedule[played.schedule.length]
  if (next === undefined || played.violation !== undefined) return played
  throw new TypeError(`replay: expected a schedule of ${scenario.name}, received ${next} too early`)
}

/** Chooses at random, the same for the same seed: one step in eight is a fault, where one is left. */
export function randomly(seed: number): Choose {
  const random = randomOf(seed)
  return ({ steps, faults }) => {
    const isFault = faults.length > 0 && (steps.length === 0 || random() < 1 / 8)
    const among = isFault ? faults : steps
    return among[Math.floor(random() * among.length)]
  }
}

/** The violation that a schedule leads to, with the steps that could be taken; the others are passed over. */
export async function violating<Cache>(
  scenario: Scenario<Cache>,
  schedule: readonly Step[],
  reason: Violation['reason'],
): Promise<readonly Step[] | undefined> {
  const world = new World(scenario, { numberOf: () => 0 })
  await world.begin()
  const taken: Step[] = []
  for (const step of schedule) {
    if (await world.take(step)) taken.push(step)
    if (world.violation !== undefined) break
  }
  return world.violation?.reason === reason ? taken : undefined
}

/** What is left of a schedule when every step goes that its violation does not need. */
export async function minimised<Cache>(
  scenario: Scenario<Cache>,
  schedule: readonly Step[],
  reason: Violation['reason'],
): Promise<readonly Step[]> {
  let best = schedule
  let size = best.length >> 1
  while (size > 0) {
    let hasShrunk = false
    for (let from = 0; from < best.length; ) {
      const shorter = await violating(scenario, without(best, from, size), reason)
      if (shorter === undefined) from += size
      else {
        best = shorter
        hasShrunk = true
      }
    }
    if (!hasShrunk) size >>= 1
  }
  return best
}

async function recorded<Cache>(scenario: Scenario<Cache>, choose: Choose): Promise<Replay> {
  const schedule: string[] = []
  const lines: string[] = []
  const answered: (Answered & { readonly endedAt: number })[] = []
  const world = new World(scenario, {
    numberOf: () => 0,
    onEvent: (text) => void lines.push(text),
    onAnswer: (each) => void answered.push({ ...each, endedAt: schedule.length }),
  })
  await world.begin()
  while (!world.isOver) {
    const choices = world.choices()
    if (choices.steps.length + choices.faults.length === 0) {
      world.giveUp()
      break
    }
    const step = choose(choices)
    if (step === undefined) break
    schedule.push(stepText(step))
    if (await world.take(step)) continue
    schedule.pop()
    break
  }
  const { violation } = world
  if (violation !== undefined) lines.push(`=> ${violation.message}`)
  return { schedule, lines, violation, history: historyOf(world, answered) }
}

function without(steps: readonly Step[], from: number, count: number): Step[] {
  return [...steps.slice(0, from), ...steps.slice(from + count)]
}
