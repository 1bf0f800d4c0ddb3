import type { FaultRecord } from '../faults.ts'
import { idleFaults } from '../promises.ts'
import { type LeastCounts, longOutageMs, stopMs } from './campaign.ts'
import type { LedgerPhase } from './phase.ts'

export type LedgerResult = LedgerPhase['result']

/** What a run of write-behind, or of its control, has to be held against. */
export interface LedgerRun {
  readonly isControl: boolean
  readonly fsync: 'always' | 'everysec'
  readonly kills: number
  readonly least: LeastCounts | undefined
}

/**
 * What write-behind promised and did not keep. With `everysec` nothing is promised of a phase in which Redis was killed.
 * Of the control: that nothing was found.
 */
export function brokenLedger(run: LedgerRun, phases: readonly LedgerResult[]): string[] {
  const findings = [...idleFaults(phases), ...(run.least ? tooFew(run, phases) : [])]
  if (run.isControl) {
    const found = phases.reduce((sum, { ledger }) => sum + ledger.lost + ledger.resurrected, 0)
    const isEmpty = 'the control lost nothing: this run proves nothing'
    return found > 0 ? findings : [...findings, isEmpty]
  }
  return [...findings, ...phases.flatMap((phase) => brokenIn(run, phase))]
}

function brokenIn({ fsync }: LedgerRun, phase: LedgerResult): string[] {
  const { kind, ledger, wrongValues } = phase
  const broken: string[] = []
  const expectNone = (count: number, what: string) => {
    if (count > 0) broken.push(`${count} ${what} in a phase "${kind}"`)
  }
  expectNone(ledger.leftDirty, 'users not flushed after a minute of calm')
  if (fsync === 'everysec' && kind === 'lost') return broken
  expectNone(ledger.lost, 'users whose last acknowledged write is lost')
  expectNone(ledger.resurrected, 'users that are back after an acknowledged delete')
  expectNone(ledger.wrong, 'rows or dead letters that no write accounts for')
  expectNone(ledger.misses, 'reads older than acknowledged')
  expectNone(wrongValues, 'values that nobody wrote as this version')
  return broken
}

/** A long run that had it easy shows less than it says. */
function tooFew({ least, kills, isControl }: LedgerRun, phases: readonly LedgerResult[]): string[] {
  if (least === undefined) return []
  const sum = (figure: (phase: LedgerResult) => number) =>
    phases.reduce((total, phase) => total + figure(phase), 0)
  const count = (isOne: (fault: FaultRecord) => boolean) =>
    sum(({ faults }) => faults.filter((fault) => fault.hasHappened && isOne(fault)).length)
  const named = (name: string) => count((fault) => fault.name === name)
  const acknowledged = sum(({ ledger }) => ledger.acknowledged)
  const deletes = sum(({ ledger }) => ledger.deletes)
  const stops = count(({ name, forMs }) => name.startsWith('pause process') && forMs >= stopMs)
  const outages = count(({ name, forMs }) => name === 'stop-postgres' && forMs >= longOutageMs)
  const figures: [string, number, number][] = [
    ['kills', kills, least.kills],
    [
      'kills after COMMIT before ACK',
      named('kill after-commit-before-ack'),
      least.killsAfterCommit,
    ],
    ['stops past the ownership', stops, least.stopsPastOwnership],
    ['stops of PostgreSQL for 30 s', outages, least.postgresStopsOf30s],
    ['kills of PostgreSQL', named('kill-postgres'), least.postgresKills],
    ['kills of Redis', named('restart-redis'), least.redisKills],
    ...(isControl
      ? []
      : ([
          ['acknowledged writes', acknowledged, least.acknowledged],
          ['deletes among them', deletes, Math.ceil(acknowledged * least.deletedShare)],
        ] as [string, number, number][])),
  ]
  return figures
    .filter(([, found, expected]) => found < expected)
    .map(([what, found, expected]) => `${what}: expected at least ${expected}, counted ${found}`)
}

/** Rows that are no longer what they were when their phase was settled. */
export function changedSince(
  settled: ReadonlyMap<string, number | null>,
  now: ReadonlyMap<string, number>,
): string[] {
  const changed: string[] = []
  for (const [key, version] of settled) {
    const found = now.get(key) ?? null
    if (found !== version) {
      changed.push(
        `${key}: ${version ?? 'no row'} when its phase was settled, ${found ?? 'no row'} now`,
      )
    }
  }
  return changed
}
