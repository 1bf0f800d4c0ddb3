import type { SubjectResult } from '../run-subject.ts'
import { table } from '../table.ts'
import { longOutageMs, stopMs } from './campaign.ts'
import { refusals } from './ledger.ts'
import type { LedgerResult } from './promises.ts'

/** A phase in a line, when it is settled. */
export function ledgerLine({ kind, seconds, ledger, faults }: LedgerResult): string {
  const { acknowledged, acknowledgedPerSecond, deletes, lost, resurrected, misses } = ledger
  return [
    `${kind} ${seconds.toFixed(0)} s`,
    `${acknowledged} acknowledged (${acknowledgedPerSecond}/s), ${deletes} deletes`,
    `${ledger.unknown} unknown`,
    `${faults.length} faults`,
    `lost ${lost}, resurrected ${resurrected}, misses ${misses}, wrong ${ledger.wrong}`,
    `drained in ${(ledger.drainMs / 1_000).toFixed(1)} s`,
  ].join('; ')
}

const heading = [
  ['', 'acknowledged', 'deletes', 'unknown', 'dead letters', 'lost', 'resur-', 'not', 'longest'],
  ['', 'writes', '', 'writes', 'poison, unique', '', 'rected', 'seen', 'drain'],
]

/** The ledgers of a run, a line each, and what was done to their servers and processes; nothing without one. */
export function ledgerTable(results: readonly SubjectResult[]): string[] {
  const all = results.flatMap(({ name, phases, ...rest }) => {
    const settled = phases.filter((phase): phase is LedgerResult => 'ledger' in phase)
    return settled.length > 0 ? [{ name, ...rest, phases: settled }] : []
  })
  if (all.length === 0) return []
  const rows = all.map(({ name, phases }) => row(name, phases))
  return [...table([...heading, ...rows]), '', ...all.map(deeds), '']
}

function row(name: string, phases: readonly LedgerResult[]): string[] {
  const sum = (figure: (ledger: LedgerResult['ledger']) => number) =>
    phases.reduce((total, { ledger }) => total + figure(ledger), 0)
  const letters = (sqlstate: string) => sum(({ deadLetters }) => deadLetters[sqlstate] ?? 0)
  const longest = Math.max(...phases.map(({ ledger }) => ledger.drainMs))
  return [
    name,
    sum(({ acknowledged }) => acknowledged),
    sum(({ deletes }) => deletes),
    sum(({ unknown }) => unknown),
    `${letters(refusals['Poison '])}, ${letters(refusals['Clash '])}`,
    sum(({ lost }) => lost),
    sum(({ resurrected }) => resurrected),
    sum(({ misses }) => misses),
    `${(longest / 1_000).toFixed(1)} s`,
  ].map(String)
}

/** How often, and for how long: the figures that a long run is asked for. */
function deeds({
  name,
  phases,
  kills,
  journal,
}: Pick<SubjectResult, 'name' | 'kills' | 'journal'> & {
  readonly phases: readonly LedgerResult[]
}): string {
  const faults = phases.flatMap((phase) => phase.faults).filter(({ hasHappened }) => hasHappened)
  const count = (name: string, leastMs = 0) =>
    faults.filter((fault) => fault.name.startsWith(name) && fault.forMs >= leastMs).length
  const { flushed, coalesced, retries, fenced, restamped, lost } = journal ?? {}
  return [
    `${name}: ${kills} kills (${count('kill after-commit-before-ack')} after COMMIT before ACK)`,
    `${count('pause process', stopMs)} stops past the ownership`,
    `PostgreSQL stopped ${count('stop-postgres')} times (${count('stop-postgres', longOutageMs)} for 30 s), killed ${count('kill-postgres')}`,
    `Redis killed ${count('restart-redis')}`,
    ...(flushed
      ? [
          `the journal counted ${flushed} flushed, ${coalesced} coalesced, ${retries} retries, ${fenced} fenced, ${restamped} restamped, ${lost} lost`,
        ]
      : []),
  ].join('; ')
}
