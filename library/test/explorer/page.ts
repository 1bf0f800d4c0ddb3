import type { Faults, Replay } from 'caching-patterns/testing'
import type { Mutant } from './mutants.ts'
import type { Bounded } from './scenarios.ts'

/** What one full exploration found; `npm test` checks that the page shows it. */
export interface Figures {
  readonly date: string
  readonly node: string
  readonly scenarios: Readonly<Record<string, ScenarioFigures>>
  /** The schedule that breaks the promise of each mutant. */
  readonly mutants: Readonly<
    Record<string, { readonly isShortest: boolean; readonly schedule: readonly string[] }>
  >
}

/** Of one scenario. */
export interface ScenarioFigures {
  readonly schedules: number
  readonly covered: number
  readonly states: number
  readonly isComplete: boolean
  readonly seconds: number
}

/** The table of what was explored. */
export function scenarioTable(
  scenarios: Readonly<Record<string, Bounded>>,
  figures: Figures,
): string {
  const rows = Object.entries(scenarios).map(([name, { pattern, scenario, ...bounded }]) => {
    const { schedules, covered, states, isComplete, seconds } = figures.scenarios[
      name
    ] as ScenarioFigures
    const found = [count(schedules), count(covered), count(states), isComplete ? 'all' : 'part']
    return row(
      patternNames[pattern],
      bounded.name,
      faultsText(scenario.faults),
      ...found,
      `${seconds}`,
    )
  })
  const total = Object.values(figures.scenarios).reduce((sum, { schedules }) => sum + schedules, 0)
  const seconds = Object.values(figures.scenarios).reduce((sum, each) => sum + each.seconds, 0)
  return [
    row('cache', 'actors', 'faults', 'schedules run', 'stand for', 'states', 'of its space', 's'),
    row(...Array.from({ length: 8 }, () => '---')),
    ...rows,
    '',
    `${count(total)} schedules in ${Math.round(seconds)} s, none of which broke a promise (${figures.date}, Node ${figures.node}).`,
  ].join('\n')
}

/** A mutant and how it fails. */
export function mutantSection(
  { name }: Mutant,
  scenario: Bounded,
  { played, isShortest }: { readonly played: Replay; readonly isShortest: boolean },
): string {
  const steps = `${played.schedule.length} steps, ${isShortest ? 'none shorter' : 'minimised'}`
  const where = `${patternNames[scenario.pattern]}: ${scenario.name}. ${steps}.`
  return [`### ${capital(name)}`, '', where, '', '```text', ...played.lines, '```'].join('\n')
}

/** The same in a row of a table: answers are left out, and who acts is named when it changes. */
export function mutantRow(
  { name }: Mutant,
  { pattern }: Bounded,
  { played, isShortest }: { readonly played: Replay; readonly isShortest: boolean },
): string {
  const steps = `${played.schedule.length}${isShortest ? '' : ', minimised'}`
  return row(capital(name), patternNames[pattern], steps, briefly(played.lines))
}

/** The head of that table. */
export const mutantHead = [
  row('without a protection', 'cache', 'steps', 'the schedule that breaks the promise'),
  row('---', '---', '---', '---'),
]

function briefly(lines: readonly string[]): string {
  let actor: string | undefined
  const told = lines
    .filter((line) => !line.startsWith('=> ') && !line.endsWith(' is answered'))
    .map((line) => line.replace(' is executed', '').replace(/ \(version (\d+)\)/g, ' v$1'))
    .map((line) => {
      const [, by, what = ''] = /^(\w+): (.+)$/.exec(line) ?? [undefined, undefined, line]
      const isSame = by !== undefined && by === actor
      actor = by
      return isSame ? `, ${what}` : `; ${line}`
    })
  return told.join('').slice(2)
}

const patternNames = {
  'cache-aside': 'cache-aside',
  'read-through': 'read-through',
  acked: 'write-through, `acked`',
  linearizable: 'write-through, `linearizable`',
  'refresh-ahead': 'refresh-ahead',
} as const

function faultsText(faults: Faults = {}): string {
  const some = Object.entries(faults).map(([fault, times]) => `${fault} ${times}`)
  return some.length === 0 ? 'none' : some.join(', ')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Exact below a million. */
function count(number: number): string {
  if (number < 1e6) return number.toLocaleString('en-US')
  return number < 1e9
    ? `${Math.round(number / 1e6)} million`
    : `${(number / 1e9).toFixed(1)} billion`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
