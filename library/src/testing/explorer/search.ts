import { randomOf } from './random.ts'
import type { Scenario } from './scenario.ts'
import { breaking, type Edge, ending, StateGraph } from './state-graph.ts'
import { type Step, stepText } from './step.ts'
import { type Violation, World } from './world.ts'

/** Runs under way at once: they share the turns of the event loop, which cost as much as a step. */
const abreast = 32

/** What a search has found. */
export interface Found {
  /** Runs that were played to their end, each a different sequence of steps. */
  readonly schedules: number
  readonly steps: number
  readonly graph: StateGraph
  /** Whether every state that the bounds allow was reached, and every step taken in each. */
  readonly isComplete: boolean
  /** Whether no schedule is left that could break the promise in fewer steps. */
  readonly isShortest: boolean
  readonly violation: Violation | undefined
}

/** When a search ends before all is searched. */
export interface SearchOptions {
  readonly maxSchedules: number
  readonly stopsAtViolation: boolean
  /** Of the order in which branches are taken. */
  readonly seed: number
}

/**
 * All schedules of a scenario, by really running them. A run begins anew, takes the steps that lead to a branch which
 * nobody has taken yet, then goes on to the end. In a state that was met before nothing new branches off, since all that
 * can follow is tried from there once; the run itself goes on, so that what calls two states equal is checked as well.
 */
export class Search<Cache> {
  readonly #scenario: Scenario<Cache>
  readonly #options: SearchOptions
  readonly #random: () => number
  readonly #numbers = new Map<string, number>()
  readonly #graph = new StateGraph()
  /** Steps that nobody has taken yet, as far as they are known. */
  readonly #branches: Edge[] = []
  #schedules = 0
  #steps = 0
  #violation: Violation | undefined
  /** The fewest steps that have broken the promise. */
  #fewest = Number.POSITIVE_INFINITY
  #hasSkipped = false

  constructor(scenario: Scenario<Cache>, options: SearchOptions) {
    this.#scenario = scenario
    this.#options = options
    this.#random = randomOf(options.seed)
  }

  async run(): Promise<Found> {
    const { maxSchedules, stopsAtViolation } = this.#options
    await this.#play(undefined)
    let isOver = false
    while (this.#schedules < maxSchedules && !(stopsAtViolation && this.#violation)) {
      const edges = this.#next(Math.min(abreast, maxSchedules - this.#schedules))
      isOver = edges.length === 0
      if (isOver) break
      await Promise.all(edges.map((edge) => this.#play(edge)))
    }
    return {
      schedules: this.#schedules,
      steps: this.#steps,
      graph: this.#graph,
      isComplete: isOver && !this.#hasSkipped,
      isShortest: isOver,
      violation: this.#violation,
    }
  }

  /** Branches that nobody has taken, at random: what a search that ends early has seen should not all be alike. */
  #next(most: number): Edge[] {
    const edges: Edge[] = []
    while (edges.length < most) {
      const at = Math.floor(this.#random() * this.#branches.length)
      const edge = this.#branches[at]
      const last = this.#branches.pop()
      if (edge === undefined || last === undefined) break
      if (edge !== last) this.#branches[at] = last
      if (this.#isTooLong(edge)) this.#hasSkipped = true
      else if (!this.#graph.isTaken(edge)) edges.push(edge)
    }
    return edges
  }

  /**
   * Whether nothing shorter than what was found can follow. Every way to a state has the same number of steps,
   * unless a caller that gives up, or a process that ends, makes it one whether its last call was executed.
   */
  #isTooLong(edge: Edge): boolean {
    const { timeouts = 0, crashes = 0 } = this.#scenario.faults ?? {}
    return timeouts + crashes === 0 && this.#graph.depthOf(edge) >= this.#fewest
  }

  async #play(branch: Edge | undefined): Promise<void> {
    const world = new World(this.#scenario, { numberOf: (text) => this.#numberOf(text) })
    await world.begin()
    for (const step of branch === undefined ? [] : this.#graph.pathTo(branch)) {
      this.#steps += 1
      if (!(await world.take(step))) throw new Error(`explore: ${stepText(step)} ${notAgain}`)
    }
    let edge = branch
    while (!world.isOver) {
      const { steps, faults } = world.choices()
      if (steps.length + faults.length === 0) {
        world.giveUp()
        break
      }
      const next = this.#choose(world, [...steps, ...faults], edge)
      edge = next.edge
      this.#steps += 1
      await world.take(next.step)
    }
    if (edge !== undefined) this.#graph.connect(edge, world.violation ? breaking : ending)
    if (world.violation !== undefined && edge !== undefined) {
      this.#violation ??= world.violation
      this.#fewest = Math.min(this.#fewest, this.#graph.depthOf(edge))
    }
    this.#schedules += 1
  }

  /** Which of these steps the run takes; the others of a new state become branches. */
  #choose(world: World<Cache>, steps: readonly Step[], by: Edge | undefined) {
    const text = world.state()
    let state = this.#graph.find(text)
    let choice = 0
    if (state === undefined) {
      state = this.#graph.add(text, steps, by)
      for (let other = 1; other < steps.length; other++) {
        this.#branches.push({ state, choice: other })
      }
    } else choice = Math.floor(this.#random() * steps.length)
    if (by !== undefined) this.#graph.connect(by, state)
    return { edge: { state, choice }, step: steps[choice] as Step }
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#numbers.size + 1)
    return this.#numbers.size
  }
}

const notAgain =
  'could be taken in one run and not in the next: the code under test goes by something that is not among its ports'
