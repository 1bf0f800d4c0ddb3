import { startRedis } from '@caching-patterns/local-servers'
import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { expect, onTestFinished, test } from 'vitest'
import { Partitions } from '../../src/stores/redis/journal/partitions.ts'
import {
  type Client,
  clean,
  connected,
  farAway,
  journalOn,
  placeOf,
  prefix,
  runnerOn,
  writeOf,
} from './redis-journal-rig.ts'

const key = (rest: string) => prefix + rest

function letterOf(rest: string, version: number) {
  const refusal = { json: '1', sqlstate: '23514', reason: 'refused', attempts: 1, at: 5 }
  return { key: key(rest), version, ...refusal }
}

/** Writes until Redis takes nothing more, not even a byte. */
async function fillUp(client: Client): Promise<void> {
  for (const size of [100_000, 1_000, 10, 1]) {
    for (let i = 0; ; i++) {
      try {
        await client.set(`filler:${size}:${i}`, 'x'.repeat(size))
      } catch (error) {
        expect(String(error)).toContain('OOM')
        break
      }
    }
  }
}

describeWith(['redis'], 'a Redis at maxmemory', () => {
  async function fullRedis(prepare: (journal: ReturnType<typeof journalOn>) => Promise<void>) {
    const settings = { maxmemory: '4mb', 'maxmemory-policy': 'noeviction' }
    const redis = await startRedis({ settings })
    onTestFinished(() => redis.stop())
    const client = await connected(redis.url)
    const journal = journalOn(runnerOn(client), { count: 1 })
    await prepare(journal)
    await fillUp(client)
    return { client, journal }
  }

  test('accepts nothing more, and says so', async () => {
    const { journal } = await fullRedis(async (j) => void (await j.accepted('dirty')))
    const before = await journal.figures()
    const full = { outcome: 'full', limit: 'bytes' }
    const json = JSON.stringify('x'.repeat(1_000))
    expect(await journal.enqueue(key('new'), writeOf(json))).toEqual(full)
    expect(await journal.enqueue(key('dirty'), writeOf(json))).toEqual(full)
    const { dirty, bytes } = await journal.figures()
    expect({ dirty, bytes }).toEqual({ dirty: before.dirty, bytes: before.bytes })
    expect(await journal.given()).toEqual(['dirty'])
  })

  test('is flushed: a first claim, then an ack', async () => {
    let version = 0
    const { client, journal } = await fullRedis(async (j) => {
      version = await j.accepted('k')
    })
    expect(await journal.given()).toEqual(['k'])
    // as when its lease has run out meanwhile
    await journal.release()
    await fillUp(client)
    expect(await journal.acked([{ key: key('k'), version }], clean)).toBe(1)
    const { entry } = placeOf('k', 1)
    expect(await client.get(entry)).toMatch(/^V/)
    expect(await client.pTTL(entry)).toBeGreaterThan(0)
    expect(await journal.figures()).toMatchObject({ dirty: 0, bytes: 0 })
  })

  test('keeps a newer write dirty, postpones it, and versions it above the database', async () => {
    let versions = [0, 0]
    const { client, journal } = await fullRedis(async (j) => {
      versions = [await j.accepted('k'), await j.accepted('k')]
      await j.claimed(1, farAway)
    })
    const [old = 0, version = 0] = versions
    expect(await journal.acked([{ key: key('k'), version: old }], { ...clean, dueAt: 7 })).toBe(0)
    await fillUp(client)
    expect(await journal.restamp(key('k'), version, version + 5)).toBe(true)
    expect(await journal.claimed(9, farAway)).toMatchObject([{ version: version + 6, dueAt: 7 }])
  })

  test('parks, forgets what is lost, and gives up a partition', async () => {
    let version = 0
    const { client, journal } = await fullRedis(async (j) => {
      version = await j.accepted('k')
      await j.accepted('gone')
      await j.claimed(1, farAway)
    })
    expect(await journal.quarantine(letterOf('k', version))).toBe('parked')
    expect(await journal.deadLetters()).toEqual([letterOf('k', version)])
    await client.del(placeOf('gone', 1).entry)
    await fillUp(client)
    expect(await journal.given()).toEqual([])
    expect(await journal.figures()).toMatchObject({ dirty: 0, deadLetters: 1, lost: 1 })
    await fillUp(client)
    await journal.release()
    expect(await client.exists(placeOf('k', 1).partition.owner)).toBe(0)
  })

  test('is joined and left, and what is dirty is hurried', async () => {
    const { client, journal } = await fullRedis(async (j) => {
      await j.accepted('a', { delayMs: 60_000 })
      await j.accepted('b', { delayMs: 60_000 })
    })
    const { members } = new Partitions(prefix, 1)
    expect((await journal.own(Date.now())).held).toEqual([])
    expect(await client.zCard(members)).toBe(1)
    await fillUp(client)
    await journal.hurry(key('a'))
    await fillUp(client)
    expect((await journal.own(Date.now() + 5_000)).taken).toEqual([0])
    await fillUp(client)
    await journal.hurry()
    expect(await journal.claim(9, Date.now(), { partitions: [0] })).toHaveLength(2)
    await journal.release()
    expect(await client.exists(members)).toBe(0)
  })

  test('retries no letter and claims no value, and lets both go', async () => {
    const value = 'email:a'
    let [version, stamp] = [0, 0]
    const { client, journal } = await fullRedis(async (j) => {
      version = await j.accepted('k')
      await j.quarantine(letterOf('k', version))
      const claim = await j.reserve(value, 'k', { ttlMs: 60_000 })
      stamp = claim.outcome === 'held' ? claim.stamp : 0
    })
    const request = { version, json: '1', delayMs: 0, deadlineAt: farAway }
    const full = { outcome: 'full', limit: 'bytes' }
    expect(await journal.retry(key('k'), request)).toEqual(full)
    expect(await journal.deadLetters()).toEqual([letterOf('k', version)])
    expect(await journal.reserve('email:b', 'k', { ttlMs: 60_000 })).toEqual({ outcome: 'full' })
    expect(await journal.progress(key('k'), version)).toBe('parked')
    expect(await journal.discard(key('k'), version)).toBe(true)
    await fillUp(client)
    await journal.unreserve(value, 'k', stamp)
    expect(await client.exists(new Partitions(prefix, 1).claim(value))).toBe(0)
  })
})

