import type { LoadResult } from '../../../load/load-plan.ts'
import type { ComparisonResult } from '../../comparison-result.ts'
import type { Figure, FigureGroup } from '../../figure.ts'
import { figureOf, figuresOf } from '../../figures.ts'
import { curveChart } from '../charts/curve-chart.ts'
import { ageCurves, latencyCurves } from '../charts/curves.ts'
import { type RowChart, rowChart, shapes } from '../charts/row-chart.ts'
import { stepCharts } from '../charts/step-charts.ts'
import { columnTitle, figureTable } from '../figure-table.ts'
import { findingOf } from '../findings.ts'
import { html, type Markup } from './markup.ts'

const logarithmic = 'The axis is logarithmic: the same distance is the same ratio.'

/** The charts of a group, each with a paragraph that says what it shows and how to read it. */
export function chartFigures(result: ComparisonResult, group: FigureGroup): Markup[] {
  const all = figuresOf(group)
  const families = [...new Set(all.map(({ family }) => family))].map((family) =>
    all.filter((figure) => figure.family === family),
  )
  return [
    ...families.flatMap((members) =>
      isOfTimes(members)
        ? [familyFigure(result, members)]
        : members.map((figure) => singleFigure(result, figure)),
    ),
    ...(group === 'speed' ? curveFigures(result) : []),
    ...(group === 'database' ? [hotKeyFigure(result)] : []),
    ...(group === 'consistency' ? [ageFigure(result)] : []),
  ]
}

/** Times of one thing fit on one axis. */
function isOfTimes(members: readonly Figure[]): boolean {
  return members.length > 1 && members.every(({ unit }) => unit === 'ms')
}

function singleFigure(result: ComparisonResult, figure: Figure): Markup {
  const chart = rowChart(figureTable(result, [figure]))
  const form = `${chart?.isLog ? 'Ring' : 'Bar'}: the median; dots: the samples; line: their range.`
  return rowFigure(result, { figure, title: columnTitle(figure), chart, form })
}

function familyFigure(result: ComparisonResult, members: readonly Figure[]): Markup {
  const [figure] = members as readonly [Figure, ...Figure[]]
  const titles = shortTitles(members)
  const signs = titles.map((title, index) => `${shapes[index]?.sign} ${title}`).join(', ')
  return rowFigure(result, {
    figure,
    title: `${figure.title}, ${titles.slice(1).join(', ')}, ms`,
    chart: rowChart(figureTable(result, members)),
    form: `${signs}: the median of the samples; dots: the samples; lines: their range.`,
  })
}

interface RowFigure {
  readonly figure: Figure
  readonly title: string
  readonly chart: RowChart | undefined
  /** What its marks mean. */
  readonly form: string
}

function rowFigure(result: ComparisonResult, { figure, title, chart, form }: RowFigure): Markup {
  const better = figure.better === 'more' ? 'More is better.' : 'Less is better.'
  const howToRead = chart ? ` ${better} ${form} ${chart.isLog ? logarithmic : ''}` : ''
  return html`<figure><h3>${title}</h3>${chart?.image}<figcaption>
<p><strong>${findingOf(figure, result)}</strong></p>
<p>${figure.explanation}${howToRead}</p></figcaption></figure>`
}

/** Without the words with which all of them begin: `p50`, `p99`. */
function shortTitles(members: readonly Figure[]): string[] {
  const words = members.map(({ title }) => title.split(' '))
  const [first = []] = words
  const differing = first.findIndex((word, index) => words.some((each) => each[index] !== word))
  return words.map((each) => each.slice(differing).join(' '))
}

function curveFigures(result: ComparisonResult): Markup[] {
  const kinds = [
    { id: 'hit', title: 'hits', of: ({ reads }: LoadResult) => reads.hit },
    { id: 'miss', title: 'misses', of: ({ reads }: LoadResult) => reads.miss },
    { id: 'write', title: 'writes', of: ({ kinds: { put } }: LoadResult) => put.latencies },
  ]
  return kinds.map(({ id, title, of }) => {
    const heading = `All ${title}, from the fastest to the slowest`
    const chart = curveChart(latencyCurves(result, of), {
      id: `curve-${id}`,
      title: heading,
      shares: 'tail',
    })
    return html`<figure><h3>${heading}</h3>${chart}<figcaption><p>All rounds of the mixed load together. Above 99%
stands the time within which 99 of 100 ${title} were answered; each step to the right is about the slowest tenth of the
step before. A line ends where fewer than ten were slower: nothing is known beyond. Lower is better. Times are
logarithmic.</p></figcaption></figure>`
  })
}

function hotKeyFigure(result: ComparisonResult): Markup {
  return html`<figure class="wide"><h3>Statements while a hot key expires</h3><div class="multiples">${stepCharts(result)}</div><figcaption>
<p><strong>${findingOf(figureOf('hot-key-peak'), result)}</strong></p>
<p>Many clients ask for one user. Each time its entry expires, those who find it gone ask the database: the line rises by
as many statements as that made. A low stair is one load for all; a high one is a stampede; a slope is a database that is
asked by everybody, always. A line a round; statements so far upwards, logarithmic, on the same axes for all.</p></figcaption></figure>`
}

function ageFigure(result: ComparisonResult): Markup {
  const curves = ageCurves(result)
  const without = result.subjects
    .filter(({ name }) => curves.every((curve) => curve.name !== name))
    .map(({ name }) => name)
  const heading = 'All stale reads, from the least stale to the stalest'
  const none = without.length === 0 ? '' : `No stale read, and so no line: ${without.join(', ')}.`
  const chart =
    curves.length === 0
      ? undefined
      : curveChart(curves, { id: 'curve-age', title: heading, shares: 'even' })
  return html`<figure><h3>${heading}</h3>${chart}<figcaption><p><strong>${none}</strong></p><p>By how much the stale reads
of all rounds were stale: above 50 % stands the time that half of them did not exceed. How many there were, the chart of
stale reads says. Lower is better. Times are logarithmic.</p></figcaption></figure>`
}
