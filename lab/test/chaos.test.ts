import { describe, expect, test } from 'vitest'
import { type ChaosArguments, readArguments, secondsOf } from '../chaos/arguments.ts'
import type { Committed } from '../chaos/audit.ts'
import { judge } from '../chaos/judge.ts'
import type { Log } from '../chaos/log.ts'
import type { PhaseResult } from '../chaos/phase.ts'
import { nameOf, Planner } from '../chaos/plan.ts'
import { brokenPromises } from '../chaos/promises.ts'
import { lastVersion, type RecordedRead, type RecordedWrite } from '../chaos/record.ts'
import { subjects } from '../chaos/subjects.ts'
import { UsersInPlay } from '../chaos/users-in-play.ts'
import { seededRandom } from '../soak/random.ts'

describe('the arguments of chaos', () => {
  test('share the seconds among the patterns and the control', () => {
    const all = readArguments([]) as ChaosArguments
    expect(all).toMatchObject({ seconds: 60, seed: 1, hasOutbox: false, fsync: 'always' })
    expect(all.subjects.map((name) => secondsOf(name, all))).toEqual(Array(7).fill(60 / 7))
    const some = readArguments(['--pattern', 'write-through', '--control']) as ChaosArguments
    expect(some.subjects).toEqual(['write-through', 'naive'])
    expect(secondsOf('write-through', some)).toBe(30)
  })

  test('give write-behind three quarters beside its own control', () => {
    const args = readArguments(['--pattern', 'write-behind', '--control']) as ChaosArguments
    expect(args.subjects).toEqual(['write-behind', 'naive-write-behind'])
    expect(args.subjects.map((name) => secondsOf(name, args))).toEqual([45, 15])
  })

  test('leave out what is named, and say when nothing is left', () => {
    const without = ['--without', 'write-behind', '--without', 'naive-write-behind']
    expect(readArguments(without)?.subjects).toEqual([
      ...['cache-aside', 'read-through', 'write-through', 'refresh-ahead', 'naive'],
    ])
    expect(() => readArguments(['--pattern', 'naive', '--without', 'naive'])).toThrow(
      '--without: expected at least one that is left',
    )
  })

  test('are refused in one line that says what was expected', () => {
    expect(() => readArguments(['--pattern', 'write-around'])).toThrow(
      /^--pattern: expected cache-aside, .*naive-write-behind or all, received "write-around"$/,
    )
    expect(() => readArguments(['--seconds', '34'])).toThrow(
      '--seconds: expected a whole number from 35 to 86400, received "34"',
    )
    expect(() => readArguments(['--fsync', 'no'])).toThrow(
      '--fsync: expected always or everysec, received "no"',
    )
    expect(() => readArguments(['--sed', '1'])).toThrow("Unknown option '--sed'")
  })
})

describe('a plan of faults', () => {
  const planner = (seed: number) => new Planner(subjects['write-through'], seededRandom(seed))

  test('is the same for the same seed, and another one for another', () => {
    expect(planner(7).kept(3, 20_000)).toEqual(planner(7).kept(3, 20_000))
    expect(planner(7).kept(3, 20_000)).not.toEqual(planner(8).kept(3, 20_000))
  })

  test('has each kind of fault once before it has one twice, over several phases', () => {
    const one = planner(1)
    const steps = [1, 2, 3, 4, 5, 6].flatMap(() => one.kept(1, 6_000).members.flat())
    const names = steps.map(nameOf)
    const kinds = new Set(names)
    expect(kinds.size).toBe(18)
    expect(new Set(names.slice(0, 18)).size).toBe(18)
    expect(names[0]).toBe('kill after-commit-before-end')
  })

  test('loses marks and entries in phases of their own alone', () => {
    const losing = ['pause process past its marks', 'flush', 'evict', 'restart-redis']
    const namesOf = ({ members, servers }: ReturnType<Planner['kept']>) =>
      [...members.flat(), ...servers].map(nameOf)
    const one = planner(1)
    expect(namesOf(one.kept(2, 60_000)).filter((name) => losing.includes(name))).toEqual([])
    expect(namesOf(one.lost(2, 6_000))).toEqual(expect.arrayContaining(losing))
  })
})

describe('users in play', () => {
  test('lose one that is deleted, which is still read, and win one that is created', () => {
    const random = seededRandom(1)
    const users = new UsersInPlay([1, 2, 3, 4], { hot: 2, tail: 2 })
    const id = users.toDelete(random) as number
    expect([1, 2]).toContain(id)
    expect(users.toDelete(random)).toBeUndefined()
    users.created(9)
    const written = new Set(Array.from({ length: 500 }, () => users.toWrite(random)))
    expect(written).toEqual(new Set([3 - id, 3, 4, 9]))
    const read = new Set(Array.from({ length: 500 }, () => users.toRead(random)))
    expect(read).toEqual(new Set([...written, id]))
  })
})

test('quiet users are written once, and read from then on', () => {
  const random = seededRandom(1)
  const users = new UsersInPlay([1, 2, 3], { hot: 1, tail: 1 })
  const read = () => new Set(Array.from({ length: 500 }, () => users.toRead(random)))
  expect(read()).toEqual(new Set([1, 2]))
  expect([users.toWriteOnce(), users.toWriteOnce()]).toEqual([3, undefined])
  expect(read()).toEqual(new Set([1, 2, 3]))
  expect(Array.from({ length: 500 }, () => users.toWrite(random))).not.toContain(3)
})

const common = { key: '1', by: 'one', said: '' }

function read(version: number | null, startedAt: number): RecordedRead {
  return { ...common, kind: 'read', version, startedAt, endedAt: startedAt + 1 }
}

