import { describe, expect, test } from 'vitest'
import { chart } from '../bench/chart.ts'
import { columns, rank } from '../bench/ranking.ts'
import { report } from '../bench/report.ts'
import type { Measured, Sample } from '../bench/sample.ts'
import { spreadOf } from '../bench/spread.ts'

const sample = (ms: number, cpuUs: number, more: Partial<Sample> = {}): Sample => ({
  ...{ operations: 100, ms, cpuUs, allocatedBytes: 2_000 },
  ...more,
})
// The second round is disturbed: all take ten times as long.
const measured = [
  { name: 'ours, get()', samples: [sample(10, 200), sample(100, 2_000), sample(10, 200)] },
  { name: 'a <peer>', samples: [sample(20, 500), sample(250, 5_000), sample(20, 500)] },
]
const ranking = { ours: 'ours, get()', columns: ['throughput', 'cpu', 'allocation'] } as const

function group(columnNames: typeof ranking.columns | readonly ['loads', 'wait', 'cpu']) {
  const subjects = measured.map((each) => ({
    ...each,
    samples: each.samples.map((one) => ({ ...one, loads: 200 })),
    operationsPerSecond: spreadOf([1]),
    cpuUsPerOperation: spreadOf([1]),
  }))
  return {
    ...{ name: 'peers-hit', title: 'a hit', missing: [], comparisons: [], subjects },
    ranking: { ours: ranking.ours, columns: columnNames },
  }
}

describe('rank', () => {
  test('gives each figure with how many times ours it is, taken within a round', () => {
    const [ours, peer] = rank(ranking, measured)
    expect(ours?.figures.map(({ timesOurs }) => timesOurs.median)).toEqual([1, 1, 1])
    const [throughput, cpu, allocation] = peer?.figures ?? []
    expect(throughput?.spread).toMatchObject({ median: 5_000, max: 5_000, min: 400 })
    expect(throughput?.timesOurs).toMatchObject({ median: 0.5, min: 0.4 })
    expect(cpu?.timesOurs).toMatchObject({ min: 2.5, max: 2.5 })
    expect(allocation?.spread.median).toBe(20)
  })

  test('takes what is allocated from the samples that were counted', () => {
    const counted = [sample(1, 1, { allocatedBytes: 5_000 })]
    const [, peer] = rank(ranking, [measured[0], { ...measured[1], counted }] as Measured[])
    expect(peer?.figures[2]).toMatchObject({ spread: { median: 50 }, timesOurs: { median: 2.5 } })
    expect(peer?.figures[1]?.spread.median).toBe(5)
  })

  test('refuses a name that was not measured', () => {
    expect(() => rank({ ...ranking, ours: 'theirs' }, measured)).toThrow(
      'a ranking names "theirs", which was not measured',
    )
  })

  test('says NaN of what was not counted', () => {
    const { allocatedBytes: _, ...bare } = sample(1, 1)
    expect(columns.allocation.of(bare)).toBeNaN()
    expect(columns.loads.of(bare)).toBeNaN()
    expect(columns.loads.of({ ...bare, loads: 250 })).toBe(2.5)
  })
})

test('the table of a ranking has a line for each subject, and how many times ours behind each figure', () => {
  expect(report(group(ranking.columns))).toBe(
    [
      'peers-hit: a hit',
      '               operations/s              x ours  CPU us/operation     x ours  bytes/operation  x ours',
      '  ours, get()  10,000 (5,500 to 10,000)  1.00    2.00 (2.00 to 11.0)  1.00    20 (20 to 20)    1.00',
      '  a <peer>     5,000 (2,700 to 5,000)    0.50    5.00 (5.00 to 27.5)  2.50    20 (20 to 20)    1.00',
      '',
    ].join('\n'),
  )
})

describe('the chart', () => {
  test('draws a bar for each subject as long as its CPU time, ours in a colour of its own', () => {
    const drawn = chart([group(ranking.columns)]) ?? ''
    expect(drawn).toMatch(/^<svg xmlns/)
    const bars = [...drawn.matchAll(/<rect class="(\w+)" .*?width="([\d.]+)"/g)].slice(1)
    expect(bars.map(([, kind]) => kind)).toEqual(['ours', 'bar'])
    expect(Number(bars[1]?.[2]) / Number(bars[0]?.[2])).toBeCloseTo(2.5, 1)
    expect(drawn).toContain('>a &lt;peer&gt;</text>')
    expect(drawn).toContain('prefers-color-scheme: dark')
    expect(drawn).not.toMatch(/href|@import|url\(/)
  })

  test('draws how long all wait where that was measured, with the loads', () => {
    const drawn = chart([group(['loads', 'wait', 'cpu'])]) ?? ''
    expect(drawn).toContain('peers-hit: ms to the last answer')
    expect(drawn).toContain('>0.1, 2 loads</text>')
  })

  test('is none where nothing was ranked', () => {
    const { ranking: _, ...plain } = group(ranking.columns)
    expect(chart([plain])).toBeUndefined()
  })
})
