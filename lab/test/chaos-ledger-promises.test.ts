import { describe, expect, test } from 'vitest'
import { least, longOutageMs, stopMs } from '../chaos/ledger/campaign.ts'
import { brokenLedger, type LedgerResult, type LedgerRun } from '../chaos/ledger/promises.ts'
import { ledgerLine, ledgerTable } from '../chaos/ledger/report.ts'

const settled = {
  ...{ keys: 1, acknowledged: 10, creates: 1, deletes: 1, unknown: 0, acknowledgedPerSecond: 10 },
  ...{ deadLetters: { '23514': 2 }, lost: 0, resurrected: 0, wrong: 0, misses: 0 },
  ...{ drainMs: 1_000, leftDirty: 0 },
}
const phase: LedgerResult = {
  ...{ kind: 'kept', seconds: 1, operations: 1, reads: 1, labelledStale: 0, serial: 1 },
  ...{ olderThanConfirmed: 0, nonLinearizable: 0, versionOrder: 0, wrongValues: 0 },
  ...{ marksLost: 0, relayLagMs: 0, unknownWrites: 0, unknownCommitted: 0, unconfirmedWrites: 0 },
  ...{ olderThanRow: { reads: 0, longestMs: 0 }, lies: [], statuses: {}, violations: [] },
  faults: [{ name: 'kill-postgres', atMs: 1_000, forMs: 1, hasHappened: true }],
  ledger: settled,
}
const service: LedgerRun = { isControl: false, fsync: 'always', kills: 0, least: undefined }

describe('the promises of write-behind', () => {
  const broken = (
    run: Partial<LedgerRun>,
    ledger: Partial<typeof settled>,
    more: Partial<LedgerResult> = {},
  ) =>
    brokenLedger({ ...service, ...run }, [{ ...phase, ...more, ledger: { ...settled, ...ledger } }])

  test('are kept where nothing was found', () => {
    expect(broken({}, {})).toEqual([])
  })

  test.each([
    ['lost', 'users whose last acknowledged write is lost'],
    ['resurrected', 'users that are back after an acknowledged delete'],
    ['wrong', 'rows or dead letters that no write accounts for'],
    ['misses', 'reads older than acknowledged'],
    ['leftDirty', 'users not flushed after a minute of calm'],
  ])('are broken by each kind of finding: %s', (name, words) => {
    expect(broken({}, { [name]: 2 })).toEqual([`2 ${words} in a phase "kept"`])
    expect(broken({}, { [name]: 2 }, { kind: 'lost' })).toEqual([`2 ${words} in a phase "lost"`])
  })

  test('are broken by values that nobody wrote, and by faults that did not happen', () => {
    expect(broken({}, {}, { wrongValues: 1 })).toHaveLength(1)
    const idle = [{ name: 'kill-postgres', atMs: 1_000, forMs: 1, hasHappened: false }]
    expect(broken({}, {}, { faults: idle })).toEqual([
      'planned, and did not happen: kill-postgres of a server at 1.0 s',
    ])
  })

  test('with everysec end where Redis is killed, and nowhere else', () => {
    const run = { fsync: 'everysec' } as const
    const cost = { lost: 3, misses: 4, wrong: 1, resurrected: 2 }
    expect(broken(run, cost, { kind: 'lost' })).toEqual([])
    expect(broken(run, { leftDirty: 1 }, { kind: 'lost' })).toHaveLength(1)
    expect(broken(run, cost)).toHaveLength(4)
  })

  test('include that a long run has what it says: writes, deletes, and each fault', () => {
    const short = broken({ least }, {})
    expect(short).toHaveLength(7)
    expect(short).toContain('kills of PostgreSQL: expected at least 2, counted 1')
    const happened = (name: string, forMs = 1) => ({ name, atMs: 1, forMs, hasHappened: true })
    const times = (n: number, name: string, forMs?: number) =>
      Array.from({ length: n }, () => happened(name, forMs))
    const faults = [
      ...times(3, 'kill after-commit-before-ack'),
      ...times(10, 'pause process past its ownership', stopMs),
      ...times(1, 'stop-postgres', longOutageMs),
      ...times(2, 'kill-postgres'),
      ...times(3, 'restart-redis'),
    ]
    const enough = { acknowledged: 300_000, deletes: 30_000 }
    expect(broken({ least, kills: 15 }, enough, { faults })).toEqual([])
    expect(broken({ least, kills: 15 }, { ...enough, deletes: 29_999 }, { faults })).toEqual([
      'deletes among them: expected at least 30000, counted 29999',
    ])
  })

  test('are not those of the control, which has to lose something', () => {
    const control = { isControl: true }
    expect(broken(control, {})).toEqual(['the control lost nothing: this run proves nothing'])
    expect(broken(control, { lost: 1, misses: 3 })).toEqual([])
    expect(broken(control, { resurrected: 1 })).toEqual([])
  })
})

test('a ledger is reported with what was done meanwhile', () => {
  expect(ledgerLine(phase)).toBe(
    'kept 1 s; 10 acknowledged (10/s), 1 deletes; 0 unknown; 1 faults; lost 0, resurrected 0, misses 0, wrong 0; drained in 1.0 s',
  )
  const result = { name: 'write-behind', phases: [phase], kills: 4, findings: [] } as const
  const lines = ledgerTable([result]).join('\n')
  expect(lines).toMatch(/write-behind +10 +1 +0 +2, 0 +0 +0 +0 +1\.0 s/)
  expect(lines).toContain('write-behind: 4 kills (0 after COMMIT before ACK); 0 stops past')
  expect(lines).toContain('PostgreSQL stopped 0 times (0 for 30 s), killed 1; Redis killed 0')
  expect(ledgerTable([])).toEqual([])
})
