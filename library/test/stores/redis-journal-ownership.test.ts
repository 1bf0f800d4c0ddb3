import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { expect, test } from 'vitest'
import { Partitions } from '../../src/stores/redis/journal/partitions.ts'
import {
  type Client,
  clean,
  connected,
  farAway,
  impatient,
  journalOn,
  keysWith,
  names,
  placeOf,
  prefix,
  restsOf,
  runnerOn,
  writeOf,
} from './redis-journal-rig.ts'

/** Two processes: the first has a client to look with. */
async function twoStores() {
  const url = await freshRedis()
  const client = await connected(url)
  const a = journalOn(runnerOn(client))
  const b = journalOn(runnerOn(await connected(url)))
  return { client, a, b }
}

/** Processes that count at each call who flushes, eight partitions, and something due in each of them. */
async function processes(count: number) {
  const url = await freshRedis()
  const client = await connected(url)
  const all = []
  for (let i = 0; i < count; i += 1) {
    const token = `process-${i}`
    const journal = journalOn(runnerOn(await connected(url), impatient()), { token })
    all.push(Object.assign(journal, { token }))
  }
  const [a, b, c] = all as [Process, Process, Process]
  for (const name of names(40)) await a.accepted(name)
  return { client, a, b, c }
}

type Process = ReturnType<typeof journalOn> & { readonly token: string }

async function held(journal: Process): Promise<number[]> {
  return [...(await journal.own(farAway)).held].sort()
}

/** What is left of a process 15 s after it was killed. */
async function forget(client: Client, { token }: Process): Promise<void> {
  const { members, all } = new Partitions(prefix, 8)
  await client.zAdd(members, { score: 1, value: token })
  for (const { owner } of all) if ((await client.get(owner)) === token) await client.del(owner)
}

