import { cacheAside, readThrough, refreshAhead } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { failingStore, manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

const base = { name: 'users', ttl: '10s', jitter: 0 } as const

function make(options: Parameters<typeof memoryStore>[0] = {}) {
  const clock = manualClock()
  const store = memoryStore({ clock, ...options })
  const rows = new Map([...'abcdef'].map((key) => [key, { name: key }]))
  const { source, loadsOf } = counting(rows)
  const cache = readThrough<string, { name: string }>({ ...base, store, clock, source })
  return { cache, clock, rows, store, source, loadsOf }
}

function counting(rows: Map<string, { name: string }>) {
  const loads: string[] = []
  const source = {
    load: async (key: string) => {
      loads.push(key)
      return rows.get(key)
    },
  }
  return { source, loadsOf: (key: string) => loads.filter((each) => each === key).length }
}

/** Two reads after the first: one that remembers where the value is, and one that finds it there. */
async function near(cache: { get(key: string): Promise<unknown> }, key: string) {
  for (let read = 0; read < 3; read++) await cache.get(key)
}

describe('a near hit', () => {
  test('answers the one frozen value, and is counted', async () => {
    const { cache, loadsOf } = make()
    await near(cache, 'a')
    const [one, other] = [cache.get('a'), cache.get('a')]
    expect(one).toBe(other)
    expect(await one).toEqual({ name: 'a' })
    expect(Object.isFrozen(await one)).toBe(true)
    expect((await cache.stats()).reads).toMatchObject({ hits: 4, misses: 1, total: 5 })
    expect(loadsOf('a')).toBe(1)
  })

  test('ends at the TTL', async () => {
    const { cache, clock, rows, loadsOf } = make()
    await near(cache, 'a')
    rows.set('a', { name: 'new' })
    await clock.advance(9_999)
    expect(await cache.get('a')).toEqual({ name: 'a' })
    await clock.advance(1)
    expect(await cache.get('a')).toEqual({ name: 'new' })
    expect(loadsOf('a')).toBe(2)
  })

  test('ends with an invalidation, and follows the value that is stored after it', async () => {
    const { cache, rows, loadsOf } = make()
    await near(cache, 'a')
    rows.set('a', { name: 'new' })
    await cache.invalidate('a')
    await near(cache, 'a')
    expect(await cache.get('a')).toEqual({ name: 'new' })
    expect(loadsOf('a')).toBe(2)
  })

  test('is none while the store has not confirmed an invalidation', async () => {
    const { store: memory, clock, rows, source, loadsOf } = make()
    const { store, failures } = failingStore(memory)
    const cache = readThrough<string, { name: string }>({ ...base, store, clock, source })
    await near(cache, 'a')
    rows.set('a', { name: 'new' })
    failures.on('invalidate', 'reject')
    await cache.invalidate('a')
    expect(await cache.get('a')).toEqual({ name: 'new' })
    expect(loadsOf('a')).toBe(2)
    failures.heal()
    await cache.close()
  })

  test('shows a value that was replaced in its place', async () => {
    const { cache, store } = make()
    await near(cache, 'a')
    const content = { version: 7, ttlMs: 1_000, softTtlMs: 1_000, graceMs: 0, deltaMs: 0 }
    store.end('cp:users:1:a', null, { ...content, json: '{"name":"published"}' })
    expect(await cache.get('a')).toEqual({ name: 'published' })
  })

  test('keeps an entry from being evicted, and none that was is answered', async () => {
    const { cache, loadsOf } = make({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await near(cache, key)
    const turns = [...'adaeaf']
    for (const key of turns) await cache.get(key)
    expect(['a', 'b'].map(loadsOf)).toEqual([1, 1])
    await near(cache, 'b')
    expect(loadsOf('b')).toBe(2)
  })

  test('is none of another key that is the same for a Map but not as text', async () => {
    const { cache } = make()
    await near(cache, 'a')
    await expect(cache.get('a\ud800')).rejects.toMatchObject({ code: 'INVALID_KEY' })
    expect(await cache.get('b')).toEqual({ name: 'b' })
  })

  test('is none after close, nor of a read with terms', async () => {
    const { cache, rows } = make()
    await near(cache, 'a')
    rows.set('a', { name: 'new' })
    expect(await cache.get('a', { fresh: true })).toEqual({ name: 'new' })
    await cache.close()
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('is counted as every hit is, timed or not', async () => {
    const { cache } = make()
    for (let read = 0; read < 600; read++) await cache.get('a')
    const { reads, latencyMs } = await cache.stats()
    expect(reads.hits).toBe(599)
    expect(latencyMs.hit.max).toBeGreaterThan(0)
  })

  test('of cache-aside loads nothing', async () => {
    const { clock, store } = make()
    const aside = cacheAside<string, string>({ ...base, name: 'aside', store, clock })
    let loads = 0
    const read = () => aside.getOrLoad('a', async () => `load ${++loads}`)
    for (let turn = 0; turn < 4; turn++) expect(await read()).toBe('load 1')
    await aside.invalidate('a')
    expect(await read()).toBe('load 2')
  })

  test('is not to be had where every hit is looked at: refresh-ahead goes on refreshing', async () => {
    const { clock, store, rows, source, loadsOf } = make()
    const ahead = refreshAhead({
      ...base,
      name: 'ahead',
      store,
      clock,
      source,
      after: '80%',
      beta: 0,
    })
    await near(ahead, 'a')
    rows.set('a', { name: 'new' })
    await clock.advance(8_500)
    await ahead.get('a')
    await clock.advance(1)
    expect(await ahead.get('a')).toEqual({ name: 'new' })
    expect(loadsOf('a')).toBe(2)
  })

  test('is none of a key that has to be encoded: an object may change', async () => {
    const { clock, store } = make()
    const load = async ({ id }: { id: string }) => `row ${id}`
    const cache = readThrough<{ id: string }, string>({
      ...{ ...base, name: 'encoded', store, clock },
      source: { load },
      encodeKey: ({ id }) => id,
    })
    const key = { id: '1' }
    for (let read = 0; read < 3; read++) await cache.get(key)
    key.id = '2'
    expect(await cache.get(key)).toBe('row 2')
  })
})
