import { describe, expect, test } from 'vitest'
import { spreadOf } from '../bench/spread.ts'
import { agreement } from '../compare/agreement.ts'
import type { ComparisonResult } from '../compare/comparison-result.ts'
import type { MeasuredCell } from '../compare/figure.ts'
import { figureOf } from '../compare/figures.ts'
import { chanceOfApart, isClearlyBetter, rangeOf, rank } from '../compare/ranking.ts'
import { agreementReport, isAgreed } from '../compare/report/agreement-report.ts'
import { comparison, withKills } from './comparison-fixture.ts'

const lost = figureOf('lost-writes')
const small = comparison({ rounds: 2, kills: 1 })

function measured(...values: readonly number[]): MeasuredCell {
  return { kind: 'measured', values, spread: spreadOf(values) }
}

/** A comparison whose subjects, in their order, lost so many writes in each kill. */
function losing(...lostBySubject: readonly (readonly number[])[]): ComparisonResult {
  return withKills(small, lostBySubject)
}

const ranksOf = (result: ComparisonResult) => rank(lost, result).map((each) => each.rank)

describe('a range', () => {
  test('is from the least to the greatest of few values, between quartiles of ten or more', () => {
    expect(rangeOf(measured(3, 9, 1))).toEqual({ low: 1, high: 9 })
    expect(rangeOf(measured(0, 1, 2, 3, 4, 5, 6, 7, 8, 900, 900))).toEqual({ low: 2.5, high: 7.5 })
  })

  test('of one value has no ends, so that nothing is clearly better', () => {
    expect(rangeOf(measured(3))).toEqual({ low: -Infinity, high: Infinity })
    expect(isClearlyBetter(lost, measured(1), measured(9, 10))).toBe(false)
    expect(isClearlyBetter(lost, measured(1, 2), measured(9))).toBe(false)
  })
})

describe('clearly better', () => {
  test('is more, or less, as the figure has it', () => {
    const [few, many] = [measured(1, 2), measured(3, 4)]
    expect(isClearlyBetter(lost, few, many)).toBe(true)
    expect(isClearlyBetter(lost, many, few)).toBe(false)
    expect(isClearlyBetter(figureOf('hit-ratio'), many, few)).toBe(true)
  })

  test('is none of two whose ranges touch', () => {
    expect(isClearlyBetter(lost, measured(1, 3), measured(3, 4))).toBe(false)
  })

  test('is nobody than who has no such value', () => {
    expect(isClearlyBetter(lost, measured(1, 2), { kind: 'none', what: 'no kills' })).toBe(false)
  })
})

describe('ranks', () => {
  test('are shared by those whose ranges overlap, and count who is clearly better', () => {
    const result = losing([0, 0], [0, 0], [1, 5], [4, 6], [7, 7], [7, 8], [9, 9], [0, 9])
    expect(ranksOf(result)).toEqual([1, 1, 3, 3, 5, 5, 7, 1])
  })

  test('are none of a subject that has no such value', () => {
    const [, , , , , noCache] = rank(figureOf('hit-p50'), small)
    expect(noCache).toEqual({
      name: 'no-cache',
      cell: { kind: 'none', what: 'no hits' },
      rank: undefined,
    })
  })
})

test('the chance of equal subjects to come out apart is that of all orders of their samples', () => {
  expect([2, 3, 5, 9].map(chanceOfApart)).toEqual([3, 10, 126, 24_310])
  expect([chanceOfApart(1), chanceOfApart(10)]).toEqual([undefined, undefined])
})

describe('two runs', () => {
  const orders = [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 5],
    [6, 6],
  ]

  test('agree where only what is apart in one of them changes', () => {
    const one = losing(...orders, [7, 7])
    const other = losing(...orders, [0, 7])
    const found = agreement(one, other).find(({ figure }) => figure === lost)
    expect(found).toEqual({ figure: lost, orderedInBoth: 21, orderedInOne: 7, reversed: [] })
    const all = agreement(one, other)
    expect(isAgreed(all)).toBe(true)
    expect(agreementReport(all)).toContain('The runs agree')
  })

  test('disagree where a pair that is apart in both is reversed, and name it', () => {
    const one = losing(...orders, [7, 7])
    const other = losing(...orders, [5.5, 5.5])
    const all = agreement(one, other)
    expect(all.find(({ figure }) => figure === lost)?.reversed).toEqual([
      ['naive', 'naive-write-behind'],
    ])
    expect(isAgreed(all)).toBe(false)
    expect(agreementReport(all)).toContain(
      'acknowledged writes lost: naive is clearly better than naive-write-behind in the first run, clearly worse in the second',
    )
  })

  test('of different subjects are not compared', () => {
    const one = small
    const fewer = { ...one, subjects: one.subjects.slice(1) }
    expect(() => agreement(one, fewer)).toThrow('expected two runs of the same subjects')
  })
})
