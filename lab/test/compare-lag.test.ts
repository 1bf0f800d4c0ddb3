import { expect, test } from 'vitest'
import { type LagOptions, measureLag } from '../compare/measurements/lag.ts'
import { FakeWorld, fakeSubject, type Traits } from './compare-fake-subject.ts'

async function lag(traits: Traits, options: Partial<LagOptions> = {}) {
  const world = new FakeWorld(traits)
  world.seed(100)
  const subject = await fakeSubject(world)
  const terms = { round: 2, writes: 40, perSecond: 200, patienceMs: 1_000, ...options }
  try {
    return await measureLag(subject, terms)
  } finally {
    await subject.stop()
  }
}

test('a write that is in the database when it is acknowledged has no lag', async () => {
  expect(await lag({})).toEqual([{ round: 2, lagsMs: Array.from({ length: 40 }, () => 0) }])
})

test('the lag of a write that comes later is from its acknowledgement until it is seen', async () => {
  const [{ lagsMs } = { lagsMs: [] }] = await lag({ flushMs: 400 })
  expect(lagsMs).toHaveLength(40)
  const [middle = 0] = [...lagsMs].sort((one, other) => one - other).slice(20)
  expect(middle).toBeGreaterThan(300)
  expect(middle).toBeLessThan(900)
})

test('a write that the database never gets is a failure, not a lag', async () => {
  const words = 'has not got 4 acknowledged writes, that of user 10 among them, 0.3 s after'
  await expect(lag({ losesEvery: 10 }, { perSecond: 50, patienceMs: 300 })).rejects.toThrow(words)
})

test('a write that is not acknowledged is a failure', async () => {
  await expect(lag({ refusesWrites: true })).rejects.toThrow('40 of 40 were not acknowledged')
})

test('a database that only the subject can ask has no lag to be seen', async () => {
  expect(await lag({ isEmbedded: true })).toEqual([])
})
