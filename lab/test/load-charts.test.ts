import { describe, expect, test } from 'vitest'
import { linearAxis, millisecondsAxis, secondsAxis } from '../load/axis.ts'
import { escaped, lineChart } from '../load/line-chart.ts'

const labels = ({ ticks }: { readonly ticks: readonly { readonly label: string }[] }) =>
  ticks.map(({ label }) => label)

describe('an axis', () => {
  test('ends at a round number, and names round ones', () => {
    const axis = linearAxis(837, String)
    expect(labels(axis)).toEqual(['0', '500', '1000'])
    expect([axis.at(0), axis.at(500), axis.at(1_000)]).toEqual([0, 0.5, 1])
    expect(labels(linearAxis(0.9, String))).toEqual(['0', '0.5', '1'])
  })

  test('of seconds ends with the last one', () => {
    const axis = secondsAxis(12)
    expect(labels(axis)).toEqual(['0 s', '5 s', '10 s'])
    expect(axis.at(12)).toBe(1)
  })

  test('of milliseconds gives each factor of ten the same room, and zero a place', () => {
    const axis = millisecondsAxis([0.3, 400])
    expect(labels(axis)).toEqual(['0.1', '1', '10', '100', '1000'])
    expect(axis.at(10)).toBeCloseTo(0.5)
    expect(axis.at(0)).toBe(0)
    expect(labels(millisecondsAxis([2, 30]))).toEqual(['1', '2', '5', '10', '20', '50', '100'])
    expect(millisecondsAxis([0, 0]).at(0)).toBe(0)
  })
})

test('a line has a gap where nothing was measured', () => {
  const axis = linearAxis(4, String)
  const points = [[0, 1], [1, 2], undefined, [3, 2], [4, 4]] as const
  const html = lineChart({
    title: 'A & B',
    unit: 'ms',
    x: axis,
    y: axis,
    series: [{ name: '<all>', color: '--get', points }],
  })
  const lines = [...html.matchAll(/class="line"[^>]+d="([^"]+)"/g)].map(([, path = '']) => path)
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line.replace(/[-0-9. ]+/g, '')).toBe('MhLMhL')
  expect(html).toContain('A &amp; B')
  expect(html).toContain('&lt;all&gt;')
  expect(escaped('"')).toBe('&quot;')
})