describeWith(['redis'], 'a journal on Redis that two processes share', () => {
  test('what one holds no other is given, until it is released', async () => {
    const { a, b } = await twoStores()
    for (const name of names(40, 'a')) await a.accepted(name)
    for (const name of names(40, 'b')) await b.accepted(name)
    const all = [...names(40, 'a'), ...names(40, 'b')]
    expect(await a.given()).toEqual(all)
    expect(await b.given()).toEqual([])
    expect(await a.given()).toEqual(all)
    await b.release()
    expect(await b.given()).toEqual([])
    await b.release()
    await a.release()
    expect(await b.given()).toEqual(all)
    expect(await a.given()).toEqual([])
  })

  test('one that has released may take again', async () => {
    const { a, b } = await twoStores()
    await a.accepted('k')
    await a.given()
    await a.release()
    await b.given()
    await b.release()
    expect(await a.given()).toEqual(['k'])
  })

  test('a partition is given to another 15 s after the last look or acknowledgement', async () => {
    const { client, a, b } = await twoStores()
    const { owner } = placeOf('k').partition
    const version = await a.accepted('k')
    await a.given()
    expect(await client.pTTL(owner)).toBeGreaterThan(14_000)
    expect(await client.pTTL(owner)).toBeLessThanOrEqual(15_000)
    await client.pExpire(owner, 5_000)
    await a.given()
    expect(await client.pTTL(owner)).toBeGreaterThan(14_000)
    await client.pExpire(owner, 5_000)
    await b.acked([{ key: `${prefix}k`, version: version - 1 }], clean)
    expect(await client.pTTL(owner)).toBeLessThanOrEqual(5_000)
    await a.acked([{ key: `${prefix}k`, version: version - 1 }], clean)
    expect(await client.pTTL(owner)).toBeGreaterThan(14_000)
    await client.del(owner)
    expect(await b.given()).toEqual(['k'])
    expect(await a.given()).toEqual([])
  })

  test('nothing is taken by a look at what is not due; who flushes is known all the same', async () => {
    const { client, a } = await twoStores()
    await a.claimed(10, farAway)
    const { members } = new Partitions(prefix, 8)
    expect(await client.keys('*')).toEqual([members])
    await a.accepted('k', { delayMs: 60_000 })
    expect(await a.claimed(10, Date.now())).toEqual([])
    expect(await keysWith(client, 'owner')).toEqual([])
    await a.release()
    expect(await client.exists(members)).toBe(0)
  })

  test('nextDueAt: of what another flushes is not awaited', async () => {
    const { a, b } = await twoStores()
    await a.accepted('k', { delayMs: 1_000 })
    const dueAt = await b.nextDueAt()
    expect(await a.nextDueAt()).toBe(dueAt)
    await a.given()
    expect(await a.nextDueAt()).toBe(dueAt)
    expect(await b.nextDueAt()).toBeUndefined()
    expect((await b.figures()).dirty).toBe(1)
  })

  test('writes of both are of one history', async () => {
    const { a, b } = await twoStores()
    const first = await a.accepted('k')
    const second = await b.enqueue(`${prefix}k`, writeOf('2', { precondition: { version: first } }))
    expect(second).toMatchObject({ outcome: 'accepted', coalesced: true, existed: true })
    const late = await a.enqueue(`${prefix}k`, writeOf('3', { precondition: { version: first } }))
    expect(late).toEqual({ outcome: 'conflict', version: 'version' in second && second.version })
    expect(await b.given()).toEqual(['k'])
    const third = await a.accepted('k')
    expect(await b.acked([{ key: `${prefix}k`, version: first }], { ...clean, dueAt: 1 })).toBe(0)
    expect(await a.acked([{ key: `${prefix}k`, version: third }], clean)).toBe(1)
  })

  test('a hurry of one is the hurry of all, for what is dirty and for a while', async () => {
    const { client, a, b } = await twoStores()
    for (const name of names(20)) await a.accepted(name, { delayMs: 60_000 })
    expect((await b.own(Date.now())).held).toEqual([])
    await a.hurry()
    const { held: partitions } = await b.own(Date.now())
    expect(restsOf(await b.claimedIn(partitions, 99, Date.now())).sort()).toEqual(names(20))
    const { hurry } = placeOf('000').partition
    expect(await client.pTTL(hurry)).toBeGreaterThan(0)
    expect(await client.pTTL(hurry)).toBeLessThanOrEqual(1_000)
  })
})

