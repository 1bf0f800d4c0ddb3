import { type SymbolType, symbol, symbolCircle, symbolDiamond2, symbolTriangle } from 'd3-shape'
import type { Figure, MeasuredCell } from '../../figure.ts'
import { rangeOf } from '../../ranking.ts'
import type { FigureRow, FigureTable } from '../figure-table.ts'
import { html, type Markup } from '../html/markup.ts'
import { type Axis, axisOf, tickText } from './axis.ts'
import { frame } from './frame.ts'

const width = 360
const left = 4
const right = width - 8
const rowHeight = 38
const top = 4

/** How the medians of a family's figures are marked, in their order. */
export const shapes: readonly { readonly type: SymbolType; readonly sign: string }[] = [
  { type: symbolCircle, sign: '○' },
  { type: symbolDiamond2, sign: '◇' },
  { type: symbolTriangle, sign: '△' },
]

export interface RowChart {
  readonly image: Markup
  readonly isLog: boolean
}

/**
 * A row for each subject: its median, its samples as dots, and their range as a line. One figure stands as bars, unless
 * its axis is logarithmic; several of a family as marks on one axis. Undefined where nothing was measured.
 */
export function rowChart(table: FigureTable): RowChart | undefined {
  const values = valuesOf(table)
  if (values.length === 0) return undefined
  const [first] = table.figures as readonly [Figure, ...Figure[]]
  const title = table.figures.map((figure) => figure.title).join(', ')
  const axis = axisOf(values, {
    from: left,
    to: right,
    isShare: first.unit === '%' && first.better === 'more',
    ...(table.figures.length > 1 ? { isLog: true } : {}),
  })
  const bottom = top + table.rows.length * rowHeight
  const image = frame(
    {
      id: `chart-${table.figures.map(({ id }) => id).join('-')}`,
      width,
      height: bottom + 22,
      title,
      description: table.rows.map(({ name, cells }) => `${name}: ${textOf(cells)}`).join('; '),
    },
    [axisMarkup(axis, bottom), ...table.rows.map((row, index) => rowMarkup(row, index, axis))],
  )
  return { image, isLog: axis.isLog }
}

function valuesOf({ rows }: FigureTable): number[] {
  return rows.flatMap(({ cells }) =>
    cells.flatMap(({ cell }) => (cell.kind === 'measured' ? cell.values : [])),
  )
}

function axisMarkup({ ticks, place }: Axis, bottom: number): Markup {
  const lines = ticks.map((tick) => {
    const x = place(tick)
    const anchor = x < left + 8 ? 'start' : x > right - 12 ? 'end' : 'middle'
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom + 4}"/><text class="tick" x="${x}" y="${bottom + 18}" text-anchor="${anchor}">${tickText(tick)}</text>`
  })
  return html`${lines}`
}

function rowMarkup({ name, cells }: FigureRow, index: number, axis: Axis): Markup {
  const base = top + index * rowHeight
  const middle = base + 26
  const marks = cells.map(({ cell }, place) => {
    if (cell.kind !== 'measured') return html``
    const isBar = cells.length === 1 && !axis.isLog
    return isBar ? bar(cell, middle, axis) : mark(cell, middle, axis, shapes[place]?.type)
  })
  return html`<g class="${name}"><text class="name" x="${left}" y="${base + 14}">${name}</text><text class="value" x="${right}" y="${base + 14}" text-anchor="end">${textOf(cells)}</text>
<line class="track" x1="${left}" x2="${right}" y1="${middle}" y2="${middle}"/>${marks}</g>`
}

/** One figure with its noise; of several, their values alone: there is room for no more. */
function textOf(cells: FigureRow['cells']): string {
  const isSame = cells.every(
    ({ cell, value }) => cell.kind !== 'measured' && value === cells[0]?.value,
  )
  if (cells.length > 1)
    return isSame ? (cells[0]?.value ?? '') : cells.map(({ value }) => value).join(' · ')
  return cells
    .flatMap(({ value, noise, mark: best }) => [value, noise, best])
    .filter((part) => part !== '')
    .join(' ')
}

function bar(cell: MeasuredCell, middle: number, axis: Axis): Markup {
  const [from, to] = [axis.place(0), axis.place(cell.spread.median)]
  return html`<rect class="bar" x="${from}" y="${middle - 6}" width="${Math.max(0, to - from)}" height="12" rx="1.5"/><line class="median" x1="${to}" x2="${to}" y1="${middle - 8}" y2="${middle + 8}"/>${samples(cell, middle, axis)}`
}

function mark(
  cell: MeasuredCell,
  middle: number,
  axis: Axis,
  type: SymbolType = symbolCircle,
): Markup {
  const path = symbol(type, 62)() ?? ''
  return html`${samples(cell, middle, axis)}<path class="mark" transform="translate(${axis.place(cell.spread.median)} ${middle})" d="${path}"/>`
}

function samples(cell: MeasuredCell, middle: number, { place }: Axis): Markup {
  const { low, high } = rangeOf(cell)
  const range = Number.isFinite(low)
    ? html`<line class="range" x1="${place(low)}" x2="${place(high)}" y1="${middle}" y2="${middle}"/>`
    : undefined
  const dots = [...new Set(cell.values)].map(
    (value) => html`<circle class="dot" cx="${place(value)}" cy="${middle}" r="2.2"/>`,
  )
  return html`${range}${dots}`
}
