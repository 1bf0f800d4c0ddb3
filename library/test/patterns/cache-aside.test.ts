import { type CacheEvent, cacheAside, readThrough } from 'caching-patterns'
import { failingStore, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { passTime, remote, rig, type User } from './reading-rig.ts'

function make(options: object = {}) {
  const parts = rig()
  const { store, failures } = failingStore(parts.store)
  const events: CacheEvent[] = []
  const base = { name: 'users', ttl: '10s', jitter: 0, store, clock: parts.clock } as const
  const onEvent = (event: CacheEvent) => events.push(event)
  const cache = cacheAside<string, User>({ ...base, onEvent, ...options })
  return { ...parts, base, inner: parts.store, failures, events, cache, id: 'cp:users:1:k' }
}

describe('getOrLoad', () => {
  test('loads, stores, and answers from the cache then', async () => {
    const { cache } = make()
    const load = async () => ({ name: 'Ada' })
    expect(await cache.getOrLoad('k', load)).toEqual({ name: 'Ada' })
    const never = () => Promise.reject(new Error('asked again'))
    expect(await cache.getOrLoad('k', never)).toEqual({ name: 'Ada' })
    expect(await cache.lookupOrLoad('k', never)).toMatchObject({ status: 'hit', version: 0 })
  })

  test('takes null and undefined for an absent row, and remembers it', async () => {
    const { cache } = make()
    expect(await cache.getOrLoad('k', async () => null)).toBeUndefined()
    expect(await cache.peek('k')).toBeNull()
    await cache.invalidate('k')
    expect(await cache.getOrLoad('k', async () => undefined)).toBeUndefined()
    expect(await cache.peek('k')).toBeNull()
  })

  test('stores with the TTL and the version that the load states', async () => {
    const { cache } = make()
    await cache.getOrLoad('k', async ({ ttl, version }) => {
      ttl('1s')
      version(7)
      return { name: 'Ada' }
    })
    const hit = await cache.lookupOrLoad('k', async () => null)
    expect(hit).toMatchObject({ status: 'hit', version: 7, ttlMs: 1_000 })
  })

  test('answers, and does not store, what the load skips', async () => {
    const { cache, inner, id } = make()
    const answer = await cache.lookupOrLoad('k', async ({ skip }) => {
      skip()
      return { name: 'Ada' }
    })
    expect(answer).toMatchObject({ status: 'miss', isStored: false, value: { name: 'Ada' } })
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })

  test('shows the load the expired value, and serves it when the load fails', async () => {
    const { cache, clock } = make({ staleIfError: '1m' })
    await cache.getOrLoad('k', async () => ({ name: 'old' }))
    await clock.advance(11_000)
    let shown: unknown
    const answer = await cache.lookupOrLoad('k', async ({ stale }) => {
      shown = stale
      throw new Error('down')
    })
    expect(shown).toEqual({ name: 'old' })
    expect(answer).toMatchObject({ status: 'stale', isStale: true })
  })

  test('aborts the signal of a load at its deadline', async () => {
    const { cache, clock } = make({ loadDeadline: '1s' })
    let reason: unknown
    const reading = cache.getOrLoad('k', ({ signal }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
      })
      return new Promise(() => {})
    })
    await expect(passTime(clock, reading)).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    expect(reason).toMatchObject({ code: 'LOAD_TIMEOUT' })
  })

  test.each([
    ['ttl', ({ ttl }: { ttl(duration: never): void }) => ttl('soon' as never), /^ttl: expected/],
    [
      'version',
      ({ version }: { version(read: number): void }) => version(-1),
      /^version: expected a number from 0/,
    ],
  ])('refuses a wrong %s, and gives the lease back', async (_what, state, message) => {
    const { cache, inner, id } = make()
    const reading = cache.getOrLoad('k', async (context) => {
      state(context)
      return { name: 'Ada' }
    })
    await expect(reading).rejects.toThrow(message)
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })
})

describe('mutate', () => {
  test('commits, invalidates, acknowledges', async () => {
    const { cache } = make()
    await cache.getOrLoad('k', async () => ({ name: 'old' }))
    const done = await cache.mutate(['k'], async () => 'committed')
    expect(done).toEqual({ result: 'committed', status: 'confirmed' })
    expect(await cache.has('k')).toBe(false)
  })

  test('invalidates too when the commit rejects, and passes its error on', async () => {
    const { cache } = make()
    await cache.getOrLoad('k', async () => ({ name: 'old' }))
    const error = new Error('perhaps committed')
    await expect(cache.mutate(['k'], () => Promise.reject(error))).rejects.toBe(error)
    expect(await cache.has('k')).toBe(false)
    await cache.close()
  })
})

test('two caches of one name share entries, whatever pattern they have', async () => {
  const { base, cache, source } = make()
  const reading = readThrough<string, User>({ ...base, store: remote(base.store), source })
  await cache.getOrLoad('k', async () => ({ name: 'by hand' }))
  expect(await reading.get('k')).toEqual({ name: 'by hand' })
})

test('close refuses what comes after it', async () => {
  const { cache } = make()
  await cache.close()
  for (const call of [
    () => cache.getOrLoad('k', async () => null),
    () => cache.lookupOrLoad('k', async () => null),
    () => cache.acquire('k'),
    () => cache.mutate(['k'], async () => 1),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'CLOSED' })
  }
})

describe('mutate of one key named twice', () => {
  test('invalidates it once', async () => {
    const { store } = rig()
    const cache = cacheAside<string, User>({ name: 'users', store, ttl: '10s' })
    await cache.mutate(['k', 'k'], async () => undefined)
    expect((await cache.stats()).invalidations).toBe(1)
    await cache.close()
  })
})
