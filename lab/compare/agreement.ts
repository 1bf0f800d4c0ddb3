import { Failure } from '../replay/failure.ts'
import type { ComparisonResult } from './comparison-result.ts'
import type { Figure } from './figure.ts'
import { figures } from './figures.ts'
import { isClearlyBetter, type Ranked, rank } from './ranking.ts'
import type { SubjectName } from './subject.ts'

/** Whether two runs tell the same order of one figure. */
export interface Agreement {
  readonly figure: Figure
  /** Pairs of subjects of which one is clearly better in both runs. */
  readonly orderedInBoth: number
  /** In one of the two alone: the other cannot tell them apart. */
  readonly orderedInOne: number
  /** Clearly better in the first run, and clearly worse in the second. */
  readonly reversed: readonly (readonly [better: SubjectName, worse: SubjectName])[]
}

/** Of every figure; the runs agree when no pair is reversed. Throws a `Failure` for runs of different subjects. */
export function agreement(one: ComparisonResult, other: ComparisonResult): readonly Agreement[] {
  const [names, otherNames] = [namesOf(one), namesOf(other)]
  if (names !== otherNames) {
    throw new Failure(`expected two runs of the same subjects, received ${names}; ${otherNames}`)
  }
  return figures.map((figure) => agreementOf(figure, rank(figure, one), rank(figure, other)))
}

function agreementOf(
  figure: Figure,
  first: readonly Ranked[],
  second: readonly Ranked[],
): Agreement {
  const ordersOf = (ranked: readonly Ranked[]) =>
    ranked.flatMap((one) =>
      ranked
        .filter((other) => isClearlyBetter(figure, one.cell, other.cell))
        .map((other) => [one.name, other.name] as const),
    )
  const [orders, otherOrders] = [ordersOf(first), ordersOf(second)]
  const isIn = (pairs: typeof orders, better: SubjectName, worse: SubjectName) =>
    pairs.some((pair) => pair[0] === better && pair[1] === worse)
  const same = orders.filter(([better, worse]) => isIn(otherOrders, better, worse))
  const reversed = orders.filter(([better, worse]) => isIn(otherOrders, worse, better))
  const inBoth = same.length + reversed.length
  return {
    figure,
    orderedInBoth: inBoth,
    orderedInOne: orders.length + otherOrders.length - 2 * inBoth,
    reversed,
  }
}

function namesOf({ subjects }: ComparisonResult): string {
  return subjects.map(({ name }) => name).join(', ')
}
