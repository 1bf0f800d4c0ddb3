import { scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'
import { html, type Markup } from '../html/markup.ts'
import { numberText } from '../number-text.ts'
import { type Axis, axisOf, tickText } from './axis.ts'
import type { Curve } from './curves.ts'
import { frame } from './frame.ts'

const width = 360
const height = 300
const left = 44
const right = 212
const top = 18
const bottom = 268
const labelHeight = 15

export interface CurveChartOptions {
  readonly id: string
  readonly title: string
  /** `tail`: each step to the right leaves a tenth as many; `even`: all shares alike. */
  readonly shares: 'tail' | 'even'
}

/** A line for each subject, named at its end: the share of values to the right, how long upwards, in logarithmic steps. */
export function curveChart(curves: readonly Curve[], options: CurveChartOptions): Markup {
  const { id, title } = options
  const values = curves.flatMap(({ points }) => points.map(({ value }) => Math.max(value, 0.001)))
  const axis = axisOf(values.length > 0 ? values : [1], { from: bottom, to: top, isLog: true })
  const shares = sharesOf(curves, options)
  const placeOf = ({ share, value }: Curve['points'][number]): [number, number] => [
    shares.place(share),
    axis.place(Math.max(value, 0.001)),
  ]
  const path = line()
  const lines = curves.map(
    ({ name, points }) =>
      html`<path class="curve ${name}" d="${path(points.map(placeOf)) ?? ''}"/>`,
  )
  const description = curves
    .map(({ name, points }) => `${name} up to ${numberText(points.at(-1)?.value ?? 0)} ms`)
    .join('; ')
  return frame({ id: `chart-${id}`, width, height, title, description }, [
    ...axis.ticks.map((tick) => valueTick(tick, axis)),
    ...shares.ticks.map(
      ({ share, text }) =>
        html`<line class="grid" x1="${shares.place(share)}" x2="${shares.place(share)}" y1="${top}" y2="${bottom + 4}"/><text class="tick" x="${shares.place(share)}" y="${bottom + 18}" text-anchor="middle">${text}</text>`,
    ),
    html`<text class="tick" x="4" y="11">ms</text>`,
    ...lines,
    ...labels(curves, placeOf),
  ])
}

function valueTick(tick: number, { place }: Axis): Markup {
  const y = place(tick)
  return html`<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/><text class="tick" x="${left - 5}" y="${y + 4}" text-anchor="end">${tickText(tick)}</text>`
}

function sharesOf(curves: readonly Curve[], { shares }: CurveChartOptions) {
  if (shares === 'even') {
    const scale = scaleLinear([0, 1], [left + 4, right])
    const ticks = [0, 0.5, 1].map((share) => ({ share, text: `${100 * share} %` }))
    return { ticks, place: (share: number) => scale(share) }
  }
  const beyond = (share: number) => 1 / Math.max(1e-9, 1 - share)
  const most = Math.max(10, ...curves.map(({ points }) => beyond(points.at(-1)?.share ?? 0)))
  const least = Math.min(most / 2, ...curves.map(({ points }) => beyond(points[0]?.share ?? 0)))
  const scale = scaleLog([least, most], [left + 4, right])
  const ticks = [0.5, 0.9, 0.99, 0.999, 0.9999]
    .filter((share) => beyond(share) <= most * 1.01)
    .map((share) => ({ share, text: `${Number((100 * share).toFixed(2))}%` }))
  return { ticks, place: (share: number) => scale(beyond(share)) }
}

/** Names below each other in the order of the ends of their lines, each tied to its own. */
function labels(
  curves: readonly Curve[],
  placeOf: (point: Curve['points'][number]) => [number, number],
): Markup[] {
  const ends = curves
    .map(({ name, points }) => ({ name, end: placeOf(points.at(-1) as Curve['points'][number]) }))
    .sort((one, other) => one.end[1] - other.end[1])
  let y = top - labelHeight
  const placed = ends.map(({ name, end }) => {
    y = Math.max(y + labelHeight, end[1])
    return { name, end, y }
  })
  const beyond = Math.max(0, (placed.at(-1)?.y ?? 0) - bottom)
  return placed.map(({ name, end: [x, endY], y: wanted }, index) => {
    const at = Math.max(top + index * labelHeight, Math.min(wanted, wanted - beyond))
    return html`<g class="${name}"><path class="leader" d="M${x} ${endY}L${right + 4} ${at}L${right + 8} ${at}"/><text class="name" x="${right + 11}" y="${at + 4}">${name}</text></g>`
  })
}
