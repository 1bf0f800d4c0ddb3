import { type Compared, meanings } from './comparison.ts'
import { type ExperimentResult, isMet } from './experiment.ts'
import type { Machine } from './machine.ts'
import type { GroupResult } from './run-group.ts'
import type { Spread } from './spread.ts'

/** What stands above all tables. */
export function heading(machine: Machine, rounds: number): string {
  const { date, node, cpu, cpus, load, commit, isChanged, command } = machine
  const at = commit === undefined ? 'no commit' : `commit ${commit}${isChanged ? ', changed' : ''}`
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC | Node ${node} | ${cpu}, ${cpus} cores | ${at}`,
    `${command} | median of ${rounds} rounds (first to third quartile)`,
    ...(load > cpus / 4
      ? [`Something else is running: load ${load.toFixed(1)} before the start. Expect noise.`]
      : []),
    '',
  ].join('\n')
}

/** A group's figures, and below them how they compare. */
export function report({ name, title, missing, subjects, comparisons }: GroupResult): string {
  if (missing.length > 0) return `${name}: not measured, needs ${missing.join(' and ')}\n`
  const isTimed = subjects.some(({ p99Ms }) => p99Ms !== undefined)
  const figures = subjects.map((subject) => [
    subject.name,
    spreadText(subject.operationsPerSecond, count),
    spreadText(subject.cpuUsPerOperation, microseconds),
    ...(subject.p99Ms ? [spreadText(subject.p99Ms, (ms) => ms.toFixed(1))] : []),
  ])
  return [
    `${name}: ${title}`,
    ...table([
      ['', 'operations/s', 'CPU us/operation', ...(isTimed ? ['p99 ms'] : [])],
      ...figures,
    ]),
    '',
    ...table([['', '', 'target', ''], ...comparisons.map(comparisonRow)]),
    '',
  ].join('\n')
}

/** What came of an experiment. */
export function experimentReport({ name, title, missing, figures }: ExperimentResult): string {
  if (missing.length > 0) return `${name}: not measured, needs ${missing.join(' and ')}\n`
  const rows = figures.map(({ what, value, unit, target }) => [
    what,
    `${Number.isInteger(value) ? count(value) : value.toFixed(value < 10 ? 3 : 1)} ${unit}`.trim(),
    target === undefined ? 'none' : `${target.claim} ${target.value}`,
    target === undefined ? '' : verdictText({ isMet: isMet(value, target), isUnsure: false }),
  ])
  return [`${name}: ${title}`, ...table([['', '', 'target', ''], ...rows]), ''].join('\n')
}

function comparisonRow({
  measure,
  subject,
  baseline,
  spread,
  target,
  verdict,
}: Compared): string[] {
  const { claim } = meanings[measure]
  const words = {
    'throughput-ratio': `operations/s: ${subject} / ${baseline}`,
    'cpu-ratio': `CPU: ${baseline} / ${subject}`,
    'added-cpu-us': `CPU us: ${subject} - ${baseline}`,
    'p99-ratio': `p99: ${subject} / ${baseline}`,
  }
  return [
    words[measure],
    spreadText(spread, (value) => value.toFixed(2)),
    target === undefined ? 'none' : `${claim} ${target}`,
    verdict === undefined ? '' : verdictText(verdict),
  ]
}

function verdictText({ isMet, isUnsure }: NonNullable<Compared['verdict']>): string {
  return `${isMet ? 'met' : 'MISSED'}${isUnsure ? ', but within the spread' : ''}`
}

function spreadText({ median, q1, q3 }: Spread, text: (value: number) => string): string {
  return `${text(median)} (${text(q1)} to ${text(q3)})`
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function microseconds(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1)
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd()
      .replace(/^/, '  '),
  )
}
