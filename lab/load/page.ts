import { escaped } from './line-chart.ts'
import type { LoadReport } from './load-report.ts'
import { style } from './page-style.ts'
import { percentileChart } from './percentile-chart.ts'
import { errorLines, rowsOf } from './report.ts'
import { timelineCharts } from './timeline-charts.ts'
import {
  count,
  loadLine,
  machineLine,
  milliseconds,
  percent,
  warnings,
  workloadLine,
} from './words.ts'

/** The results as one page, which needs nothing beside it. */
export function page(load: LoadReport): string {
  const { workload } = load
  const source = workload.source === undefined ? [] : [`Source: ${workload.source}`]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load: ${escaped(workload.title)}</title>
<style>${style}</style>
<main>
<h1>Load</h1>
<p>${escaped(loadLine(load))}</p>
<p>${escaped(workloadLine(workload))}</p>
${tiles(load)}
${list('warning', [...errorLines(load).map((line) => `Error: ${line}`), ...warnings(load).map(sentence)])}
<div class="scroll">${table(rowsOf(load))}</div>
${percentileChart(load)}
${timelineCharts(load)}
<h2>What this is</h2>
${list('note', [...source, ...workload.notes.map(sentence), machineLine(load), load.machine.command])}
</main>
</html>
`
}

function tiles({ result }: LoadReport): string {
  const { get, put } = result.kinds
  const errors = Object.values(result.kinds)
    .flatMap((kind) => Object.values(kind.errors))
    .reduce((sum, times) => sum + times, 0)
  const all: readonly (readonly [what: string, value: string])[] = [
    ['requests/s', count((1_000 * result.requests) / Math.max(1, result.ms))],
    ...(result.hitRatio === undefined ? [] : [['hit ratio', percent(result.hitRatio)] as const]),
    ...[['GET', get] as const, ['PUT', put] as const].flatMap(([name, { latencies }]) =>
      latencies.count === 0
        ? []
        : [[`${name} p99`, `${milliseconds(latencies.p99Ms)} ms`] as const],
    ),
    ['errors', count(errors)],
  ]
  const items = all.map(([what, value]) => `<div><dt>${what}</dt><dd>${value}</dd></div>`)
  return `<dl>${items.join('')}</dl>`
}

function table([heading = [], ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell, index) => `<${index === 0 ? 'th' : tag}>${escaped(cell)}</${index === 0 ? 'th' : tag}>`).join('')}</tr>`
  return `<table><thead>${row(heading, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`
}

function list(name: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `<ul class="${name}">${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
