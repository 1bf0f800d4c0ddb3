import { inspect } from 'node:util'
import { type CacheEvent, readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type User } from './reading-rig.ts'

const rows = { a: { name: 'Ada' }, b: { name: 'Bob' }, c: { name: 'Cem' } }
const now = { deadlineAt: Number.MAX_SAFE_INTEGER }

function make(options: object = {}) {
  const parts = rig(rows)
  const { store, source, clock } = parts
  const base = { name: 'users', ttl: '10s', jitter: 0, store, source, clock } as const
  return { ...parts, base, cache: readThrough<string, User>({ ...base, ...options }) }
}

describe('an answer', () => {
  test('shows all of itself in a log and as JSON', async () => {
    const { cache } = make()
    await cache.get('a')
    const answer = await cache.lookup('a')
    const shown = { status: 'hit', value: { name: 'Ada' }, json: '{"name":"Ada"}', version: 1 }
    expect(JSON.parse(JSON.stringify(answer))).toMatchObject({ ...shown, ageMs: 0, ttlMs: 10_000 })
    expect(inspect(answer)).toContain("value: { name: 'Ada' }")
  })
})

describe('get', () => {
  test('loads once, then answers from the cache', async () => {
    const { cache, counts } = make()
    expect(await cache.get('a')).toEqual({ name: 'Ada' })
    expect(await cache.get('a')).toEqual({ name: 'Ada' })
    expect(counts.calls('load')).toBe(1)
  })

  test('answers with undefined for an absent row, hit or miss', async () => {
    const { cache, counts } = make()
    expect(await cache.get('nobody')).toBeUndefined()
    expect(await cache.get('nobody')).toBeUndefined()
    expect(counts.calls('load')).toBe(1)
  })

  test('loads again after the TTL', async () => {
    const { cache, counts, clock } = make()
    await cache.get('a')
    await clock.advance(9_999)
    await cache.get('a')
    expect(counts.calls('load')).toBe(1)
    await clock.advance(1)
    await cache.get('a')
    expect(counts.calls('load')).toBe(2)
  })
})

describe('lookup', () => {
  test('says where the answer came from, how old it is and how long it lives', async () => {
    const { cache, clock } = make()
    const miss = await cache.lookup('a')
    expect(miss).toMatchObject({
      status: 'miss',
      tier: 'source',
      version: 1,
      ageMs: 0,
      ttlMs: 0,
      isStored: true,
      isCollapsed: false,
      isStale: false,
      json: '{"name":"Ada"}',
    })
    expect(miss.loadMs).toBeGreaterThanOrEqual(0)
    await clock.advance(3_000)
    expect(await cache.lookup('a')).toMatchObject({
      status: 'hit',
      tier: 'memory',
      version: 1,
      ageMs: 3_000,
      ttlMs: 7_000,
      isStored: false,
      loadMs: 0,
      json: '{"name":"Ada"}',
    })
  })
})

