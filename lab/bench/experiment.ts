import type { Defer, ServerName } from './group.ts'

/** Something that is done once, and told in figures: what takes minutes, or has no like. */
export interface Experiment {
  readonly name: string
  /** What is done, in a line. */
  readonly title: string
  /** Servers that it starts for itself. */
  readonly needs: readonly ServerName[]
  /** Rejects with a `Failure` when what it did went wrong. All that was deferred is closed, whatever happens. */
  run(terms: ExperimentTerms): Promise<readonly Figure[]>
}

export interface ExperimentTerms {
  readonly defer: Defer
  /** Does everything run? Its figures say little. */
  readonly isQuick: boolean
}

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** What is claimed; a figure without one is for information. */
  readonly target?: FigureTarget
}

export interface FigureTarget {
  readonly claim: 'at least' | 'at most'
  readonly value: number
}

/** What came of an experiment. */
export interface ExperimentResult {
  readonly name: string
  readonly title: string
  /** Servers that are not installed: nothing was measured. */
  readonly missing: readonly ServerName[]
  readonly figures: readonly Figure[]
}

export function isMet(value: number, target: FigureTarget): boolean {
  return target.claim === 'at least' ? value >= target.value : value <= target.value
}

/** Carries it out, and closes what it opened. */
export async function runExperiment(
  { name, title, needs, run }: Experiment,
  installed: readonly ServerName[],
  isQuick: boolean,
): Promise<ExperimentResult> {
  const missing = needs.filter((server) => !installed.includes(server))
  if (missing.length > 0) return { name, title, missing, figures: [] }
  const closers: (() => unknown)[] = []
  try {
    const figures = await run({ defer: (close) => closers.unshift(close), isQuick })
    return { name, title, missing, figures }
  } finally {
    for (const close of closers) await close()
  }
}
