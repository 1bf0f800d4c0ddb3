import type { AdviceResult, PatternName } from './advice-result.ts'
import type { Finding } from './finding.ts'
import { findingsOf } from './findings.ts'
import { type PatternFigures, patternFigures } from './pattern-figures.ts'

/** Whether a pattern will do, and why. */
export interface Verdict {
  readonly name: PatternName
  readonly figures: PatternFigures
  readonly outcome: 'satisfies' | 'falls out' | 'undecided'
  readonly findings: readonly Finding[]
}

/** One of each pattern, in the order of the result. */
export function verdictsOf({ patterns, constraints, settings, servers }: AdviceResult): Verdict[] {
  return patterns.map((records) => {
    const { name } = records
    const figures = patternFigures(records, settings)
    const findings = findingsOf({ name, figures, settings, servers }, constraints)
    return { name, figures, findings, outcome: outcomeOf(findings) }
  })
}

function outcomeOf(findings: readonly Finding[]): Verdict['outcome'] {
  if (findings.some(({ outcome }) => outcome === 'broken')) return 'falls out'
  return findings.some(({ outcome }) => outcome === 'undecided') ? 'undecided' : 'satisfies'
}
