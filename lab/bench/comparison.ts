import { cpuUsPerOperation, type Measured, operationsPerSecond, type Sample } from './sample.ts'
import { type Spread, spreadOf } from './spread.ts'

/** A figure of a subject beside that of a baseline. */
export interface Comparison {
  readonly measure: Measure
  readonly subject: string
  readonly baseline: string
  /** What is claimed; a comparison without one is for information. */
  readonly target?: number
}

export type Measure = 'throughput-ratio' | 'cpu-ratio' | 'added-cpu-us' | 'p99-ratio'

/** `spread`: of the figures of each round, since what disturbs a round disturbs both. */
export interface Compared extends Comparison {
  readonly spread: Spread
  /** Of the median. `unsure`: the target lies between the quartiles, another run may say the other. */
  readonly verdict: { readonly isMet: boolean; readonly isUnsure: boolean } | undefined
}

interface Meaning {
  readonly claim: 'at least' | 'at most'
  of(subject: Sample, baseline: Sample): number
}

/** Of ratios more is better, of latencies less; 1 is the baseline itself. */
export const meanings: Readonly<Record<Measure, Meaning>> = {
  'throughput-ratio': {
    claim: 'at least',
    of: (subject, baseline) => operationsPerSecond(subject) / operationsPerSecond(baseline),
  },
  'cpu-ratio': {
    claim: 'at least',
    of: (subject, baseline) => cpuUsPerOperation(baseline) / cpuUsPerOperation(subject),
  },
  'added-cpu-us': {
    claim: 'at most',
    of: (subject, baseline) => cpuUsPerOperation(subject) - cpuUsPerOperation(baseline),
  },
  'p99-ratio': {
    claim: 'at most',
    of: ({ p99Ms: ours = Number.NaN }, { p99Ms: theirs = Number.NaN }) => ours / theirs,
  },
}

/** Compares round by round. */
export function compare(comparison: Comparison, measured: readonly Measured[]): Compared {
  const { measure, target } = comparison
  const baseline = samplesOf(comparison.baseline, measured)
  const figures = samplesOf(comparison.subject, measured).map((sample, round) =>
    meanings[measure].of(sample, baseline[round] as Sample),
  )
  const spread = spreadOf(figures)
  return {
    ...comparison,
    spread,
    verdict: target === undefined ? undefined : judge(measure, spread, target),
  }
}

function judge(measure: Measure, { median, q1, q3 }: Spread, target: number) {
  const isMet = meanings[measure].claim === 'at least' ? median >= target : median <= target
  return { isMet, isUnsure: q1 <= target && target <= q3 }
}

function samplesOf(name: string, measured: readonly Measured[]): readonly Sample[] {
  const found = measured.find((each) => each.name === name)
  if (found) return found.samples
  const names = measured.map((each) => each.name).join(', ')
  throw new RangeError(`a comparison names ${JSON.stringify(name)}, the subjects are ${names}`)
}
