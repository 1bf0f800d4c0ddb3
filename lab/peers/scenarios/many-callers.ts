import type { Instance } from '../instance.ts'
import type { Outcome } from '../messages.ts'
import type { Scenario } from '../scenario.ts'

const loadMs = 50
const coldCallers = 100
const failedCallers = 50

/** So many callers of one key that nobody has cached, in one process, in one turn of its event loop. */
export const manyCallers: Scenario = {
  number: 3,
  name: '100 callers of one cold key',
  isTimed: false,
  columns: ['100 callers'],
  async play(stage) {
    const [instance] = (await stage.openWarm([undefined])) as [Instance]
    stage.rows.delayMs = loadMs
    const outcomes = await instance.getAtOnce('cold', coldCallers)
    const loads = stage.rows.loadsOf('cold')
    const answered = count(outcomes, 'row')
    const cell = `${loadsText(loads)}${answered === coldCallers ? '' : `, ${answered} answered`}`
    return [{ column: '100 callers', cell, measured: { loads, answered } }]
  },
}

/** So many callers of one key whose load fails; then one more, when it would not. */
export const failingLoad: Scenario = {
  number: 4,
  name: 'failing loader, 50 callers',
  isTimed: false,
  columns: ['50 callers, load fails', 'next caller'],
  async play(stage) {
    const [instance] = (await stage.openWarm([undefined])) as [Instance]
    stage.rows.delayMs = loadMs
    stage.rows.isFailing = true
    const outcomes = await instance.getAtOnce('failing', failedCallers)
    const loads = stage.rows.loadsOf('failing')
    stage.rows.isFailing = false
    const next = await instance.get('failing')
    return [
      {
        column: '50 callers, load fails',
        cell: `${loadsText(loads)}, ${fatesText(outcomes)}`,
        measured: { loads, outcomes: fates(outcomes), first: outcomes[0] },
      },
      {
        column: 'next caller',
        cell: next.kind === 'row' ? 'loads' : `failure is cached: ${next.kind}`,
        measured: next,
      },
    ]
  },
}

/** `1 load`, `100 loads`. */
export function loadsText(loads: number): string {
  return `${loads} ${loads === 1 ? 'load' : 'loads'}`
}

const words: Readonly<Record<Outcome['kind'], string>> = {
  row: 'rows',
  nothing: 'undefined',
  error: 'errors',
  silence: 'unanswered',
  death: 'process dies',
}

/** `50 errors`, `49 errors + 1 undefined`. */
export function fatesText(outcomes: readonly Outcome[]): string {
  return Object.entries(fates(outcomes))
    .map(([kind, times]) => `${times} ${words[kind as Outcome['kind']]}`)
    .join(' + ')
}

function fates(outcomes: readonly Outcome[]): Partial<Record<Outcome['kind'], number>> {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))]
  return Object.fromEntries(kinds.map((kind) => [kind, count(outcomes, kind)]))
}

function count(outcomes: readonly Outcome[], kind: Outcome['kind']): number {
  return outcomes.filter((outcome) => outcome.kind === kind).length
}
