import { inLines } from '../command-line/in-lines.ts'
import { type Compared, meanings } from './comparison.ts'
import { type ExperimentResult, isMet } from './experiment.ts'
import type { Machine } from './machine.ts'
import { columns, type Ranking, rank } from './ranking.ts'
import type { BenchResults } from './results.ts'
import type { GroupResult } from './run-group.ts'
import type { Spread } from './spread.ts'

/** What stands above all tables. */
export function heading(
  machine: Machine,
  rounds: number,
  packages: Readonly<Record<string, string>> = {},
): string {
  const { date, node, cpu, cpus, load, commit, isChanged, command } = machine
  const at = commit === undefined ? 'no commit' : `commit ${commit}${isChanged ? ', changed' : ''}`
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC | Node ${node} | ${cpu}, ${cpus} cores | ${at}`,
    `${command} | median of ${rounds} rounds (first to third quartile)`,
    ...inLines(Object.entries(packages).map(([name, version]) => `${name} ${version}`)),
    ...(load > cpus / 4
      ? [`Something else is running: load ${load.toFixed(1)} before the start. Expect noise.`]
      : []),
    '',
  ].join('\n')
}

/** What a run of groups has printed. */
export function runReport(results: BenchResults): string {
  const { rounds, packages, groups } = results
  return [heading(results, rounds, packages), ...groups.map(report)].join('\n')
}

/** A group's figures, and below them how they compare. */
export function report(result: GroupResult): string {
  const { name, title, missing, subjects, comparisons, ranking } = result
  if (missing.length > 0) return `${name}: not measured, needs ${missing.join(' and ')}\n`
  const figures = ranking === undefined ? figuresTable(subjects) : rankingTable(ranking, subjects)
  const judged = comparisons.map(comparisonRow)
  return [
    `${name}: ${title}`,
    ...table(figures),
    '',
    ...(judged.length > 0 ? [...table([['', '', 'target', ''], ...judged]), ''] : []),
  ].join('\n')
}

function figuresTable(subjects: GroupResult['subjects']): string[][] {
  const isTimed = subjects.some(({ p99Ms }) => p99Ms !== undefined)
  const figures = subjects.map((subject) => [
    subject.name,
    spreadText(subject.operationsPerSecond, count),
    spreadText(subject.cpuUsPerOperation, microseconds),
    ...(subject.p99Ms ? [spreadText(subject.p99Ms, (ms) => ms.toFixed(1))] : []),
  ])
  return [['', 'operations/s', 'CPU us/operation', ...(isTimed ? ['p99 ms'] : [])], ...figures]
}

/** Each figure with its quartiles and, behind them, how many times ours it is. */
function rankingTable(ranking: Ranking, subjects: GroupResult['subjects']): string[][] {
  const heads = ranking.columns.flatMap((name) =>
    columns[name].isCompared ? [columns[name].head, 'x ours'] : [columns[name].head],
  )
  const rows = rank(ranking, subjects).map(({ name, figures }) => [
    name,
    ...figures.flatMap(({ column, spread, timesOurs }) => {
      const { text, isCompared } = columns[column]
      return [spreadText(spread, text), ...(isCompared ? [times(timesOurs.median)] : [])]
    }),
  ])
  return [['', ...heads], ...rows]
}

function times(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0)
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