describe('getMany', () => {
  test('answers in input order, once per distinct key, with undefined for absent rows', async () => {
    const { cache, counts } = make()
    await cache.get('b')
    const found = await cache.getMany(['c', 'nobody', 'a', 'b', 'a', 'c'])
    expect([...found]).toEqual([
      ['c', { name: 'Cem' }],
      ['nobody', undefined],
      ['a', { name: 'Ada' }],
      ['b', { name: 'Bob' }],
    ])
    expect([counts.calls('load'), counts.calls('loadMany')]).toEqual([1, 1])
    expect((await cache.stats()).reads).toMatchObject({ total: 5, misses: 4, hits: 1 })
  })

  test('counts a hit once that is asked for twice', async () => {
    const { cache } = make()
    await cache.getMany(['a', 'b'])
    expect([...(await cache.getMany(['a', 'b', 'a']))].map(([key]) => key)).toEqual(['a', 'b'])
    expect((await cache.stats()).reads).toMatchObject({ total: 4, hits: 2 })
  })

  test('rejects as the first of its keys does, when all others are through', async () => {
    const settled: string[] = []
    const source = {
      load: async (key: string) => {
        if (key === 'slow') await new Promise((done) => setImmediate(done))
        settled.push(key)
        if (key === 'bad') throw new Error('bad row')
        return { name: key }
      },
    }
    const cache = readThrough({ name: 'some', store: memoryStore(), source, ttl: '1s' })
    await expect(cache.getMany(['bad', 'slow'])).rejects.toThrow('bad row')
    expect(settled).toEqual(['bad', 'slow'])
  })

  test('answers nothing to nothing, without asking anybody', async () => {
    const { cache, counts } = make()
    expect([...(await cache.getMany([]))]).toEqual([])
    expect(await cache.warm([])).toBe(0)
    expect(counts.calls()).toBe(0)
  })

  test('refuses a wrong key before anything is asked', async () => {
    const { cache, counts } = make()
    await expect(cache.getMany(['a', 1.5 as unknown as string])).rejects.toMatchObject({
      code: 'INVALID_KEY',
    })
    expect(counts.calls()).toBe(0)
  })

  test('shares the load of a key that a single read has begun', async () => {
    const { base, slow: source, loads } = make()
    const cache = readThrough<string, User>({ ...base, source })
    const single = cache.get('a')
    const many = cache.getMany(['a', 'b'])
    const load = await loads.next()
    await settle()
    expect(load.method).toBe('loadMany')
    expect(loads.waiting()).toHaveLength(1)
    await load.answer()
    expect(await single).toEqual({ name: 'Ada' })
    expect((await many).size).toBe(2)
  })
})

describe('peek and has', () => {
  test('never load', async () => {
    const { cache, counts } = make()
    expect(await cache.peek('a')).toBeUndefined()
    expect(await cache.has('a')).toBe(false)
    await cache.get('a')
    await cache.get('nobody')
    expect(await cache.peek('a')).toEqual({ name: 'Ada' })
    expect(await cache.has('a')).toBe(true)
    expect(await cache.peek('nobody')).toBeNull()
    expect(await cache.has('nobody')).toBe(false)
    expect(counts.calls()).toBe(2)
    expect((await cache.stats()).reads.total).toBe(2)
  })
})

describe('warm', () => {
  test('loads what is not cached, and says how many', async () => {
    const { cache, counts } = make()
    await cache.get('b')
    expect(await cache.warm(['a', 'b', 'c', 'nobody'])).toBe(3)
    expect(counts.calls('loadMany')).toBe(1)
    expect(await cache.warm(['a', 'b', 'c', 'nobody'])).toBe(0)
  })

  test('keeps within the limits on loads, however many keys there are', async () => {
    let most = 0
    let running = 0
    const load = async (key: string) => {
      running += 1
      most = Math.max(most, running)
      await settle()
      running -= 1
      return { name: key }
    }
    const { base } = make()
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)
    const limits = { maxLoads: 4, maxQueuedLoads: 10 }
    const cache = readThrough<string, User>({ ...base, source: { load }, ...limits })
    expect(await cache.warm(keys)).toBe(200)
    expect(most).toBe(4)
  })

  test('rejects with the error of a load that failed', async () => {
    const { base, slow: source, loads } = make()
    const cache = readThrough<string, User>({ ...base, source })
    const warming = cache.warm(['a', 'b'])
    ;(await loads.next('loadMany')).fail(new Error('down'))
    await expect(warming).rejects.toThrow('down')
  })
})

