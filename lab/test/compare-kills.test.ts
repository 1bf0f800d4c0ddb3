import { describe, expect, test } from 'vitest'
import { type KillOptions, measureKills } from '../compare/measurements/kills.ts'
import { RiskedUser } from '../compare/measurements/risked-user.ts'
import { FakeWorld, fakeStage, type Traits } from './compare-fake-subject.ts'

function kills(traits: Traits, options: Partial<KillOptions> = {}) {
  return measureKills(fakeStage(new FakeWorld(traits)), 'naive', {
    ...{ round: 3, seed: 7, kills: 1, users: 64, clients: 32, ttlMs: 300, writeDelayMs: 50 },
    ...{ lifeMs: 300, watchMs: 300, patienceMs: 5_000, ...options },
  })
}

describe('the kills of a subject', () => {
  test('find nothing lost and nothing stale in one that keeps what it acknowledged', async () => {
    const records = await kills({}, { kills: 2 })
    expect(records).toHaveLength(2)
    for (const record of records) {
      expect(record).toMatchObject({ round: 3, lost: 0, staleReads: 0, staleForMs: 0 })
      expect(record).toMatchObject({ examples: [] })
      expect(record.acknowledged).toBeGreaterThan(32)
      expect(record.readsAfter).toBeGreaterThan(10)
      expect(record.recoveredMs).toBeGreaterThan(0)
    }
  })

  test('count acknowledged writes that died with the process', async () => {
    const [record] = await kills({ flushMs: 200, losesUnflushed: true })
    expect(record?.lost).toBeGreaterThan(0)
    expect(record?.lost).toBeLessThan(record?.acknowledged ?? 0)
    const words = /^user \d+: write \d+ was acknowledged, the database has (write \d+|what was th)/
    expect(record?.examples[0]).toMatch(words)
  })

  test('count every write of users whose writes are all lost', async () => {
    const [record] = await kills({ losesEvery: 1 })
    expect(record?.acknowledged).toBeGreaterThan(32)
    expect(record?.lost).toBe(record?.acknowledged)
  })

  test('count no write as lost that takes its time, and wait for it', async () => {
    const [record] = await kills({ flushMs: 2_500 })
    expect(record).toMatchObject({ lost: 0, staleReads: 0 })
    expect(record?.recoveredMs).toBeGreaterThan(1_500)
  })

  test('count no write as lost that was on its way when the subject called itself settled', async () => {
    const [record] = await kills({ flushMs: 1_200, settlesEarly: true })
    expect(record).toMatchObject({ lost: 0 })
  })

  test('count reads of entries that a killed process left older than their rows, and for how long', async () => {
    const [record] = await kills({ ttlMs: 1_000 }, { watchMs: 2_000 })
    expect(record).toMatchObject({ lost: 0 })
    expect(record?.staleReads).toBeGreaterThan(0)
    expect(record?.readsAfter).toBeGreaterThan(record?.staleReads ?? 0)
    expect(record?.staleForMs).toBeGreaterThan(300)
    expect(record?.staleForMs).toBeLessThan(1_700)
    expect(record?.examples[0]).toMatch(/^user \d+ shows .*, write \d+ was in the database, \d+ ms/)
  })

  test('count no read that is labelled stale', async () => {
    const [record] = await kills({ ttlMs: 1_000, labelsStale: true })
    expect(record).toMatchObject({ readsAfter: 0, staleReads: 0 })
  })

  test('ask an embedded subject by way of its cache, emptied', async () => {
    const [kept] = await kills({ isEmbedded: true, flushMs: 60 })
    expect(kept).toMatchObject({ lost: 0, staleReads: 0 })
    const [record] = await kills({ isEmbedded: true, flushMs: 200, losesUnflushed: true })
    expect(record?.lost).toBeGreaterThan(0)
  })

  test('fail on a process that does not come back, and on writes that nobody acknowledges', async () => {
    const never = kills({ neverComesBack: true }, { patienceMs: 300 })
    await expect(never).rejects.toThrow('naive starts again after a kill: not within 0.3 s')
    await expect(kills({ refusesWrites: true })).rejects.toThrow('none was acknowledged')
  })
})

describe('a user at risk', () => {
  function written(...outcomes: ('acknowledged' | 'refused' | 'unknown')[]) {
    const user = new RiskedUser(5)
    const names = outcomes.map((outcome) => {
      const { name } = user.begin()
      user.ended(outcome)
      return name
    })
    return { user, names }
  }

  test('has lost every acknowledged write above what the database has', () => {
    const { user, names } = written('acknowledged', 'acknowledged', 'refused', 'acknowledged')
    expect(user.settle(names[0])).toEqual({
      ...{ lost: 2, words: 'user 5: write 4 was acknowledged, the database has write 1' },
    })
    // The account is closed: what is lost is counted once.
    expect(user.settle(names[0])).toBeUndefined()
  })

  test('has lost nothing when a newer write of unknown outcome is in the database', () => {
    const { user, names } = written('acknowledged', 'unknown')
    expect(user.isUnsure).toBe(true)
    expect(user.settle(names[1])).toBeUndefined()
    expect(user.isUnsure).toBe(false)
  })

  test('has lost everything when it is not there, or is what nobody wrote', () => {
    expect(written('acknowledged').user.settle(undefined)?.lost).toBe(1)
    expect(written('acknowledged').user.settle('Kill 6-1')?.lost).toBe(1)
    expect(written('acknowledged').user.settle('Kill 5-2')?.lost).toBe(1)
  })

  test('owes a reader what was acknowledged or in the database when the read began, and nothing later', () => {
    const { user, names } = written('acknowledged', 'unknown')
    expect(user.floor).toBe(1)
    expect(user.staleness('User 5', user.floor)).toBe(
      'user 5 shows what was there before, write 1 was acknowledged',
    )
    expect(user.staleness(names[0], user.floor)).toBeUndefined()
    expect(user.stands(names[1], 10)).toBe(true)
    expect(user.stands(names[1], 11)).toBe(false)
    expect(user.staleness(names[0], user.floor)).toBe(
      'user 5 shows write 1, write 2 was in the database',
    )
    expect(user.staleness(undefined, 0)).toContain('user 5 shows what nobody wrote')
  })

  test('is complete when the database was first seen to have its last acknowledged write', () => {
    const { user, names } = written('acknowledged', 'acknowledged')
    user.stands(names[0], 10)
    expect(user.completeAt).toBeUndefined()
    user.stands(names[1], 20)
    user.stands(names[1], 30)
    expect(user.completeAt).toBe(20)
  })
})
