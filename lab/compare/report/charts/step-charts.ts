import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import type { ComparisonResult, SubjectResult } from '../../comparison-result.ts'
import type { HotKeyRecord } from '../../records.ts'
import { html, type Markup } from '../html/markup.ts'
import { numberText } from '../number-text.ts'
import { type Axis, axisOf, tickText } from './axis.ts'
import { frame } from './frame.ts'

const width = 180
const height = 146
const left = 36
const right = width - 6
const top = 38
const bottom = 122

/** For each subject, how the statements to the database add up while its hot key expires: a line a round, all on the same axes. */
export function stepCharts({ subjects }: ComparisonResult): Markup[] {
  const all = subjects.flatMap(({ records }) => records.hotKey)
  const counts = all.flatMap(({ series }) =>
    series.map(({ statements }) => Math.max(1, statements)),
  )
  const most = counts.reduce((max, count) => Math.max(max, count), 1)
  const axis = axisOf([1, most], { from: bottom, to: top, isLog: true })
  const endMs = Math.max(...all.map(({ series }) => series.at(-1)?.atMs ?? 0), 1)
  const time = scaleLinear([0, endMs], [left, right])
  const path = line<HotKeyRecord['series'][number]>()
    .x(({ atMs }) => time(atMs))
    .y(({ statements }) => axis.place(Math.max(1, statements)))
    .curve(curveStepAfter)
  const times = [0, endMs].map(
    (ms) =>
      html`<text class="tick" x="${time(ms)}" y="${bottom + 17}" text-anchor="${ms === 0 ? 'middle' : 'end'}">${numberText(Math.round(ms / 100) / 10)}${ms === 0 ? '' : ' s'}</text>`,
  )
  return subjects.map((subject) => stepChart(subject, [...axisMarkup(axis), ...times], path))
}

function stepChart(
  { name, records }: SubjectResult,
  axes: readonly Markup[],
  path: (series: HotKeyRecord['series'][number][]) => string | null,
): Markup {
  const ends = records.hotKey.map(({ series }) => series.at(-1)?.statements ?? 0)
  const [least, most] = [Math.min(...ends), Math.max(...ends)].map(numberText)
  const sum = least === most ? `${most}` : `${least} to ${most}`
  const title = `${name}: statements in all`
  return frame({ id: `chart-hot-${name}`, width, height, title, description: sum }, [
    ...axes,
    html`<g class="${name}"><text class="name" x="2" y="12">${name}</text><text class="tick" x="${right}" y="27" text-anchor="end">${sum} in all</text>${records.hotKey.map(
      ({ series }) => html`<path class="step" d="${path([...series]) ?? ''}"/>`,
    )}</g>`,
  ])
}

function axisMarkup({ ticks, place }: Axis): Markup[] {
  return ticks.map((tick) => {
    const y = place(tick)
    return html`<line class="grid" x1="${left}" x2="${right}" y1="${y}" y2="${y}"/><text class="tick" x="${left - 4}" y="${y + 4}" text-anchor="end">${tickText(tick)}</text>`
  })
}