describeWith(['redis'], 'partitions of a journal on Redis', () => {
  test("are shared by half, and each is somebody's to flush", async () => {
    const { a, b } = await processes(2)
    expect(await held(a)).toHaveLength(8)
    expect(await held(b)).toHaveLength(0)
    expect(await held(a)).toHaveLength(4)
    const [ofA, ofB] = [await held(a), await held(b)]
    expect(ofB).toHaveLength(4)
    expect([...ofA, ...ofB].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(await held(a)).toEqual(ofA)
    expect(await held(b)).toEqual(ofB)
    expect([...(await a.given()), ...(await b.given())].sort()).toEqual(names(40))
  })

  test('that are given back are not called taken, and are not kept from others', async () => {
    const { client, a, b } = await processes(2)
    expect((await b.own(1)).held).toEqual([])
    const { held: mine, taken } = await a.own(farAway)
    expect(mine).toHaveLength(4)
    expect(mine).toEqual(taken)
    expect(await held(b)).toHaveLength(4)
    await forget(client, b)
    const later = await a.own(farAway)
    expect(later.held).toHaveLength(8)
    expect(later.taken).toHaveLength(4)
    expect(later.taken.every((partition) => !taken.includes(partition))).toBe(true)
  })

  test('go to a third process that joins', async () => {
    const { a, b, c } = await processes(3)
    for (const journal of [a, b, a, b]) await held(journal)
    expect(await held(c)).toHaveLength(0)
    for (const journal of [a, b, c, a, b, c]) await held(journal)
    const all = [await held(a), await held(b), await held(c)]
    expect(all.map(({ length }) => length).sort()).toEqual([2, 3, 3])
    expect(all.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('of a process that was killed go to the others', async () => {
    const { client, a, b, c } = await processes(3)
    for (const journal of [a, b, c, a, b, c, a, b, c]) await held(journal)
    const ofC = await held(c)
    expect(ofC.length).toBeGreaterThan(1)
    await forget(client, c)
    const taken: number[] = []
    for (const journal of [a, b, a, b]) taken.push(...(await journal.own(farAway)).taken)
    expect(taken.sort()).toEqual(ofC)
    expect([await held(a), await held(b)].map(({ length }) => length)).toEqual([4, 4])
    // it was only frozen: it has nothing left, and gets its share again
    expect(await held(c)).toEqual([])
    for (const journal of [a, b, c]) await held(journal)
    expect((await held(c)).length).toBeGreaterThan(1)
  })

  test('a process is counted for 15 s after it was heard last, and not when it has left', async () => {
    const { client, a, b } = await processes(2)
    const { members } = new Partitions(prefix, 8)
    for (const journal of [a, b, a, b]) await held(journal)
    const until = Number(await client.zScore(members, b.token)) - Date.now()
    expect(until).toBeGreaterThan(14_000)
    expect(until).toBeLessThan(16_000)
    expect(await client.pTTL(members)).toBeGreaterThan(14_000)
    await b.release()
    expect(await held(a)).toHaveLength(8)
    expect(await client.zRange(members, 0, -1)).toEqual([a.token])
  })

  test('all get flushed while two processes write and flush, and neither starves', async () => {
    const { a, b } = await processes(2)
    const flushed = { a: 0, b: 0 }
    for (let i = 0; i < 25; i += 1) {
      for (const name of names(16, `${i}-`)) await a.accepted(name)
      for (const [who, journal] of Object.entries({ a, b })) {
        const batch = await journal.claimed(20)
        flushed[who as 'a' | 'b'] += await journal.acked(batch, clean)
      }
    }
    expect(flushed.a).toBeGreaterThan(120)
    expect(flushed.b).toBeGreaterThan(120)
  })

  test('no entry is under way in two processes that claim at once, again and again', {
    timeout: 60_000,
  }, async () => {
    const { client, a, b } = await processes(2)
    const underWay = new Map<string, string>()
    let flushed = 0
    async function flushOnce(journal: Process, round: number) {
      const { held: mine } = await journal.own(farAway)
      // what was given back is the other's by now
      for (const [rest, who] of underWay) {
        const { number } = placeOf(rest).partition
        if (who === journal.token && !mine.includes(number)) underWay.delete(rest)
      }
      const batch = await journal.claimedIn(mine, 5 + (round % 7))
      for (const rest of restsOf(batch)) {
        expect([undefined, journal.token]).toContain(underWay.get(rest))
        underWay.set(rest, journal.token)
      }
      if (round % 3 !== 0) {
        const cleaned = await journal.acked(batch, clean)
        flushed += cleaned
        for (const rest of restsOf(batch)) underWay.delete(rest)
      }
      if (round % 11 !== 0) return
      for (const [rest, owner] of underWay) if (owner === journal.token) underWay.delete(rest)
      await journal.release()
    }
    for (let i = 0; i < 60; i++) {
      const writer = i % 2 === 0 ? a : b
      await Promise.all(names(4, `${i}-`).map((name) => writer.accepted(name)))
      await Promise.all([flushOnce(a, i), flushOnce(b, i + 5)])
    }
    for (const journal of [a, b, a, b]) {
      flushed += await journal.acked(await journal.claimed(1_000), clean)
      await journal.release()
    }
    expect(flushed).toBe(280)
    expect((await a.figures()).dirty).toBe(0)
    expect(await keysWith(client, 'owner')).toEqual([])
  })
})
