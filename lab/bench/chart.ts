import { columns, type Figure, type Ranked, rank } from './ranking.ts'
import type { GroupResult } from './run-group.ts'

const width = 920
const labelWidth = 305
const barLeft = labelWidth + 12
const barWidth = 420
const rowHeight = 22
const headHeight = 54
const margin = 20
const barHeight = 12

const style = `
  .page { fill: #ffffff } .head { fill: #1f2328; font-weight: 600; font-size: 15px }
  .note { fill: #59636e; font-size: 12px } .name { fill: #1f2328; font-size: 13px } .figure { fill: #1f2328; font-size: 12px }
  .bar { fill: #8c959f } .ours { fill: #0969da } .spread { stroke: #1f2328; stroke-width: 1.5 } .axis { stroke: #d1d9e0 }
  .name.mine { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .head, .name, .figure { fill: #f0f6fc } .note { fill: #9198a1 }
    .bar { fill: #656c76 } .ours { fill: #4493f8 } .spread { stroke: #f0f6fc } .axis { stroke: #3d444d }
  }`

/** What is drawn of a group: its time where all wait for one answer, else the CPU time of an operation. */
interface Panel {
  readonly title: string
  readonly note: string
  readonly rows: readonly Row[]
}

interface Row {
  readonly name: string
  readonly isOurs: boolean
  readonly figure: Figure
  readonly text: string
}

/**
 * The ranked groups as one SVG, a panel of bars each: the median, with its quartiles as a line; shorter is better.
 * Undefined where nothing was ranked.
 */
export function chart(groups: readonly GroupResult[]): string | undefined {
  const panels = groups.flatMap(panelOf)
  if (panels.length === 0) return undefined
  const heights = panels.map(({ rows }) => headHeight + rows.length * rowHeight + margin)
  const height = heights.reduce((sum, each) => sum + each, margin)
  const tops = heights.map((_, index) =>
    heights.slice(0, index).reduce((sum, each) => sum + each, margin),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img">`,
    `<title>${escaped(panels.map(({ title }) => title).join('; '))}</title>`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...panels.map((panel, index) => panelSvg(panel, tops[index] ?? 0)),
    '</svg>',
    '',
  ].join('\n')
}

function panelOf({ name, title, ranking, subjects }: GroupResult): Panel[] {
  if (ranking === undefined) return []
  const column = ranking.columns.includes('wait') ? 'wait' : 'cpu'
  const rows = rank(ranking, subjects).map((ranked) => ({
    name: ranked.name,
    isOurs: ranked.name.startsWith(ranking.ours.split(',')[0] ?? ''),
    figure: figureOf(ranked, column) as Figure,
    text: textOf(ranked, column),
  }))
  return [{ title: `${name}: ${columns[column].head}`, note: title, rows }]
}

function figureOf({ figures }: Ranked, column: Figure['column']): Figure | undefined {
  return figures.find((each) => each.column === column)
}

/** The figure, and how often the source was asked. */
function textOf(ranked: Ranked, column: Figure['column']): string {
  const median = (name: Figure['column']) => {
    const figure = figureOf(ranked, name)
    return figure && columns[name].text(figure.spread.median)
  }
  const loads = median('loads')
  return `${median(column)}${loads === undefined ? '' : `, ${loads} ${loads === '1' ? 'load' : 'loads'}`}`
}

function panelSvg({ title, note, rows }: Panel, top: number): string {
  const largest = Math.max(...rows.map(({ figure }) => figure.spread.q3))
  const bottom = top + headHeight + rows.length * rowHeight
  return [
    `<text class="head" x="${margin}" y="${top + 16}">${escaped(title)}</text>`,
    `<text class="note" x="${margin}" y="${top + 35}">${escaped(note)}</text>`,
    ...rows.map((row, index) => rowSvg(row, top + headHeight + index * rowHeight, largest)),
    `<line class="axis" x1="${barLeft}" x2="${barLeft}" y1="${top + headHeight - 4}" y2="${bottom}"/>`,
  ].join('\n')
}

function rowSvg({ name, isOurs, figure, text }: Row, top: number, largest: number): string {
  const x = (value: number) => (barLeft + (barWidth * value) / largest).toFixed(1)
  const { median, q1, q3 } = figure.spread
  const middle = top + rowHeight / 2
  const length = Math.max(1, (barWidth * median) / largest).toFixed(1)
  return [
    `<text class="name${isOurs ? ' mine' : ''}" x="${labelWidth}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="${isOurs ? 'ours' : 'bar'}" x="${barLeft}" y="${middle - barHeight / 2}" width="${length}" height="${barHeight}"/>`,
    `<line class="spread" x1="${x(q1)}" x2="${x(q3)}" y1="${middle}" y2="${middle}"/>`,
    `<text class="figure" x="${Number(x(q3)) + 8}" y="${middle + 4}">${escaped(text)}</text>`,
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
