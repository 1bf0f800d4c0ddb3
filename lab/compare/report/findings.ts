import type { ComparisonResult } from '../comparison-result.ts'
import type { Figure, MeasuredCell } from '../figure.ts'
import { figureOf, figures } from '../figures.ts'
import { isClearlyBetter, type Ranked, rank } from '../ranking.ts'
import type { SubjectName } from '../subject.ts'
import { cellText } from './cell-text.ts'
import { numberText } from './number-text.ts'

/** What the data say of one figure, or of one subject. */
export interface Finding {
  readonly of: string
  readonly text: string
}

type Measured = Ranked & { readonly cell: MeasuredCell }

const headlines = [
  'reads-per-second',
  'writes-per-second',
  'hit-p50',
  'miss-p50',
  'write-p50',
  'write-p99',
  'hit-ratio',
  'statements',
  'hot-key-peak',
  'stale-reads',
  'lag-p50',
  'lost-writes',
  'recovery',
  'reads-redis-frozen',
  'reads-postgres-down',
  'writes-postgres-down',
] as const

/** Who has the most and who the least, figure by figure, and by how much: as computed, whoever it is. */
export function figureFindings(result: ComparisonResult): readonly Finding[] {
  return headlines.map((id) => {
    const figure = figureOf(id)
    return { of: figure.title, text: findingOf(figure, result) }
  })
}

/** What each subject does clearly better, and clearly worse, than all others that have the figure. */
export function subjectFindings(result: ComparisonResult): readonly Finding[] {
  const rankings = figures.map((figure) => ({ figure, ranked: rank(figure, result) }))
  return result.subjects.map(({ name }) => {
    const titlesOf = (isIt: (figure: Figure, other: Ranked, own: Ranked) => boolean) =>
      rankings
        .filter(({ figure, ranked }) => {
          const own = ranked.find((each) => each.name === name) as Ranked
          const others = ranked.filter((each) => each !== own && each.rank !== undefined)
          return others.length > 0 && others.every((other) => isIt(figure, other, own))
        })
        .map(({ figure }) => figure.title)
    const best = titlesOf((figure, other, own) => isClearlyBetter(figure, own.cell, other.cell))
    const worst = titlesOf((figure, other, own) => isClearlyBetter(figure, other.cell, own.cell))
    return {
      of: name,
      text: `Clearly best: ${best.join('; ') || 'nowhere'}. Clearly worst: ${worst.join('; ') || 'nowhere'}.`,
    }
  })
}

/** Who has the most of a figure and who the least, and how many times as much that is. */
export function findingOf(figure: Figure, result: ComparisonResult): string {
  const ranked = rank(figure, result)
  const measured = ranked.filter(isMeasured)
  const sign = figure.better === 'more' ? -1 : 1
  const sorted = measured.sort((a, b) => sign * (a.cell.spread.median - b.cell.spread.median))
  if (sorted.length === 0) return `Not measured: ${absences(figure, ranked)}.`
  const missing = sorted.length < ranked.length ? ` Without: ${absences(figure, ranked)}.` : ''
  const first = sorted.filter(({ rank: place }) => place === 1)
  const worst = sorted.findLast(({ rank: place }) => place !== 1)
  if (worst === undefined) {
    return `${isSame(sorted) ? 'The same of all' : 'No difference beyond the noise'}: ${listed(figure, sorted)}.${missing}`
  }
  const last = sorted.filter(
    (each) => each.rank !== 1 && !isClearlyBetter(figure, each.cell, worst.cell),
  )
  const [best, least] = [listed(figure, first), listed(figure, last)]
  const times = ratioText(figure, first[0] as Measured, worst)
  return figure.better === 'more'
    ? `Most: ${best}${times && `, ${times} as the least`}. Least: ${least}.${missing}`
    : `Least: ${best}. Most: ${least}${times && `, ${times}`}.${missing}`
}

function isMeasured(ranked: Ranked): ranked is Measured {
  return ranked.cell.kind === 'measured'
}

function isSame(sorted: readonly Measured[]): boolean {
  return sorted.every(({ cell }) =>
    cell.values.every((value) => value === sorted[0]?.cell.values[0]),
  )
}

/** One with its noise; of several, from where to where their medians reach. */
function listed(figure: Figure, sorted: readonly Measured[]): string {
  const unit = { '': '', '/s': '/s', ms: ' ms', '%': ' %' }[figure.unit]
  const texts = sorted.map(({ cell }) => cellText(figure, cell))
  const names = sorted.map(({ name }) => name).join(', ')
  const [one, ...others] = [...new Set(texts.map(({ value }) => value))]
  const noise = texts.length === 1 && texts[0]?.noise ? ` ${texts[0].noise}` : ''
  return others.length === 0
    ? `${names} (${one}${unit}${noise})`
    : `${names} (${one} to ${others.at(-1)}${unit})`
}

/** Who has nothing to rank, and why: `no-cache (no hits)`; of all alike, why alone. */
function absences(figure: Figure, ranked: readonly Ranked[]): string {
  const names = new Map<string, SubjectName[]>()
  for (const { name, cell } of ranked) {
    const { value } = cellText(figure, cell)
    if (cell.kind !== 'measured') names.set(value, [...(names.get(value) ?? []), name])
  }
  return [...names]
    .map(([why, each]) => (each.length === ranked.length ? why : `${each.join(', ')} (${why})`))
    .join(', ')
}

function ratioText({ better }: Figure, best: Measured, worst: Measured): string {
  const [more, less] = better === 'more' ? [best, worst] : [worst, best]
  if (less.cell.spread.median <= 0) return ''
  return `${numberText(more.cell.spread.median / less.cell.spread.median)} times as much`
}