describeWith(['redis'], 'a journal on Redis that lost something', () => {
  test('ack: where the clean entry cannot be written the key goes, and is not dirty', async () => {
    const url = await freshRedis()
    const client = await connected(url)
    const version = await journalOn(runnerOn(client), { count: 1 }).accepted('k')
    const user = `no-set-${version}`
    await client.sendCommand(['ACL', 'SETUSER', user, 'on', 'nopass', '~*', '+@all', '-set'])
    onTestFinished(async () => void (await client.sendCommand(['ACL', 'DELUSER', user])))
    const limited = await connected(url, { username: user, password: 'any' })
    const journal = journalOn(runnerOn(limited), { count: 1 })
    expect(await journal.acked([{ key: key('k'), version }], clean)).toBe(1)
    // what tells this life of the partition from another stays
    expect(await client.keys('*')).toEqual([placeOf('k', 1).partition.alive])
  })

  test('what is dirty in the index alone is not given out, and counted', async () => {
    const client = await connected(await freshRedis())
    const journal = journalOn(runnerOn(client), { count: 1 })
    for (const rest of ['deleted', 'evicted-and-filled', 'k']) await journal.accepted(rest)
    await client.del(placeOf('deleted', 1).entry)
    await client.set(placeOf('evicted-and-filled', 1).entry, `N${'0'.repeat(42)}`)
    expect(await journal.given()).toEqual(['k'])
    expect(await journal.given()).toEqual(['k'])
    const { dirty, lost } = await journal.figures()
    expect({ dirty, lost }).toEqual({ dirty: 1, lost: 2 })
    const [left] = await journal.claimed(1, farAway)
    await journal.acked([left ?? { key: '', version: 0 }], clean)
    const rest = { dirty: 0, bytes: 0, oldestMs: 0, deadLetters: 0, lost: 2 }
    expect(await journal.figures()).toEqual(rest)
  })

  test('what is written again, before it is missed, is due when the lost write was', async () => {
    const client = await connected(await freshRedis())
    const journal = journalOn(runnerOn(client), { count: 1 })
    await journal.accepted('k', { delayMs: 1_000 })
    const dueAt = await journal.nextDueAt()
    await client.del(placeOf('k', 1).entry)
    await journal.accepted('k', { delayMs: 60_000 })
    expect(await journal.claimed(1, farAway)).toMatchObject([{ key: key('k'), dueAt }])
    expect((await journal.figures()).dirty).toBe(1)
  })

  test('what is written again between a look and its removal stays', async () => {
    const client = await connected(await freshRedis())
    const runner = runnerOn(client)
    const writer = journalOn(runner, { count: 1 })
    const journal = journalOn(
      {
        ...runner,
        async mGet(keys) {
          await client.del([...keys])
          const found = await runner.mGet(keys)
          await writer.accepted('k')
          return found
        },
      },
      { count: 1 },
    )
    await writer.accepted('k')
    expect(await journal.given()).toEqual([])
    await journal.release()
    expect(await writer.given()).toEqual(['k'])
    expect(await writer.figures()).not.toHaveProperty('lost')
  })
})

describeWith(['redis'], 'a Redis that is killed and restarts from its log', () => {
  test('has what was accepted, and the dead letters', async () => {
    const redis = await startRedis({ durable: true })
    onTestFinished(() => redis.stop())
    const journal = journalOn(runnerOn(await connected(redis.url)))
    const versions = new Map<string, number>()
    for (const rest of ['a', 'b', 'c', 'refused']) versions.set(rest, await journal.accepted(rest))
    const version = versions.get('refused') ?? 0
    await journal.quarantine(letterOf('refused', version))
    await journal.acked([{ key: key('b'), version: versions.get('b') ?? 0 }], clean)
    const before = await journal.claimed(9, farAway)
    expect(before).toHaveLength(2)
    const { bytes } = await journal.figures()

    await redis.kill()
    await redis.restart()
    const client = await connected(redis.url)
    const again = journalOn(runnerOn(client))
    expect(await again.deadLetters()).toEqual([letterOf('refused', version)])
    expect(await again.figures()).toMatchObject({ dirty: 2, bytes, deadLetters: 1 })
    expect(await again.claimed(9, farAway)).toEqual([])
    // the lease of the store that claimed before the end has outlived it, and runs out
    for (const rest of ['a', 'c']) await client.pExpire(placeOf(rest).partition.owner, 1)
    await expect.poll(() => again.claimed(9, farAway)).toEqual(before)
  })
})
