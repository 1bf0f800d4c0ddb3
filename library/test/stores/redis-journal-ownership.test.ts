import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { expect, test } from 'vitest'
import {
  clean,
  connected,
  farAway,
  journalOn,
  keysWith,
  names,
  placeOf,
  prefix,
  restsOf,
  runnerOn,
  writeOf,
} from './redis-journal-rig.ts'

async function twoStores() {
  const url = await freshRedis()
  const client = await connected(url)
  const a = journalOn(runnerOn(client))
  const b = journalOn(runnerOn(await connected(url)))
  return { client, a, b }
}

describeWith(['redis'], 'a journal on Redis that two processes share', () => {
  test('what one has claimed no other is given, until it is released', async () => {
    const { a, b } = await twoStores()
    for (const name of names(40, 'a')) await a.accepted(name)
    for (const name of names(40, 'b')) await b.accepted(name)
    const all = [...names(40, 'a'), ...names(40, 'b')]
    expect(await a.given()).toEqual(all)
    expect(await b.given()).toEqual([])
    expect(await a.given()).toEqual(all)
    await b.release()
    expect(await b.given()).toEqual([])
    await a.release()
    expect(await b.given()).toEqual(all)
    expect(await a.given()).toEqual([])
  })

  test('one that has released may claim again', async () => {
    const { a, b } = await twoStores()
    await a.accepted('k')
    await a.given()
    await a.release()
    await b.given()
    await b.release()
    expect(await a.given()).toEqual(['k'])
  })

  test('each is given the partitions that it claimed first', async () => {
    const { a, b } = await twoStores()
    const [mine = '', ...others] = names(30)
    await a.accepted(mine)
    expect(await a.given()).toEqual([mine])
    for (const name of others) await a.accepted(name)
    const isMine = (name: string) => placeOf(name).partition.dirty === placeOf(mine).partition.dirty
    expect(await b.given()).toEqual(others.filter((name) => !isMine(name)))
    expect(await a.given()).toEqual([mine, ...others.filter(isMine)])
    expect(others.filter(isMine)).not.toHaveLength(0)
  })

  test('a partition is given to another 15 s after the last claim or acknowledgement', async () => {
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
    await client.pExpire(owner, 1)
    await expect.poll(() => client.exists(owner)).toBe(0)
    expect(await b.given()).toEqual(['k'])
    expect(await a.given()).toEqual([])
  })

  test('nothing is owned, or written at all, by a claim of what is not due', async () => {
    const { client, a } = await twoStores()
    await a.claimed(10, farAway)
    expect(await client.dbSize()).toBe(0)
    await a.accepted('k', { delayMs: 60_000 })
    expect(await a.claimed(10, Date.now())).toEqual([])
    expect(await keysWith(client, 'owner')).toEqual([])
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

  test('both claim at once, again and again, and no entry is under way in both', {
    timeout: 60_000,
  }, async () => {
    const { client, a, b } = await twoStores()
    const underWay = new Map<string, string>()
    let flushed = 0
    async function flushOnce(who: string, journal: typeof a, written: number) {
      const batch = await journal.claimed(5 + (written % 7), farAway)
      for (const rest of restsOf(batch)) {
        expect([undefined, who]).toContain(underWay.get(rest))
        underWay.set(rest, who)
      }
      if (written % 3 !== 0) {
        const cleaned = await journal.acked(batch, clean)
        flushed += cleaned
        for (const rest of restsOf(batch)) underWay.delete(rest)
      }
      if (written % 11 !== 0) return
      for (const [rest, owner] of underWay) if (owner === who) underWay.delete(rest)
      await journal.release()
    }
    for (let i = 0; i < 60; i++) {
      const writer = i % 2 === 0 ? a : b
      await Promise.all(names(4, `${i}-`).map((name) => writer.accepted(name)))
      await Promise.all([flushOnce('a', a, i), flushOnce('b', b, i + 5)])
    }
    for (const journal of [a, b, a, b]) {
      flushed += await journal.acked(await journal.claimed(1_000, farAway), clean)
      await journal.release()
    }
    expect(flushed).toBe(240)
    expect((await a.figures()).dirty).toBe(0)
    expect(await keysWith(client, 'owner')).toEqual([])
  })
})
