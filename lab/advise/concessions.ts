import type { PatternName } from './advice-result.ts'
import type { Concession } from './finding.ts'
import type { Verdict } from './verdict.ts'

/** What would have to be allowed so that a pattern satisfies. */
export interface PatternConcessions {
  readonly name: PatternName
  readonly concessions: readonly Concession[]
}

/** Of every pattern that nothing but limits stands against: those that ask for the fewest first, then for the least. */
export function concessionsOf(verdicts: readonly Verdict[]): PatternConcessions[] {
  return verdicts
    .flatMap(({ name, findings }) => {
      const against = findings.filter(({ outcome }) => outcome !== 'holds')
      const concessions = against.flatMap(({ concession }) => (concession ? [concession] : []))
      const isEnough = concessions.length === against.length && against.length > 0
      return isEnough ? [{ name, concessions }] : []
    })
    .sort(
      (one, other) =>
        one.concessions.length - other.concessions.length || factorOf(one) - factorOf(other),
    )
}

function factorOf({ concessions }: PatternConcessions): number {
  return Math.max(...concessions.map(({ factor }) => factor))
}
