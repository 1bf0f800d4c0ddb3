import { mkdirSync, rmdirSync } from 'node:fs'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import type { RedisStore } from 'caching-patterns/redis'
import { expect, test, vi } from 'vitest'
import { fill, open, seen, start, until, value } from './redis-own-server.ts'
import type { connect } from './redis-rig.ts'

describeWith(['redis'], 'a Redis that may not write', () => {
  async function refusals(store: RedisStore, word: string) {
    await expect(store.invalidate('other')).rejects.toThrow(word)
    await expect(store.get('k')).rejects.toThrow(word)
    await expect(store.getMany(['k'])).rejects.toThrow(word)
    for (const each of [
      store.invalidateUpTo('k', 1),
      store.abort('k', 't'),
      store.end('k', null, { ...value, version: 1 }),
      store.end('other', null, value),
      store.begin('k', 't', 1_000),
    ]) {
      await expect(each).rejects.toThrow(word)
    }
  }

  test('as a replica serves no hits from its first refusal on, and again when it is a master', async () => {
    const { client, store } = await open(await start())
    await fill(store)
    expect(await store.get('k')).toMatchObject(seen)
    // replication would empty it: this is what a demoted server holds in between
    await client.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    expect(await store.get('k')).toMatchObject(seen)
    await refusals(store, 'READONLY')
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await until(async () => expect(await store.get('k')).toMatchObject(seen))
  })

  test('serves no hits on a new connection either', async () => {
    const server = await start()
    const first = await open(server)
    await fill(first.store)
    await first.client.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    const { store } = await open(server)
    await expect(store.get('k')).rejects.toThrow('READONLY')
    await first.client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await until(async () => expect(await store.get('k')).toMatchObject(seen))
  })

  test('is asked no more than four times a second whether it may again', async () => {
    const server = await start()
    const { client, store } = await open(server)
    await fill(store)
    await client.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    await expect(store.invalidate('k')).rejects.toThrow('READONLY')
    const send = vi.spyOn(client, 'sendCommand')
    const startedAt = performance.now()
    let asked = 0
    while (performance.now() - startedAt < 400) {
      await Promise.allSettled([store.get('k'), store.get('k')])
      asked += 2
    }
    const probes = send.mock.calls.filter(([[command]]) => command === 'DEL')
    expect(asked).toBeGreaterThan(50)
    expect(probes.length).toBeGreaterThanOrEqual(1)
    expect(probes.length).toBeLessThanOrEqual(3)
    expect(send.mock.calls.length).toBe(probes.length)
  })

  test('after a failed save serves no hits, and again when it may', async () => {
    const settings = { save: '3600 1', dbfilename: 'blocked.rdb' }
    const { client, store } = await open(await start({ settings }))
    await fill(store)
    expect(await store.get('k')).toMatchObject(seen)
    // a folder cannot be replaced by a file
    const { dir = '' } = await client.configGet('dir')
    mkdirSync(`${dir}/blocked.rdb`)
    await client.sendCommand(['BGSAVE'])
    await until(async () =>
      expect(await client.info('persistence')).toContain('last_bgsave_status:err'),
    )
    await refusals(store, 'MISCONF')
    rmdirSync(`${dir}/blocked.rdb`)
    await client.sendCommand(['BGSAVE'])
    await until(async () => expect(await store.get('k')).toMatchObject(seen))
  })
})

describeWith(['redis'], 'a Redis without memory', () => {
  async function full() {
    const server = await start({ settings: { maxmemory: '4mb', 'maxmemory-policy': 'noeviction' } })
    const { client, store } = await open(server)
    return { client, store, fillUp: () => fillUp(client) }
  }

  async function fillUp(client: Awaited<ReturnType<typeof connect>>) {
    for (const size of [10_000, 1_000, 10]) {
      for (let i = 0; ; i++) {
        const isStored = await client.set(`fill:${size}:${i}`, 'x'.repeat(size)).catch(() => null)
        if (isStored === null) break
      }
    }
  }

  test('invalidates all the same, marks too', async () => {
    const { store, fillUp } = await full()
    await fill(store, 'v')
    await fill(store, 'u')
    await store.acquire('l', 't', 60_000)
    for (const key of ['p', 'q']) {
      await store.begin(key, 'w1', 60_000)
      await store.begin(key, 'w2', 60_000)
    }
    await fillUp()
    await store.invalidate('p')
    await store.invalidateUpTo('q', 7)
    for (const key of ['v', 'l']) await store.invalidate(key)
    await store.invalidateUpTo('u', 6)
    expect(await store.getMany(['v', 'u', 'l'])).toEqual([undefined, undefined, undefined])
    await store.abort('p', 'w1')
    expect(await store.end('q', 'w1', value)).toEqual({ result: 'pending', markLost: false })
    expect(await store.getMany(['p', 'q'])).toEqual([{ kind: 'pending' }, { kind: 'pending' }])
    expect((await store.end('p', 'w2', { ...value, version: 9 })).result).toBe('removed')
    expect((await store.end('q', 'w2', { ...value, version: 6 })).result).toBe('removed')
  })

  test('removes what it cannot store, so that nothing older stays', async () => {
    const { store, fillUp } = await full()
    const newer = { ...value, version: 6, json: JSON.stringify('x'.repeat(50_000)) }
    for (const key of ['end', 'refreshed']) await fill(store, key)
    await store.acquire('leased', 't', 60_000)
    await store.begin('marked', 'w', 60_000)
    await fillUp()
    const { version, storedAt, hardAt } = (await store.get('refreshed')) as never
    expect(await store.fill('leased', 't', newer)).toBe('refused')
    await fillUp()
    expect(await store.end('end', null, newer)).toEqual({ result: 'removed', markLost: false })
    await fillUp()
    expect(await store.end('marked', 'w', newer)).toEqual({ result: 'removed', markLost: false })
    await fillUp()
    expect(await store.refresh('refreshed', { version, storedAt, hardAt }, newer)).toBe('removed')
    const keys = ['leased', 'end', 'marked', 'refreshed']
    expect((await store.getMany(keys)).filter(Boolean)).toEqual([])
  })

  test('begins no write and no load, and keeps what there is', async () => {
    const { store, fillUp } = await full()
    await fill(store)
    await fillUp()
    await expect(store.begin('k', 'w', 1_000)).rejects.toThrow('OOM')
    await fillUp()
    await expect(store.acquire('other', 't', 1_000)).rejects.toThrow('OOM')
    expect(await store.get('k')).toMatchObject(seen)
  })
})
