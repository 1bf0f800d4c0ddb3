import { describe, expect, test } from 'vitest'
import { OutageOperations } from '../compare/measurements/outage-operations.ts'
import { measureOutages, type Outages } from '../compare/measurements/outages.ts'
import type { Operation } from '../workloads/operation.ts'
import { FakeWorld, fakeStage, type Traits } from './compare-fake-subject.ts'

const terms = { round: 2, seed: 5, perSecond: 100, forMs: 400, warm: 60, patienceMs: 3_000 }

function outages(world: FakeWorld, patienceMs = terms.patienceMs): Promise<Outages> {
  return measureOutages(fakeStage(world), 'naive', { ...terms, patienceMs })
}

async function shares(traits: Traits) {
  const { postgresDown, redisFrozen } = await outages(new FakeWorld(traits))
  return [...postgresDown, ...redisFrozen].map((record) => {
    const { get, put } = record.load.kinds
    expect(record.round).toBe(2)
    expect(get.requests + put.requests).toBeGreaterThan(35)
    return {
      reads: record.readsAnswered / get.requests,
      writes: record.writesAnswered / put.requests,
      lost: record.writesLost,
      recoveredMs: record.recoveredMs,
    }
  })
}

describe('the outages of a subject', () => {
  test('count what is answered of a warm cache while the database is away, and all while Redis is frozen', async () => {
    const [postgresDown, redisFrozen] = await shares({})
    // One read of 16 asks for a user that nobody has asked for.
    expect(postgresDown?.reads).toBeGreaterThan(0.9)
    expect(postgresDown?.reads).toBeLessThan(1)
    expect(postgresDown?.writes).toBe(0)
    expect(postgresDown?.recoveredMs).toBeDefined()
    expect(redisFrozen).toMatchObject({ reads: 1, writes: 1, lost: 0 })
    expect(redisFrozen?.recoveredMs).toBeDefined()
  })

  test('count nothing of a subject that hangs, and give every request its second before the server returns', async () => {
    const world = new FakeWorld({ needsRedis: true })
    const { redisFrozen } = await outages(world)
    const [record] = redisFrozen
    expect(record).toMatchObject({ readsAnswered: 0, writesAnswered: 0 })
    expect(record?.load.kinds.get.errors).toEqual({ TIMEOUT: record?.load.kinds.get.requests })
    expect(record?.ms).toBeLessThan(3_000)
    expect(record?.recoveredMs).toBeDefined()
  })

  test('count writes that were acknowledged meanwhile, and are not in the database afterwards', async () => {
    const { postgresDown, redisFrozen } = await outages(new FakeWorld({ dropsWrites: true }))
    expect(postgresDown[0]?.writesAnswered).toBeGreaterThan(5)
    expect(postgresDown[0]?.writesLost).toBe(postgresDown[0]?.writesAnswered)
    expect(redisFrozen[0]?.writesAnswered).toBeGreaterThan(5)
    expect(redisFrozen[0]?.writesLost).toBe(0)
  })

  test('start a subject again that does not recover, say so, and go on', async () => {
    const world = new FakeWorld({ staysBroken: true })
    const { postgresDown, redisFrozen } = await outages(world, 300)
    expect(postgresDown[0]?.recoveredMs).toBeUndefined()
    expect(world.restarts).toEqual([0, 1])
    expect(redisFrozen[0]?.readsAnswered).toBe(redisFrozen[0]?.load.kinds.get.requests)
  })

  test('fail on a subject that does not answer before anything is broken', async () => {
    const world = new FakeWorld({})
    world.isPostgresDown = true
    await expect(outages(world)).rejects.toThrow('expected 60 reads before an outage, got 60 answ')
  })

  test('are none without servers', async () => {
    const none = { postgresDown: [], redisFrozen: [] }
    expect(await outages(new FakeWorld({ isEmbedded: true }))).toEqual(none)
  })
})

describe('the requests of an outage', () => {
  function drawn(count: number, operations = new OutageOperations(terms)) {
    const requests: Operation[] = []
    for (const each of operations.duringOutage()) {
      requests.push(each)
      if (requests.length === count) break
    }
    return requests
  }

  test('are of each kind as many in every twenty', () => {
    const requests = drawn(40)
    for (const twenty of [requests.slice(0, 20), requests.slice(20)]) {
      const isRead = ({ kind }: Operation) => kind === 'get'
      expect(twenty.filter((each) => isRead(each) && each.key <= terms.warm)).toHaveLength(15)
      expect(twenty.filter((each) => isRead(each) && each.key > terms.warm)).toHaveLength(1)
      expect(twenty.filter((each) => !isRead(each) && each.key <= terms.warm)).toHaveLength(4)
    }
  })

  test('ask for no cold user twice, in no outage, and for none that does not exist', () => {
    const operations = new OutageOperations(terms)
    const both = [...drawn(40, operations), ...drawn(40, operations)]
    const cold = both.map(({ key }) => key).filter((key) => key > terms.warm)
    expect(new Set(cold).size).toBe(4)
    expect(Math.max(...cold)).toBeLessThan(operations.users)
  })

  test('update each warm user once before any twice', () => {
    const puts = drawn(300).filter(({ kind }) => kind === 'put')
    expect(new Set(puts.map(({ key }) => key)).size).toBe(60)
  })

  test('are the same for the same seed', () => {
    expect(drawn(60)).toEqual(drawn(60))
    const other = new OutageOperations({ ...terms, seed: 6 })
    expect(drawn(60, other)).not.toEqual(drawn(60))
  })
})
