import type { Step } from './step.ts'

/** Where a step leads instead of to a state: the schedule ends, or it breaks the promise. */
export const ending = -1
export const breaking = -2

/** A state of a world, as far as it was explored. */
interface Node {
  readonly steps: readonly Step[]
  /** Where each step leads; absent until it was taken. */
  readonly leadsTo: (number | undefined)[]
  /** The step by which it was met first; absent for the first state. */
  readonly by: Edge | undefined
  /** How many steps that took. */
  readonly depth: number
}

/** A step in a state: the number of the state, and the place of the step among those that it has. */
export interface Edge {
  readonly state: number
  readonly choice: number
}

/** What is known of the states of a scenario, and of the steps between them. A step never leads back. */
export class StateGraph {
  readonly #numbers = new Map<string, number>()
  readonly #nodes: Node[] = []

  get size(): number {
    return this.#nodes.length
  }

  /** The number of a state that was met before. */
  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  /** A state that is met for the first time. */
  add(text: string, steps: readonly Step[], by: Edge | undefined): number {
    const number = this.#nodes.length
    this.#numbers.set(text, number)
    this.#nodes.push({ steps, leadsTo: [], by, depth: by === undefined ? 0 : this.depthOf(by) })
    return number
  }

  connect({ state, choice }: Edge, to: number): void {
    const node = this.#nodes[state]
    if (node !== undefined) node.leadsTo[choice] = to
  }

  isTaken({ state, choice }: Edge): boolean {
    return this.#nodes[state]?.leadsTo[choice] !== undefined
  }

  /** How many steps it takes to have taken this one, on the way on which its state was met first. */
  depthOf({ state }: Edge): number {
    return (this.#nodes[state]?.depth ?? 0) + 1
  }

  /** The steps that led to a state when it was met first, and then this one. */
  pathTo(edge: Edge): Step[] {
    const steps: Step[] = []
    for (let at: Edge | undefined = edge; at !== undefined; at = this.#nodes[at.state]?.by) {
      const step = this.#nodes[at.state]?.steps[at.choice]
      if (step !== undefined) steps.push(step)
    }
    return steps.reverse()
  }

  /** The fewest steps that break the promise; `undefined` when none of those taken do. */
  shortestBreach(): Step[] | undefined {
    const reachedBy = new Map<number, Edge | undefined>([[0, undefined]])
    for (const state of reachedBy.keys()) {
      for (const [choice, to] of this.#nodes[state]?.leadsTo.entries() ?? []) {
        if (to === breaking) return this.#path({ state, choice }, reachedBy)
        if (to !== undefined && to >= 0 && !reachedBy.has(to)) reachedBy.set(to, { state, choice })
      }
    }
    return undefined
  }

  /** How many different schedules there are, equal states counted as often as they are reached. */
  countSchedules(): number {
    const counts = new Map<number, number>()
    const open = [0]
    for (let state = open.at(-1); state !== undefined; state = open.at(-1)) {
      const next = this.#nodes[state]?.leadsTo ?? []
      const unknown = next.filter((to) => to !== undefined && to >= 0 && !counts.has(to))
      if (unknown.length > 0) open.push(...(unknown as number[]))
      else {
        open.pop()
        counts.set(
          state,
          next.reduce<number>((sum, to = ending) => sum + (to < 0 ? 1 : (counts.get(to) ?? 0)), 0),
        )
      }
    }
    return counts.get(0) ?? 0
  }

  #path(last: Edge, reachedBy: ReadonlyMap<number, Edge | undefined>): Step[] {
    const steps: Step[] = []
    for (let at: Edge | undefined = last; at !== undefined; at = reachedBy.get(at.state)) {
      steps.push(this.#nodes[at.state]?.steps[at.choice] as Step)
    }
    return steps.reverse()
  }
}
