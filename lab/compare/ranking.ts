import type { ComparisonResult } from './comparison-result.ts'
import { type Cell, cellOf, type Figure, type MeasuredCell } from './figure.ts'
import type { SubjectName } from './subject.ts'

/** Where a subject stands among the others in one figure. */
export interface Ranked {
  readonly name: SubjectName
  readonly cell: Cell
  /** 1 and how many are clearly better; undefined where there is nothing to rank. */
  readonly rank: number | undefined
}

/** What may be called the value of a cell, for all that its samples say. */
export interface Range {
  readonly low: number
  readonly high: number
}

// With fewer, two equal subjects would often have quartiles that lie apart by chance: with five, one pair in five.
const samplesForQuartiles = 10

/**
 * From the least to the greatest value; with ten values or more, from the first quartile to the third. One value says
 * nothing of what the next would have been: its range has no ends.
 */
export function rangeOf({ values, spread }: MeasuredCell): Range {
  if (values.length < 2) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  return values.length < samplesForQuartiles
    ? { low: spread.min, high: spread.max }
    : { low: spread.q1, high: spread.q3 }
}

/** Whether the whole range of `one` is on the better side of the whole range of `other`. */
export function isClearlyBetter(figure: Figure, one: Cell, other: Cell): boolean {
  if (one.kind !== 'measured' || other.kind !== 'measured') return false
  const [range, beside] = [rangeOf(one), rangeOf(other)]
  return figure.better === 'more' ? range.low > beside.high : range.high < beside.low
}

/** All subjects in one figure, in the order of the result. Throws where a sample is missing. */
export function rank(figure: Figure, result: ComparisonResult): readonly Ranked[] {
  const cells = result.subjects.map((subject) => cellOf(figure, subject, result))
  return result.subjects.map(({ name }, index) => {
    const cell = cells[index] as Cell
    const better = cells.filter((other) => isClearlyBetter(figure, other, cell))
    return { name, cell, rank: cell.kind === 'measured' ? better.length + 1 : undefined }
  })
}

/** How the ranks come about, as every report says it. */
export const howRanked = `A figure is the median of its samples (one a round, or one a kill). ± is how far they lie \
from it: the farthest of them, or, with ten or more, the farther quartile. A subject is clearly better than another \
when all of its range is on the better side of all of the other's; its rank is 1 and the number of subjects that are \
clearly better. * marks rank 1: nobody is clearly better, the differences among those with * are within the noise.`

/** Of so many pairs of subjects that do not differ, one comes out apart by chance; undefined: the ranges are quartiles, or have no ends. */
export function chanceOfApart(samples: number): number | undefined {
  if (samples < 2 || samples >= samplesForQuartiles) return undefined
  let arrangements = 1
  for (let each = 1; each <= samples; each += 1) arrangements *= (samples + each) / each
  return Math.round(arrangements / 2)
}