describe('refresh', () => {
  test('reloads a cached value now', async () => {
    const { cache, source, counts } = make()
    await cache.get('a')
    await source.put('a', { name: 'Ada Lovelace' }, now)
    await cache.refresh('a')
    expect(await cache.peek('a')).toEqual({ name: 'Ada Lovelace' })
    expect(counts.calls('load')).toBe(2)
  })

  test('is a read where nothing is cached, and joins a load that is under way', async () => {
    const { base, slow: source, loads, counts } = make()
    const cache = readThrough<string, User>({ ...base, source })
    const reading = cache.get('a')
    const refreshing = cache.refresh('a')
    await (await loads.next('load')).answer()
    await Promise.all([reading, refreshing])
    expect(counts.calls('load')).toBe(1)
    expect((await cache.stats()).reads.total).toBe(1)
  })

  test('learns that a row has come, and that it has gone', async () => {
    const { cache, source } = make()
    await cache.get('later')
    await source.put('later', { name: 'Lea' }, now)
    await cache.refresh('later')
    expect(await cache.peek('later')).toEqual({ name: 'Lea' })
    await source.delete('later', now)
    await cache.refresh('later')
    expect(await cache.get('later')).toBeUndefined()
  })
})

describe('invalidate and clear', () => {
  test('evict; the rows stay', async () => {
    const { cache, counts } = make()
    await cache.getMany(['a', 'b'])
    expect(await cache.invalidate('a')).toBe('confirmed')
    expect([await cache.has('a'), await cache.has('b')]).toEqual([false, true])
    await cache.clear()
    expect(await cache.has('b')).toBe(false)
    expect(counts.row('a')?.value).toEqual({ name: 'Ada' })
  })

  test('clear this cache only, not one whose name begins alike', async () => {
    const { base, cache } = make()
    const others = readThrough<string, User>({ ...base, name: 'users2' })
    const newShape = readThrough<string, User>({ ...base, version: 2 })
    await Promise.all([cache.get('a'), others.get('a'), newShape.get('a')])
    await cache.clear()
    expect(await cache.has('a')).toBe(false)
    expect([await others.has('a'), await newShape.has('a')]).toEqual([true, true])
  })
})

describe('stored keys', () => {
  test('carry namespace, name and version, so that a raised version hides old shapes', async () => {
    const { base, cache, store } = make({ namespace: 'app', version: 3 })
    await cache.get('a')
    expect(store.get('app:users:3:a')).toMatchObject({ kind: 'value' })
    const next = readThrough<string, User>({ ...base, namespace: 'app', version: 4 })
    expect(await next.has('a')).toBe(false)
  })
})

describe('jitter', () => {
  test('only shortens a TTL, by at most its share', async () => {
    for (const [luck, ttlMs] of [
      [0, 10_000],
      [0.5, 9_000],
      [0.999_999, 8_000],
    ] as const) {
      const { cache } = make({ jitter: 0.2, random: () => luck })
      await cache.get('a')
      expect((await cache.lookup('a')).ttlMs).toBeCloseTo(ttlMs, -1)
      expect((await cache.lookup('a')).ttlMs).toBeLessThanOrEqual(10_000)
    }
  })
})

describe('events', () => {
  test('tell of loads; a listener that throws breaks nothing', async () => {
    const events: CacheEvent[] = []
    const { cache } = make({
      onEvent(event: CacheEvent) {
        events.push(event)
        throw new Error('a bad listener')
      },
    })
    expect(await cache.get('a')).toEqual({ name: 'Ada' })
    await cache.get('nobody')
    expect(events).toMatchObject([
      { type: 'load', cache: 'users', key: 'cp:users:1:a', outcome: 'value' },
      { type: 'load', cache: 'users', key: 'cp:users:1:nobody', outcome: 'absent' },
    ])
  })
})

test('many keys leave nothing behind but their entries', async () => {
  const { clock } = rig()
  const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}`)
  const { source } = countingSource(Object.fromEntries(keys.map((key) => [key, { name: key }])))
  const store = memoryStore({ clock, maxEntries: 100 })
  const cache = readThrough<string, User>({ name: 'users', ttl: '1h', store, source, clock })
  for (let from = 0; from < keys.length; from += 500) {
    await cache.getMany(keys.slice(from, from + 500))
    await Promise.all(keys.slice(from, from + 100).map((key) => cache.get(key)))
  }
  expect(store.size()).toBeLessThanOrEqual(100)
  expect(clock.pending()).toBe(0)
})