function write(more: Partial<RecordedWrite>): RecordedWrite {
  const base = { ...common, kind: 'write', startedAt: 0, endedAt: 1, outcome: 'confirmed' } as const
  return { ...base, version: 2, value: 'two', ...more }
}

function logOf(...operations: Log['operations']): Log {
  return { operations, refused: new Set(['refused']), statuses: {}, serial: 0 }
}

const standing = [{ key: '1', version: 1, value: 'one' }]
const committed: Committed = { key: '1', version: 2, name: 'two', at: 0.5 }

describe('the judgement of a phase', () => {
  test('learns from the database which version an unanswered write got', () => {
    const { version, ...untold } = write({ outcome: 'unknown', endedAt: Number.POSITIVE_INFINITY })
    const log = logOf(untold, read(2, 5), read(1, 7))
    const judgement = judge(log, standing, [committed])
    expect(judgement).toMatchObject({ unknownWrites: 1, unknownCommitted: 1, lies: [] })
    expect(judgement.report.other).toEqual([])
    expect(judgement.report.nonLinearizable).toHaveLength(1)
    expect(judge(log, standing, []).unknownCommitted).toBe(0)
    const wrong = logOf(untold, { ...read(3, 5), value: 'two' })
    expect(judge(wrong, standing, [committed]).report.other).toHaveLength(1)
  })

  test('says how long reads were older than a row that nobody acknowledged', () => {
    const gone: Committed = { key: '1', version: 2, name: null, at: 10 }
    const lost = { outcome: 'unconfirmed' as const }
    const reads = [read(1, 0.2), read(1, 4), read(2, 8), read(2, 30), read(null, 40)]
    const log = logOf(write(lost), write({ ...lost, value: null, version: lastVersion }), ...reads)
    expect(judge(log, standing, [committed, gone]).olderThanRow).toEqual({
      reads: 2,
      longestMs: 20,
    })
    const confirmed = logOf(write({}), ...reads)
    expect(judge(confirmed, standing, [committed]).olderThanRow.reads).toBe(0)
  })

  test('finds writes that were refused and committed, or acknowledged and not', () => {
    const liesOf = (commits: readonly Committed[]) =>
      judge(logOf(write({})), standing, commits).lies
    expect(liesOf([committed])).toEqual([])
    expect(liesOf([])).toEqual(['"two" of 1 was acknowledged by one, and is not committed'])
    expect(liesOf([{ ...committed, version: 3 }])).toEqual([
      '"two" of 1 was acknowledged as 2 by one, and committed as 3',
    ])
    const refused = { key: '1', version: 3, name: 'refused', at: 0 }
    expect(liesOf([committed, refused])).toEqual(['"refused" was refused, and is committed'])
  })
})

describe('the promises of a pattern', () => {
  const fine: PhaseResult = {
    ...{ kind: 'kept', seconds: 1, operations: 1, reads: 1, labelledStale: 0, serial: 1 },
    ...{ olderThanConfirmed: 0, nonLinearizable: 0, versionOrder: 0, wrongValues: 0 },
    ...{ marksLost: 0, relayLagMs: 0, unknownWrites: 0, unknownCommitted: 0, unconfirmedWrites: 0 },
    ...{ olderThanRow: { reads: 0, longestMs: 0 }, lies: [], statuses: {}, violations: [] },
    faults: [{ name: 'flush', atMs: 1_000, forMs: 1, hasHappened: true }],
  }
  const broken = (name: keyof typeof subjects, ...phases: Partial<PhaseResult>[]) =>
    brokenPromises(
      name,
      phases.map((phase) => ({ ...fine, ...phase })),
    )

  test('are kept where nothing was found', () => {
    expect(broken('write-through', {})).toEqual([])
  })

  test('are broken by reads older than confirmed', () => {
    const older = { olderThanConfirmed: 3 }
    const found = ['3 reads older than confirmed in a phase "lost"']
    expect(broken('cache-aside', { ...older, kind: 'lost' })).toEqual(found)
  })

  test('are broken by what no order explains in write-through, in phases that lose no marks', () => {
    const strange = { nonLinearizable: 1 }
    expect(broken('write-through', { ...strange, marksLost: 2 })).toEqual([
      '1 operations that no order explains (2 marks lost) in a phase "kept"',
    ])
    expect(broken('write-through', { ...strange, kind: 'lost' })).toEqual([])
    expect(broken('read-through', strange)).toEqual([])
  })

  test('are broken by wrong values, versions out of order, and lies', () => {
    expect(broken('cache-aside', { wrongValues: 1, versionOrder: 1, lies: ['a'] })).toHaveLength(3)
  })

  test('are broken when what nobody acknowledged stays unseen past the TTL, or past the lag of a relay', () => {
    const older = (longestMs: number) => ({ olderThanRow: { reads: 1, longestMs } })
    expect(broken('read-through', older(6_500))).toEqual([])
    expect(broken('read-through', older(7_500))[0]).toContain('past the TTL')
    expect(broken('read-through', { ...older(1_200), relayLagMs: 300 })).toEqual([])
    expect(broken('read-through', { ...older(1_400), relayLagMs: 300 })[0]).toContain(
      "past the relay's lag of 300 ms",
    )
  })

  test('include that each planned fault happens, and that the control shows violations', () => {
    const idle = { name: 'flush', atMs: 1_000, forMs: 1, hasHappened: false }
    expect(broken('cache-aside', { faults: [idle] })).toEqual([
      'planned, and did not happen: flush of a server at 1.0 s',
    ])
    expect(broken('naive', {})).toEqual(['the control shows no violation: this run proves nothing'])
    expect(broken('naive', {}, { olderThanConfirmed: 1, nonLinearizable: 9 })).toEqual([])
  })
})
