import type { Spread } from '../bench/spread.ts'
import type { Verdict } from './verdict.ts'

/** Where a pattern stands among those that satisfy all constraints. */
export interface Ranked extends Verdict {
  /** 1 and how many are clearly quicker. */
  readonly rank: number
}

/** Those that satisfy, by the mean wait of a request: the quicker first; of the same rank the one with the lower median. */
export function rankingOf(verdicts: readonly Verdict[], rounds: number): Ranked[] {
  const good = verdicts.filter(({ outcome }) => outcome === 'satisfies')
  const waitOf = ({ figures }: Verdict) => figures.meanWaitMs
  return good
    .map((one) => {
      const quicker = good.filter((other) => isClearlyLess(waitOf(other), waitOf(one), rounds))
      return { ...one, rank: 1 + quicker.length }
    })
    .sort((one, other) => one.rank - other.rank || waitOf(one).median - waitOf(other).median)
}

/** All rounds of one are below all of the other. One round says nothing of what the next would be. */
export function isClearlyLess(one: Spread, other: Spread, rounds: number): boolean {
  return rounds > 1 && one.max < other.min
}

/** Of so many pairs that do not differ, one comes out apart by chance. */
export function chanceOfApart(rounds: number): number {
  let arrangements = 1
  for (let each = 1; each <= rounds; each += 1) arrangements *= (rounds + each) / each
  return Math.round(arrangements / 2)
}
