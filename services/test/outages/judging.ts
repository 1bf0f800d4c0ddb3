import { appendFile } from 'node:fs/promises'
import { patternNames } from '../../http/port.ts'
import type { Row } from './table.ts'
import type { Answer } from './visitors.ts'

/** What one outage came to. */
export interface Course {
  readonly answers: readonly Answer[]
  /** What is wrong in whatever trouble, during it and after. */
  readonly wrong: readonly Answer[]
  /** How long after its end all was well again. */
  readonly backMs: number
}

const backWithinMs = 5_000
const cells = patternNames.flatMap((pattern) =>
  (['cached', 'cold', 'update', 'create'] as const).map((request) => [request, pattern] as const),
)

/** Where a course is not what the row says, in words. */
export function surprises(row: Row, { answers, backMs }: Course): string[] {
  const found: string[] = []
  for (const [request, pattern] of cells) {
    const mine = answers.filter((each) => each.request === request && each.pattern === pattern)
    const { others, [pattern]: outcomes = others } = row.answers[request]
    const isLast = (index: number) => index === mine.length - 1
    const strange = mine.filter(
      ({ outcome }, index) =>
        !outcomes.finally.includes(outcome) &&
        (isLast(index) || outcomes.first?.includes(outcome) !== true),
    )
    const words = new Set(strange.map(({ outcome }) => outcome))
    if (mine.length === 0) words.add('nothing')
    for (const each of words) found.push(`${pattern}, ${request}: answered ${each}`)
    const slowestMs = percentile(mine, 100)
    if (slowestMs > row.withinMs[request]) {
      found.push(`${pattern}, ${request}: answered after ${slowestMs} ms`)
    }
  }
  const p99Ms = percentile(answers.filter(isRead), 99)
  if (p99Ms > row.readsP99Ms) found.push(`reads: p99 of ${p99Ms} ms`)
  if (backMs > backWithinMs) found.push(`well again after ${Math.round(backMs)} ms`)
  return found
}

/** With a file named by OUTAGES_FIGURES: a line of JSON for each row, from which docs/outages.md is made. */
export async function note(row: Row, { answers, backMs }: Course, stalledMs: number) {
  const { server, outage } = row
  const file = process.env.OUTAGES_FIGURES
  if (file === undefined) return
  const figures = cells.map(([request, pattern]) => {
    const mine = answers.filter((each) => each.request === request && each.pattern === pattern)
    const outcomes: Record<string, number> = {}
    for (const { outcome } of mine) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    return { pattern, request, outcomes, p50Ms: percentile(mine, 50), maxMs: percentile(mine, 100) }
  })
  const readsP99Ms = percentile(answers.filter(isRead), 99)
  const times = { readsP99Ms, backMs: Math.round(backMs), stalledMs }
  await appendFile(file, `${JSON.stringify({ server, outage, ...times, cells: figures })}\n`)
}

function isRead({ request }: Answer): boolean {
  return request === 'cached' || request === 'cold'
}

function percentile(answers: readonly Answer[], share: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  return Math.round(sorted[Math.ceil((sorted.length * share) / 100) - 1] ?? 0)
}
