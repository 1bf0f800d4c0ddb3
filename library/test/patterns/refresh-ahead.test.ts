import type { CacheOptions } from 'caching-patterns'
import { failingStore, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { remote, rig, type User } from './reading-rig.ts'
import { make } from './refresh-rig.ts'

describe('deciding', () => {
  test('starts one refresh from the soft expiry on, and none before', async () => {
    const parts = rig()
    const { store, failures } = failingStore(parts.store)
    const { cache, refreshes } = make({ ...parts, store, source: parts.source })
    await cache.get('k')
    await parts.clock.advance(7_999)
    await cache.get('k')
    await settle()
    expect(parts.counts.calls('load')).toBe(1)
    await parts.clock.advance(1)
    await Promise.all([cache.get('k'), cache.get('k'), cache.get('k')])
    await settle()
    await settle()
    expect(parts.counts.calls('load')).toBe(2)
    expect(refreshes()).toEqual(['extended'])
    expect(failures.calls('claimRefresh')).toBe(1)
  })

  test('serves the cached value while the refresh runs, and counts hits only', async () => {
    const parts = rig()
    const { cache } = make({ ...parts, source: parts.slow })
    const filling = cache.get('k')
    await (await parts.loads.next('load')).answer()
    await filling
    await parts.clock.advance(9_000)
    expect(await cache.get('k')).toEqual({ name: 'old' })
    const load = await parts.loads.next('load')
    expect(await cache.get('k')).toEqual({ name: 'old' })
    expect((await cache.stats()).reads).toMatchObject({ misses: 1, hits: 2 })
    await load.answer()
  })

  test('refreshes early by chance, more likely the longer a load takes', async () => {
    const parts = rig()
    let luck = 0
    const options = { beta: 1, random: () => luck }
    const { cache } = make({ ...parts, source: parts.slow }, options)
    const times = { ttlMs: 10_000, softTtlMs: 8_000, graceMs: 0, deltaMs: 40 }
    parts.store.acquire('cp:users:1:k', 'token', 3_000)
    parts.store.fill('cp:users:1:k', 'token', { json: '{"name":"old"}', version: 1, ...times })
    await parts.clock.advance(7_900)
    await cache.get('k')
    await settle()
    await settle()
    expect(parts.loads.waiting()).toHaveLength(0)
    // -ln(1 - 0.99) is 4.6: 40 ms of load time reach 184 ms ahead
    luck = 0.99
    await cache.get('k')
    await settle()
    await settle()
    expect(parts.loads.waiting()).toHaveLength(1)
    await parts.loads.open()
  })

  test('does not refresh a key that nobody reads', async () => {
    const parts = rig()
    const { cache } = make({ ...parts, source: parts.source })
    await cache.get('k')
    await parts.clock.advance(9_999)
    expect(parts.counts.calls('load')).toBe(1)
    await cache.close()
  })

  test('takes a time after the fill as the soft expiry, too', async () => {
    const parts = rig()
    const { cache } = make({ ...parts, source: parts.source }, { after: '2s' })
    await cache.get('k')
    await parts.clock.advance(2_000)
    await cache.get('k')
    await settle()
    await settle()
    expect(parts.counts.calls('load')).toBe(2)
  })
})

describe('between processes', () => {
  test('refreshes once where two caches share a store', async () => {
    const parts = rig()
    const store = remote(parts.store)
    const here = make({ ...parts, store, source: parts.slow })
    const there = make({ ...parts, store, source: parts.slow })
    const filling = here.cache.get('k')
    await (await parts.loads.next('load')).answer()
    await filling
    await parts.clock.advance(9_000)
    await Promise.all([here.cache.get('k'), there.cache.get('k')])
    await settle()
    await settle()
    expect(parts.loads.waiting()).toHaveLength(1)
    await parts.loads.open()
    await settle()
    const [one, other] = [await here.cache.stats(), await there.cache.stats()]
    expect((one.refreshes?.total ?? 0) + (other.refreshes?.total ?? 0)).toBe(1)
  })
})

describe('storing', () => {
  async function soonExpired(source?: CacheOptions<string, User>['source']) {
    const parts = rig()
    const slow = source === undefined ? parts.slow : slowSource(source).source
    const held = source === undefined ? parts.loads : undefined
    const made = make({ ...parts, source: slow })
    const filling = made.cache.get('k')
    await (await parts.loads.next('load')).answer()
    await filling
    await parts.clock.advance(9_000)
    await made.cache.get('k')
    return { ...parts, ...made, load: await (held ?? parts.loads).next('load') }
  }

  test('replaces the value with a newer one', async () => {
    const { cache, source, load, refreshes } = await soonExpired()
    await source.put('k', { name: 'new' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    await load.answer()
    await settle()
    expect(await cache.peek('k')).toEqual({ name: 'new' })
    expect(refreshes()).toEqual(['replaced'])
  })

  test('does not bring back what has reached its hard expiry', async () => {
    const { cache, load, clock, refreshes } = await soonExpired()
    await clock.advance(1_001)
    await load.answer()
    await settle()
    expect(await cache.has('k')).toBe(false)
    expect(refreshes()).toEqual(['refused'])
    expect((await cache.stats()).refreshes).toMatchObject({ total: 1, discarded: 1, useful: 0 })
  })

  test('does not store onto an absence that was learned meanwhile', async () => {
    const { cache, source, load, loads, refreshes } = await soonExpired()
    await load.execute()
    await cache.delete('k')
    const reading = cache.get('k')
    await (await loads.next('load')).answer()
    expect(await reading).toBeUndefined()
    expect(await cache.peek('k')).toBeNull()
    await load.answer()
    await settle()
    expect(await cache.peek('k')).toBeNull()
    expect(refreshes()).toEqual(['refused'])
    expect(source.versioned).toBe(true)
  })

  test('does not store onto writes in progress', async () => {
    const { store, load, refreshes } = await soonExpired()
    store.begin('cp:users:1:k', 'writer', 3_000)
    await load.answer()
    await settle()
    expect(refreshes()).toEqual(['refused'])
  })

  test('removes the entry of a row that has gone', async () => {
    const { cache, source, load, refreshes } = await soonExpired()
    await source.delete('k', { deadlineAt: Number.MAX_SAFE_INTEGER })
    await load.answer()
    await settle()
    expect(await cache.has('k')).toBe(false)
    expect(refreshes()).toEqual(['removed'])
  })

  test('counts a refresh as useful once its value has been read', async () => {
    const { cache, load } = await soonExpired()
    await load.answer()
    await settle()
    expect((await cache.stats()).refreshes).toMatchObject({ total: 1, useful: 0 })
    await cache.get('k')
    await cache.get('k')
    expect((await cache.stats()).refreshes).toMatchObject({ total: 1, useful: 1 })
  })
})

describe('failing', () => {
  test('keeps serving, and backs off, when the source fails', async () => {
    const parts = rig()
    let isDown = false
    let loads = 0
    const source = {
      async load(): Promise<User> {
        loads += 1
        if (isDown) throw new Error('down')
        return { name: 'old' }
      },
    }
    const { cache, refreshes } = make({ ...parts, source }, { ttl: '100s', after: '1s' })
    await cache.get('k')
    isDown = true
    for (let second = 0; second < 90; second += 1) {
      await parts.clock.advance(1_000)
      expect(await cache.get('k')).toEqual({ name: 'old' })
      await settle()
    }
    expect(refreshes()[0]).toBe('failure')
    expect(loads).toBeGreaterThan(3)
    expect(loads).toBeLessThan(20)
    const { refreshes: figures } = await cache.stats()
    expect(figures?.failures).toBe(figures?.total)
    expect(figures?.total).toBe(loads - 1)
  })

  test('does not count a refresh that the store did not let begin', async () => {
    const parts = rig()
    const { store, failures } = failingStore(parts.store)
    const { cache, refreshes } = make({ ...parts, store, source: parts.source })
    await cache.get('k')
    await parts.clock.advance(9_000)
    failures.on('claimRefresh', 'reject')
    expect(await cache.get('k')).toEqual({ name: 'old' })
    await settle()
    expect((await cache.stats()).refreshes).toMatchObject({ total: 0, failures: 0 })
    expect((await cache.stats()).storeErrors).toBe(1)
    expect(refreshes()).toEqual([])
  })

  test('announces the load of a refresh like any other', async () => {
    const parts = rig()
    const { cache, events } = make({ ...parts, source: parts.source })
    await cache.get('k')
    await parts.clock.advance(9_000)
    await cache.get('k')
    await settle()
    await settle()
    expect(events.filter(({ type }) => type === 'load')).toHaveLength(2)
    expect((await cache.stats()).loads.total).toBe(2)
  })

  test('closes after the refresh that is under way', async () => {
    const parts = rig()
    const { clock } = parts
    const { cache, refreshes } = make({ ...parts, source: parts.slow })
    const filling = cache.get('k')
    await (await parts.loads.next('load')).answer()
    await filling
    await clock.advance(9_000)
    await cache.get('k')
    const load = await parts.loads.next('load')
    const closing = cache.close()
    let isClosed = false
    closing.then(() => {
      isClosed = true
    })
    await settle()
    expect(isClosed).toBe(false)
    await load.answer()
    await closing
    expect(refreshes()).toHaveLength(1)
    expect(clock.pending()).toBe(0)
  })
})
