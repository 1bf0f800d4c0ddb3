import { ledgerTable } from './ledger/report.ts'
import type { PhaseResult } from './phase.ts'
import type { SubjectResult } from './run-subject.ts'
import { table } from './table.ts'

/** All runs in a line each, with what was found. */
export function overview(results: readonly SubjectResult[]): string {
  const heading = [
    [
      '',
      'operations',
      'reads',
      'older than',
      'not lineari-',
      'the same, lost',
      'marks',
      'unknown',
      'older than the row',
      'faults',
      'kills',
    ],
    ['', '', 'checked', 'confirmed', 'zable', 'marks', 'lost', 'writes', 'reads, longest', '', ''],
  ]
  const rows = [...heading, ...results.map(row)]
  return [
    ...table(rows),
    '',
    ...ledgerTable(results),
    faultTable(results),
    ...results.flatMap(findings),
  ].join('\n')
}

function row({ name, phases, kills }: SubjectResult): string[] {
  const sum = (figure: (phase: PhaseResult) => number, of = phases) =>
    of.reduce((total, phase) => total + figure(phase), 0)
  const kept = phases.filter(({ kind }) => kind === 'kept')
  const lost = phases.filter(({ kind }) => kind === 'lost')
  const longest = Math.max(...phases.map(({ olderThanRow }) => olderThanRow.longestMs))
  return [
    name,
    sum((phase) => phase.operations),
    sum((phase) => phase.reads),
    sum((phase) => phase.olderThanConfirmed),
    sum((phase) => phase.nonLinearizable, kept),
    sum((phase) => phase.nonLinearizable, lost),
    sum((phase) => phase.marksLost),
    sum((phase) => phase.unknownWrites),
    `${sum((phase) => phase.olderThanRow.reads)}, ${(longest / 1_000).toFixed(1)} s`,
    sum((phase) => phase.faults.filter(({ hasHappened }) => hasHappened).length),
    kills,
  ].map(String)
}

function faultTable(results: readonly SubjectResult[]): string {
  const times = new Map<string, number>()
  for (const { name, hasHappened } of results.flatMap(({ phases }) =>
    phases.flatMap((p) => p.faults),
  )) {
    if (hasHappened) times.set(name, (times.get(name) ?? 0) + 1)
  }
  const all = [...times].sort(([one], [other]) => one.localeCompare(other))
  return `faults that happened: ${all.map(([name, count]) => `${name} ${count}`).join(', ')}`
}

function findings({ name, findings, phases }: SubjectResult): string[] {
  const examples = phases.flatMap(({ kind, violations }) =>
    violations.map((line) => `    ${kind}: ${line}`),
  )
  if (findings.length === 0) return []
  return ['', `${name}: FAILED`, ...findings.map((line) => `  ${line}`), ...examples.slice(0, 20)]
}
