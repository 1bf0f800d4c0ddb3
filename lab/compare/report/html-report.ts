import type { ComparisonResult } from '../comparison-result.ts'
import { type FigureGroup, figureGroups } from '../figure.ts'
import { figures, figuresOf } from '../figures.ts'
import { facts } from './facts.ts'
import { columnTitle, type FigureCell, type FigureRow, figureTable } from './figure-table.ts'
import { type Finding, figureFindings, subjectFindings } from './findings.ts'
import { groupTitles } from './group-titles.ts'
import { howToRead } from './how-to-read.ts'
import { chartFigures } from './html/chart-figures.ts'
import { html, type Markup } from './html/markup.ts'
import { style } from './html/style.ts'
import type { ReportOptions } from './markdown-report.ts'
import { notes } from './notes.ts'
import { subjectSentences } from './subject-sentences.ts'

/** One page with everything in it: it fetches nothing, and runs no script. */
export function htmlReport(result: ComparisonResult, options: ReportOptions = {}): string {
  const { json = 'compare.json' } = options
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Caching patterns, compared</title>
<link rel="icon" href="data:,">
<style>${{ markup: style }}</style>
</head>
<body>
<main>
${introduction(result, json)}
<h2 id="findings">What it shows</h2>
<p>Computed from the samples, figure by figure:</p>
${findingList(figureFindings(result))}
<p>Subject by subject, where it stands apart from all others:</p>
${findingList(subjectFindings(result))}
${figureGroups.map((group) => section(result, group))}
<h2 id="reading">How to read it</h2>
<ul>${howToRead(result).map((line) => html`<li>${line}</li>`)}</ul>
${legend()}
<h2 id="samples">All samples</h2>
<p><a href="${json}"><code>${json}</code></a> beside this page has every sample; the table above says where: <code>subjects[].records</code>
of a subject, a record a round, or a kill. <code>npm run compare -- --render</code> and its path make this page from it again.</p>
</main>
</body>
</html>
`
  return page.markup
}

function introduction(result: ComparisonResult, json: string): Markup {
  const said = notes(result)
  const links = figureGroups.map((group) => html`<a href="#${group}">${group}</a>`)
  const subjects = result.subjects.map(
    ({ name }) =>
      html`<li class="${name}"><strong>${name}</strong>: ${subjectSentences[name]}</li>`,
  )
  return html`<h1>Five caching patterns, measured side by side</h1>
<p>The same requests, sent to five services that differ in their caching pattern alone, and to controls that do what is
common instead. Every figure is computed from the samples in <a href="${json}"><code>${json}</code></a>.</p>
<nav aria-label="Parts of this page"><a href="#findings">findings</a>${links}<a href="#reading">how to read it</a></nav>
${said.map((note) => html`<p class="note">${note}</p>`)}
<div class="beside"><div><h2>Where and how</h2>
<dl class="facts">${facts(result).map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl></div>
<div><h2>What was compared</h2>
<ul>${subjects}</ul></div></div>
`
}

function findingList(findings: readonly Finding[]): Markup {
  return html`<ul class="findings">${findings.map(({ of, text }) => html`<li><strong>${of}.</strong> ${text}</li>`)}</ul>`
}

function section(result: ComparisonResult, group: FigureGroup): Markup {
  const { figures: columns, rows } = figureTable(result, figuresOf(group))
  const heads = columns.map(
    (figure) => html`<th scope="col" data-figure="${figure.id}">${columnTitle(figure)}</th>`,
  )
  const first = rows.findIndex(({ isControl }) => isControl)
  return html`<h2 id="${group}">${groupTitles[group]}</h2>
<div class="charts">${chartFigures(result, group)}</div>
<div class="scroll" tabindex="0" role="region" aria-label="${groupTitles[group]}: all figures"><table>
<thead><tr><td></td>${heads}</tr></thead>
<tbody>${rows.map((row, index) => tableRow(row, index === first))}</tbody>
</table></div>
`
}

function tableRow({ name, isControl, cells }: FigureRow, isFirstControl: boolean): Markup {
  const kind = `${isControl ? ' control' : ''}${isFirstControl ? ' first-control' : ''}`
  return html`<tr class="${name}${kind}"><th scope="row">${name}</th>${cells.map(tableCell)}</tr>
`
}

function tableCell({ value, noise, mark, rank }: FigureCell): Markup {
  const place = rank === undefined ? undefined : html` title="rank ${rank}"`
  const said = mark === '' ? html`${value}` : html`<b>${value}</b>`
  const around = noise === '' ? undefined : html` <small>${noise}</small>`
  return html`<td${place}>${said}${around}${mark === '' ? undefined : html` ${mark}`}</td>`
}

function legend(): Markup {
  const rows = figures.map(
    ({ id, title, unit, better, measurement, explanation }) =>
      html`<tr><th scope="row">${title}</th><td><code>${id}</code></td><td>${unit || 'count'}</td><td>${better}</td><td><code>records.${measurement}</code></td><td>${explanation}</td></tr>
`,
  )
  return html`<div class="scroll" tabindex="0" role="region" aria-label="All figures: what they are"><table class="legend">
<thead><tr><th scope="col">figure</th><th scope="col">id</th><th scope="col">unit</th><th scope="col">better</th><th scope="col">samples</th><th scope="col">what it is</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}
