import { describe, expect, test } from 'vitest'
import { compare } from '../bench/comparison.ts'
import { heading, report } from '../bench/report.ts'
import type { Sample } from '../bench/sample.ts'
import { spreadOf } from '../bench/spread.ts'

const sample = (ms: number, cpuUs: number): Sample => ({ operations: 1_000, ms, cpuUs })

describe('spreadOf', () => {
  test('tells the middle half from the extremes, whatever the order', () => {
    const spread = { min: 1, q1: 2, median: 3, q3: 4, max: 100 }
    expect(spreadOf([4, 100, 2, 1, 3])).toEqual(spread)
    expect(spreadOf([1, 2])).toMatchObject({ q1: 1.25, median: 1.5, q3: 1.75 })
    expect(spreadOf([7])).toEqual({ min: 7, q1: 7, median: 7, q3: 7, max: 7 })
  })

  test('expects a value', () => {
    expect(() => spreadOf([])).toThrow(/expected values, received none/)
  })
})

describe('compare', () => {
  // The second round is disturbed: both take ten times as long.
  const measured = [
    { name: 'bare', samples: [sample(10, 10_000), sample(100, 100_000), sample(10, 10_000)] },
    { name: 'ours', samples: [sample(20, 11_000), sample(200, 125_000), sample(16, 14_000)] },
  ]
  const pair = { subject: 'ours', baseline: 'bare' }

  test('pairs the samples of a round, so that what disturbs both cancels out', () => {
    const { spread } = compare({ ...pair, measure: 'throughput-ratio' }, measured)
    expect(spread).toMatchObject({ min: 0.5, median: 0.5, max: 0.625 })
  })

  test('gives ratios of CPU time as shares of the baseline, and differences an operation', () => {
    const ratio = compare({ ...pair, measure: 'cpu-ratio' }, measured).spread
    expect(ratio.median).toBeCloseTo(10 / 12.5)
    const added = compare({ ...pair, measure: 'added-cpu-us' }, measured).spread
    expect(added).toMatchObject({ min: 1, median: 4, max: 25 })
  })

  test.each([
    ['throughput-ratio', 0.5, true],
    ['throughput-ratio', 0.51, false],
    ['added-cpu-us', 4, true],
    ['added-cpu-us', 3.9, false],
  ] as const)('judges the median of %s against %d', (measure, target, isMet) => {
    expect(compare({ ...pair, measure, target }, measured).verdict?.isMet).toBe(isMet)
  })

  test('says when another run may judge otherwise', () => {
    const judge = (target: number) =>
      compare({ ...pair, measure: 'added-cpu-us', target }, measured).verdict
    expect([judge(3), judge(20), judge(1)].map((verdict) => verdict?.isUnsure)).toEqual([
      true,
      false,
      false,
    ])
    expect(compare({ ...pair, measure: 'added-cpu-us' }, measured).verdict).toBeUndefined()
  })

  test('refuses the name of a subject that is not there', () => {
    const comparison = { ...pair, baseline: 'bear', measure: 'cpu-ratio' } as const
    expect(() => compare(comparison, measured)).toThrow(/names "bear", the subjects are bare, ours/)
  })
})

describe('report', () => {
  const measured = [
    { name: 'bare', samples: [sample(10, 10_000)] },
    { name: 'ours', samples: [sample(20, 11_500)] },
  ]
  const subjects = measured.map((each) => ({
    ...each,
    operationsPerSecond: spreadOf(each.samples.map(({ ms }) => 1e6 / ms)),
    cpuUsPerOperation: spreadOf(each.samples.map(({ cpuUs }) => cpuUs / 1_000)),
  }))
  const group = { name: 'some-hit', title: 'a hit', missing: [], subjects }

  test('puts each claim beside what was measured', () => {
    const comparisons = [
      { measure: 'throughput-ratio', subject: 'ours', baseline: 'bare', target: 0.85 },
      { measure: 'added-cpu-us', subject: 'ours', baseline: 'bare', target: 2 },
      { measure: 'cpu-ratio', subject: 'ours', baseline: 'bare' },
    ] as const
    const compared = comparisons.map((each) => compare(each, measured))
    const lines = report({ ...group, comparisons: compared }).split('\n')
    expect(lines.find((line) => line.startsWith('  ours'))).toMatch(/ 50,000 \(.+ 11\.5 \(/)
    const find = (start: string) => lines.find((line) => line.startsWith(`  ${start}`))
    expect(find('operations/s: ours / bare')).toMatch(/ 0\.50 \(.*at least 0\.85 +MISSED$/)
    expect(find('CPU us: ours - bare')).toMatch(/ 1\.50 \(.*at most 2 +met$/)
    expect(find('CPU: bare / ours')).toMatch(/ 0\.87 \(.*none$/)
  })

  test('says which servers are missing instead of figures', () => {
    const missing = ['Redis', 'PostgreSQL'] as const
    expect(report({ ...group, missing, subjects: [], comparisons: [] })).toBe(
      'some-hit: not measured, needs Redis and PostgreSQL\n',
    )
  })

  test('says above all tables where, when and how, and what else was running', () => {
    const machine = {
      date: '2030-01-02T03:04:05.678Z',
      node: 'v1',
      cpu: 'a processor',
      cpus: 4,
      load: 0.2,
      commit: 'abc1234',
      isChanged: true,
      command: 'npm run bench -- --rounds 5',
    }
    expect(heading(machine, 5)).toBe(
      [
        '2030-01-02 03:04 UTC | Node v1 | a processor, 4 cores | commit abc1234, changed',
        'npm run bench -- --rounds 5 | median of 5 rounds (first to third quartile)',
        '',
      ].join('\n'),
    )
    expect(heading({ ...machine, load: 3.21 }, 5)).toContain('load 3.2 before the start')
  })
})
