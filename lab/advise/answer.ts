import type { AdviceResult } from './advice-result.ts'
import { concessionsOf } from './concessions.ts'
import { durationText } from './duration-text.ts'
import { savedOf } from './figure-rows.ts'
import { replayFigures } from './pattern-figures.ts'
import { chanceOfApart, type Ranked, rankingOf } from './ranking.ts'
import type { Verdict } from './verdict.ts'

/** What to take, in words, and of each pattern why, or why not. */
export function answer(verdicts: readonly Verdict[], result: AdviceResult): string[] {
  const { rounds } = result.settings
  const ranking = rankingOf(verdicts, rounds)
  const others = (outcome: Verdict['outcome']) =>
    verdicts.filter((verdict) => verdict.outcome === outcome)
  const isAsked = Object.values(result.constraints).some((limit) => limit !== undefined)
  return [
    ...headline(ranking, verdicts, result),
    ...(isAsked ? [] : ['No constraint was given: who answers satisfies.']),
    '',
    ...ranking.flatMap((ranked) =>
      paragraph(`${ranked.rank}. ${ranked.name}`, 'satisfies', ranked),
    ),
    ...others('undecided').flatMap((each) => paragraph(`?  ${each.name}`, 'not decided', each)),
    ...others('falls out').flatMap((each) => paragraph(`-  ${each.name}`, 'falls out', each)),
  ]
}

function headline(
  ranking: readonly Ranked[],
  verdicts: readonly Verdict[],
  result: AdviceResult,
): string[] {
  const first = ranking.filter(({ rank }) => rank === 1)
  if (first.length === 0) return noneSatisfies(verdicts)
  const noCache = replayFigures(result.noCache, result.settings)
  const waits = first.map(({ name, figures }) => {
    const wait = durationText(figures.meanWaitMs.median)
    return `${name} ${wait}, ${savedOf(figures, noCache)} statements`
  })
  const wait = `A request waited on average, and against no cache (${durationText(noCache.meanWaitMs.median)}) the database was sent: ${waits.join('; ')}.`
  return [`Take ${listed(first.map(({ name }) => name))}.${tieText(first, result)}`, wait]
}

function tieText(first: readonly Ranked[], { settings: { rounds } }: AdviceResult): string {
  if (first.length === 1) return ''
  if (rounds === 1) return ' One round cannot tell them apart.'
  return ` The ${rounds} rounds do not tell their waits apart: that is a tie (of patterns that do not differ, one pair in ${chanceOfApart(rounds)} would come apart by chance).`
}

function noneSatisfies(verdicts: readonly Verdict[]): string[] {
  const isUndecided = verdicts.some(({ outcome }) => outcome === 'undecided')
  const concessions = concessionsOf(verdicts)
  return [
    isUndecided
      ? 'None is known to satisfy: some of it is not decided here.'
      : 'None of the five satisfies all of this.',
    ...(concessions.length === 0 ? [] : ['What would have to give, the least first:']),
    ...concessions.map(({ name, concessions: all }) => {
      const given = all.map(({ argument, factor }) => `${argument}${timesText(factor)}`)
      return `  ${name}: ${given.join(' and ')}`
    }),
  ]
}

function timesText(factor: number): string {
  return Number.isFinite(factor) ? ` (${Number(factor.toPrecision(3))} times what is allowed)` : ''
}

/** Of one that falls out only what speaks against it. */
function paragraph(name: string, verdict: string, { outcome, findings }: Verdict): string[] {
  const shown =
    outcome === 'satisfies' ? findings : findings.filter((finding) => finding.outcome !== 'holds')
  return [
    `${name.padEnd(16)} ${verdict}`,
    ...shown.map((finding) => {
      const mark = finding.outcome === 'undecided' && outcome === 'falls out' ? 'not decided, ' : ''
      return `     ${mark}${finding.words}.`
    }),
  ]
}

function listed(names: readonly string[]): string {
  return names.length === 1
    ? String(names[0])
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}
