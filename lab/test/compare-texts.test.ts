import { describe, expect, test } from 'vitest'
import { spreadOf } from '../bench/spread.ts'
import type { Cell } from '../compare/figure.ts'
import { cellText } from '../compare/report/cell-text.ts'
import { axisOf, tickText } from '../compare/report/charts/axis.ts'
import { html } from '../compare/report/html/markup.ts'
import { markdownTable } from '../compare/report/markdown-table.ts'
import { numberText, percentText, valueText } from '../compare/report/number-text.ts'

function measured(...values: readonly number[]): Cell {
  return { kind: 'measured', values, spread: spreadOf(values) }
}

describe('a number', () => {
  test.each([
    [0, '0'],
    [0.0004213, '0.00042'],
    [0.00000012, '0.00000012'],
    [0.9996, '1.00'],
    [1.234, '1.23'],
    [12.34, '12.3'],
    [99.96, '100'],
    [2_812.4, '2,812'],
    [3, '3'],
  ])('%f is written %s', (value, text) => {
    expect(numberText(value)).toBe(text)
  })

  test('is never rounded to all, or none, of a whole', () => {
    expect([99.999, 100, 0.0001, 0].map(percentText)).toEqual(['99.99', '100', '0.00010', '0'])
  })

  test('of a time has its digits, of a count none', () => {
    expect([valueText('ms', 2), valueText('', 2), valueText('%', 2), valueText('ms', 0)]).toEqual([
      '2.00',
      '2',
      '2.00',
      '0',
    ])
  })
})

describe('a cell', () => {
  test.each([
    ['/s', measured(2_800, 2_812, 2_900), '2,812', '±4 %'],
    ['ms', measured(1, 1, 1), '1.00', ''],
    ['%', measured(87.1, 87.3, 87.35), '87.3', '±0.2'],
    ['%', measured(20, 22.22, 25), '22.2', '±2.8'],
    ['', measured(0, 0, 3), '0', '(0 to 3)'],
    ['', measured(1, 2, 4), '2', '±100 %'],
    ['', measured(1, 2, 7), '2', '(1 to 7)'],
    ['', measured(4), '4', '(one sample)'],
    ['', { kind: 'needs', server: 'Redis' } as const, 'needs Redis', ''],
    ['', { kind: 'none', what: 'no hits' } as const, 'no hits', ''],
  ] as const)('of %j, %j, reads %s %s', (unit, cell, value, noise) => {
    expect(cellText({ unit }, cell)).toEqual({ value, noise })
  })

  test('never says less noise than there was', () => {
    expect(cellText({ unit: 'ms' }, measured(100, 100.1)).noise).toBe('±1 %')
    expect(cellText({ unit: '%' }, measured(50, 50.001)).noise).toBe('±0.01')
  })
})

test('parts of a page are escaped, markup is left as it is', () => {
  const { markup } = html`<b title="${'"'}">${`<i>'&'`}</b>${[html`<br>`]}${undefined}${1.23456}`
  expect(markup).toBe('<b title="&#34;">&#60;i&#62;&#39;&#38;&#39;</b><br>1.23')
})

test('a bar or a bracket in a cell does not break a table of Markdown', () => {
  expect(
    markdownTable(
      [
        ['', 'b'],
        ['x|y', '<z>\n'],
      ],
      'left',
    ),
  ).toEqual(['|  | b |', '|---|---|', '| x\\|y | &lt;z>  |'])
})

describe('an axis', () => {
  const ends = { from: 0, to: 100 }

  test('begins at zero, and at a hundred ends that of shares', () => {
    const axis = axisOf([20, 37], ends)
    expect([axis.isLog, axis.place(0), axis.place(40)]).toEqual([false, 0, 100])
    expect(axisOf([2, 3], { ...ends, isShare: true }).place(100)).toBe(100)
    expect(axisOf([0, 0], ends).place(0)).toBe(0)
  })

  test('is logarithmic where values differ by orders, unless one is zero', () => {
    expect(axisOf([1, 10_000], ends)).toMatchObject({
      isLog: true,
      ticks: [1, 10, 100, 1_000, 10_000],
    })
    expect(axisOf([1, 4], { ...ends, isLog: true }).ticks).toEqual([1, 2])
    expect(axisOf([0, 10_000], { ...ends, isLog: true }).isLog).toBe(false)
  })

  test('has ticks that are short', () => {
    expect([0.05, 2_000, 12_000].map(tickText)).toEqual(['0.05', '2,000', '12k'])
  })
})
