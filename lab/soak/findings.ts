/** What a run looks at. */
export const checks = [
  'answers',
  'consistency',
  'figures',
  'journal',
  'rows',
  'memory',
  'handles',
  'listeners',
  'log',
] as const
export type Check = (typeof checks)[number]

/** What went wrong in one way. */
export interface Example {
  readonly text: string
  readonly times: number
}

/** What failed a check: how often, and the first few ways. */
export interface Finding {
  readonly check: Check
  readonly times: number
  readonly examples: readonly Example[]
}

const keptExamples = 8

/** Collects what went wrong. */
export class Findings {
  readonly #byCheck = new Map<Check, { times: number; readonly examples: Map<string, number> }>()

  add(check: Check, text: string): void {
    const found = this.#byCheck.get(check) ?? { times: 0, examples: new Map() }
    this.#byCheck.set(check, found)
    found.times += 1
    const times = found.examples.get(text)
    if (times === undefined && found.examples.size === keptExamples) return
    found.examples.set(text, (times ?? 0) + 1)
  }

  /** In the order of the checks. */
  get all(): Finding[] {
    return checks.flatMap((check) => {
      const found = this.#byCheck.get(check)
      if (found === undefined) return []
      const examples = [...found.examples].map(([text, times]) => ({ text, times }))
      return [{ check, times: found.times, examples }]
    })
  }
}
