import { type CacheEvent, type CacheOptions, type Content, readThrough } from 'caching-patterns'
import { failingStore, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { passTime, remote, rig, type User } from '../patterns/reading-rig.ts'

const id = 'cp:users:1:k'
const content: Content = {
  json: '{"name":"theirs"}',
  version: 7,
  ttlMs: 5_000,
  softTtlMs: 5_000,
  graceMs: 0,
  deltaMs: 0,
}

/** A cache whose key is leased to another process. */
function beside(options: Partial<Omit<CacheOptions<string, User>, 'read'>> = {}) {
  const parts = rig()
  const { store, slow: source, clock } = parts
  const gets: number[] = []
  const watched = new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (property === 'get') gets.push(clock.now())
        return Reflect.apply(member, target, args)
      }
    },
  })
  store.acquire(id, 'theirs', 3_000)
  const base = { name: 'users', ttl: '10s', store: watched, source, clock } as const
  const cache = readThrough<string, User>({ ...base, ...options })
  return { ...parts, cache, gets }
}

describe('a lease of another process', () => {
  test('is waited for, and its fill is the answer: a collapsed miss', async () => {
    const { cache, store, clock, loads } = beside()
    const reading = cache.lookup('k')
    await clock.advance(200)
    expect(store.fill(id, 'theirs', content)).toBe('stored')
    const answer = await passTime(clock, reading)
    expect(answer).toMatchObject({ status: 'miss', isCollapsed: true, tier: 'memory', version: 7 })
    expect(answer.value).toEqual({ name: 'theirs' })
    expect(loads.waiting()).toHaveLength(0)
    const stats = await cache.stats()
    expect(stats.reads).toMatchObject({ total: 1, misses: 1 })
    expect(stats.loads).toMatchObject({ total: 0, joined: 1 })
    expect(clock.pending()).toBe(0)
  })

  test('is asked for with jitter, from 10 to 25 ms at first, never later than after 100 ms', async () => {
    for (const luck of [0, 0.999]) {
      const { cache, gets, clock, loads } = beside({ random: () => luck })
      const reading = cache.get('k')
      const load = loads.next('load')
      await clock.advance(1_000)
      const pauses = gets.slice(1).map((at, index) => at - (gets[index] as number))
      expect(pauses[0]).toBeGreaterThanOrEqual(10)
      expect(pauses[0]).toBeLessThanOrEqual(25)
      expect(Math.max(...pauses)).toBeLessThanOrEqual(100)
      expect(pauses.length).toBeGreaterThan(8)
      await (await load).answer()
      await reading
    }
  })

  test('is waited for until the budget is spent, and no longer: then a load without a fill', async () => {
    const { cache, store, clock, loads } = beside({ waitForLoad: '300ms' })
    const reading = cache.lookup('k')
    await clock.advance(299)
    expect(loads.waiting()).toHaveLength(0)
    await clock.advance(1)
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'bypass', tier: 'source', isStored: false })
    expect(store.get(id)).toEqual({ kind: 'lease' })
    expect((await cache.stats()).reads).toMatchObject({ total: 1, bypass: 1 })
  })

  test('is not waited for when the budget is 0', async () => {
    const { cache, loads } = beside({ waitForLoad: 0 })
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect((await reading).status).toBe('bypass')
  })

  test('is taken over when its holder gives it back', async () => {
    const { cache, store, clock, loads } = beside()
    const reading = cache.lookup('k')
    await clock.advance(100)
    store.release(id, 'theirs')
    await clock.advance(100)
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', isStored: true })
  })

  test('is waited for by one poll, however many readers there are', async () => {
    const { cache, store, gets, clock } = beside()
    const readings = Promise.all(Array.from({ length: 100 }, () => cache.get('k')))
    await clock.advance(0)
    const before = gets.length
    await clock.advance(25)
    expect(gets.length - before).toBeLessThanOrEqual(3)
    store.fill(id, 'theirs', content)
    expect(new Set((await passTime(clock, readings)).map((value) => value?.name))).toEqual(
      new Set(['theirs']),
    )
  })

  test('does not delay a refresh past its fill: there is nothing to reload yet', async () => {
    const { cache, store, clock, loads } = beside()
    const refreshing = cache.refresh('k')
    await clock.advance(100)
    expect(loads.waiting()).toHaveLength(0)
    store.fill(id, 'theirs', content)
    await passTime(clock, refreshing)
    expect(await cache.peek('k')).toEqual({ name: 'theirs' })
  })
})

describe('writes in progress', () => {
  test('make a read load from the source, and fill nothing', async () => {
    const { cache, store, loads } = beside()
    store.begin(id, 'writer', 3_000)
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'bypass', isStale: false, isStored: false })
    expect(store.get(id)).toEqual({ kind: 'pending' })
  })

  test('end by themselves when their marks have expired', async () => {
    const { cache, store, clock, loads } = beside()
    store.begin(id, 'writer', 3_000)
    await clock.advance(3_001)
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', isStored: true })
  })
})

describe('a lease of mine', () => {
  function mine() {
    const parts = rig()
    const { store, failures } = failingStore(remote(parts.store))
    const events: CacheEvent[] = []
    const cache = readThrough<string, User>({
      name: 'users',
      ttl: '10s',
      store,
      source: parts.slow,
      clock: parts.clock,
      onEvent: (event) => events.push(event),
    })
    return { ...parts, inner: parts.store, cache, failures, events }
  }

  test.each(['lose-answer', 'hang-after'] as const)(
    'is released when the answer was lost (%s)',
    async (mode) => {
      const { cache, inner, failures, clock, loads } = mine()
      failures.on('acquire', mode, 1)
      const reading = cache.lookup('k')
      const load = loads.next('load')
      await clock.advance(501)
      await (await load).answer()
      expect(await reading).toMatchObject({ status: 'bypass', isStored: false })
      await settle()
      expect(inner.get(id)).toBeUndefined()
      expect(clock.pending()).toBe(0)
    },
  )

  test('is released when the load fails', async () => {
    const { cache, inner, loads } = mine()
    const reading = cache.get('k')
    const load = await loads.next('load')
    expect(inner.get(id)).toEqual({ kind: 'lease' })
    load.fail(new Error('lost'))
    await expect(reading).rejects.toThrow('lost')
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })

  test('is released when the fill fails', async () => {
    const { cache, inner, loads, failures } = mine()
    failures.on('fill', 'reject', 1)
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', isStored: false })
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })

  test('is released when the loaded value cannot be stored', async () => {
    const { cache, inner, loads, source } = mine()
    await source.put('k', { name: 'n', age: 1n } as User, { deadlineAt: Number.MAX_SAFE_INTEGER })
    const reading = cache.get('k')
    await (await loads.next('load')).answer()
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })

  test('is not released twice, nor reported, when it cannot be: it expires', async () => {
    const { cache, inner, loads, failures, clock, events } = mine()
    failures.on('release', 'reject')
    const reading = cache.get('k')
    ;(await loads.next('load')).fail(new Error('lost'))
    await expect(reading).rejects.toThrow('lost')
    await settle()
    expect(failures.calls('release')).toBe(1)
    expect(events.map(({ type }) => type)).toContain('background-failure')
    await clock.advance(3_001)
    expect(inner.get(id)).toBeUndefined()
  })
})
