import type { Axis } from './axis.ts'

export interface Chart {
  readonly title: string
  /** What the values are, by unit. */
  readonly unit: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  /** A custom property of the page. */
  readonly color: `--${string}`
  /** Undefined: a gap. */
  readonly points: readonly (readonly [x: number, y: number] | undefined)[]
}

/** A wide drawing and a narrow one, of which the page shows that which fits: text that is scaled cannot be read. */
export function lineChart(chart: Chart): string {
  const { title, unit, series } = chart
  const legend = series.map(
    ({ name, color }) => `<li><i style="background:var(${color})"></i>${escaped(name)}</li>`,
  )
  return [
    `<figure><figcaption>${escaped(title)} <small>${escaped(unit)}</small></figcaption>`,
    `<ul class="legend">${legend.join('')}</ul>`,
    drawing(chart, { name: 'wide', width: 1_100, height: 300, mostTicks: 16 }),
    drawing(chart, { name: 'narrow', width: 350, height: 240, mostTicks: 6 }),
    '</figure>',
  ].join('\n')
}

/** Text as HTML. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

interface Size {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly mostTicks: number
}

const margin = { left: 52, right: 30, top: 8, bottom: 24 }

function drawing({ title, x, y, series }: Chart, size: Size): string {
  const { name, width, height, mostTicks } = size
  const [right, bottom] = [width - margin.right, height - margin.bottom]
  const left = (value: number) => round(margin.left + x.at(value) * (right - margin.left))
  const top = (value: number) => round(bottom - y.at(value) * (bottom - margin.top))
  const every = Math.ceil(x.ticks.length / mostTicks)
  const lines = y.ticks.map(
    ({ value, label }) =>
      `<path class="grid" d="M${margin.left} ${top(value)}H${right}"/><text x="${margin.left - 6}" y="${top(value) + 4}" text-anchor="end">${escaped(label)}</text>`,
  )
  const marks = x.ticks
    .filter((_, index) => index % every === 0)
    .map(
      ({ value, label }) =>
        `<path class="grid" d="M${left(value)} ${margin.top}V${bottom}"/><text x="${left(value)}" y="${height - 6}" text-anchor="middle">${escaped(label)}</text>`,
    )
  const paths = series.map(
    ({ color, points }) =>
      `<path class="line" style="stroke:var(${color})" d="${pathOf(points, left, top)}"/>`,
  )
  return `<svg class="${name}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">${[...lines, ...marks, ...paths].join('')}</svg>`
}

function pathOf(
  points: Series['points'],
  left: (value: number) => number,
  top: (value: number) => number,
): string {
  let isOpen = false
  return points
    .map((point) => {
      const command = isOpen ? 'L' : 'M'
      isOpen = point !== undefined
      // A point alone is a line of no length: round ends make it a dot.
      return point === undefined
        ? ''
        : `${command}${left(point[0])} ${top(point[1])}${command === 'M' ? 'h0' : ''}`
    })
    .join('')
}

function round(value: number): number {
  return Math.round(10 * value) / 10
}
