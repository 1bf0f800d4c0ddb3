import {
  type CacheEvent,
  type CacheOptions,
  readThrough,
  refreshAhead,
  writeBehind,
} from 'caching-patterns'
import { type FailureMode, failingStore, settle } from 'caching-patterns/testing'
import { describe, expect, test, vi } from 'vitest'
import { passTime, remote, rig, type User } from '../patterns/reading-rig.ts'

function troubled(options: Partial<Omit<CacheOptions<string, User>, 'read'>> = {}) {
  const parts = rig({ k: { name: 'old' }, l: { name: 'other' } })
  const { store, failures } = failingStore(remote(parts.store))
  const events: CacheEvent[] = []
  const base = {
    name: 'users',
    ttl: '10s',
    jitter: 0,
    store,
    source: parts.source,
    clock: parts.clock,
    onEvent: (event: CacheEvent) => events.push(event),
  } as const
  const cache = readThrough<string, User>({ ...base, ...options })
  const errors = () =>
    events.filter((event) => event.type === 'store-error').map(({ operation }) => operation)
  const states = () => events.filter((event) => event.type === 'breaker').map(({ state }) => state)
  return { ...parts, store, base, failures, events, errors, states, cache }
}

const failures: readonly FailureMode[] = ['reject', 'throw', 'hang', 'lose-answer', 'hang-after']

describe.each(failures)('a store call that fails (%s)', (mode) => {
  test.each([
    { method: 'get', status: 'bypass', deadlineMs: 100 },
    { method: 'acquire', status: 'bypass', deadlineMs: 500 },
    { method: 'fill', status: 'miss', deadlineMs: 500 },
  ])('does not fail a read: $method', async ({ method, status, deadlineMs }) => {
    const { cache, clock, failures, errors, counts } = troubled()
    failures.on(method, mode, 1)
    const startedAt = clock.now()
    const answer = await passTime(clock, cache.lookup('k'))
    expect(answer).toMatchObject({ status, isStored: false, isStale: false })
    expect(answer.value).toEqual({ name: 'old' })
    expect(clock.now() - startedAt).toBeLessThanOrEqual(deadlineMs + 50)
    expect(counts.calls('load')).toBe(1)
    expect(errors()).toEqual([method])
    expect((await cache.stats()).storeErrors).toBe(1)
    await clock.advance(1_000)
    expect(clock.pending()).toBe(0)
  })

  test('does not fail getMany, which asks the store once and loads one batch', async () => {
    const { cache, clock, failures, errors, counts } = troubled()
    failures.on('getMany', mode, 1)
    const startedAt = clock.now()
    const values = await passTime(clock, cache.getMany(['k', 'l', 'gone']))
    expect([...values.values()].map((value) => value?.name)).toEqual(['old', 'other', undefined])
    expect(clock.now() - startedAt).toBeLessThanOrEqual(150)
    expect(errors()).toEqual(['getMany'])
    expect(failures.calls('get')).toBe(0)
    expect([counts.calls('loadMany'), counts.calls('load')]).toEqual([1, 0])
    expect((await cache.stats()).reads).toMatchObject({ total: 3, bypass: 3 })
  })

  test('does not fail refresh', async () => {
    const { cache, clock, failures, source, errors } = troubled()
    await passTime(clock, cache.get('k'))
    await source.put('k', { name: 'new' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    failures.on('refresh', mode, 1)
    await passTime(clock, cache.refresh('k'))
    expect(errors()).toEqual(['refresh'])
    await passTime(clock, cache.refresh('k'))
    expect(await passTime(clock, cache.get('k'))).toEqual({ name: 'new' })
  })

  test('fails neither peek nor has, which know nothing then', async () => {
    const { cache, clock, failures, counts } = troubled()
    await passTime(clock, cache.get('k'))
    failures.on('get', mode, 2)
    expect(await passTime(clock, cache.peek('k'))).toBeUndefined()
    expect(await passTime(clock, cache.has('k'))).toBe(false)
    expect(counts.calls('load')).toBe(1)
  })
})

describe('reads past the cache', () => {
  test('answer with a fresh load when the store fails', async () => {
    const { cache, clock, failures } = troubled()
    failures.on('get', 'reject', 1)
    expect(await passTime(clock, cache.lookup('k', { fresh: true }))).toMatchObject({
      status: 'bypass',
      isStored: false,
    })
  })

  test('are labelled where the store is the authority, whichever call failed', async () => {
    for (const method of ['get', 'acquire']) {
      const { base, clock, failures } = troubled()
      const cache = writeBehind<string, User>({ ...base, name: `users-${method}` })
      failures.on(method, 'reject', 1)
      const answer = await passTime(clock, cache.lookup('k', { fresh: true }))
      expect(answer).toMatchObject({ status: 'bypass', isStale: true })
    }
  })

  test('say that a dirty deletion is an absence', async () => {
    const { base, clock } = troubled()
    const cache = writeBehind<string, User>({ ...base, delay: '1h' })
    await passTime(clock, cache.delete('k'))
    const answer = await passTime(clock, cache.lookup('k', { fresh: true }))
    expect(answer).toMatchObject({ status: 'negative', value: undefined })
  })

  test('are refused where the store is the authority and nothing else will do', async () => {
    const { base, clock, failures } = troubled()
    const cache = writeBehind<string, User>({ ...base, onStoreDown: 'throw' })
    failures.on('get', 'reject', 1)
    const reading = passTime(clock, cache.get('k'))
    await expect(reading).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
  })
})

describe('the breaker', () => {
  test('opens after five failures, spares the store, probes, and closes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { cache, clock, failures, states } = troubled()
      await passTime(clock, cache.get('k'))
      failures.on('get', 'reject')
      for (let read = 0; read < 5; read += 1) await passTime(clock, cache.get('k'))
      expect(states()).toEqual(['open'])
      expect((await cache.stats()).breaker).toBe('open')

      const calls = failures.calls()
      for (let read = 0; read < 10; read += 1) {
        expect(await passTime(clock, cache.lookup('k'))).toMatchObject({ status: 'bypass' })
      }
      expect(failures.calls()).toBe(calls)

      vi.advanceTimersByTime(251)
      await passTime(clock, cache.get('k'))
      expect(failures.calls()).toBe(calls + 1)
      expect(states()).toEqual(['open', 'half-open', 'open'])

      failures.heal()
      vi.advanceTimersByTime(251)
      expect(await passTime(clock, cache.lookup('k'))).toMatchObject({ status: 'hit' })
      expect(states()).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
      expect((await cache.stats()).breaker).toBe('closed')
    } finally {
      vi.useRealTimers()
    }
  })

  test('lets readers of a frozen store wait once, not each', async () => {
    const { cache, clock, failures, counts } = troubled()
    failures.on('*', 'hang')
    const startedAt = clock.now()
    for (let read = 0; read < 50; read += 1) await passTime(clock, cache.get('k'))
    expect(clock.now() - startedAt).toBeLessThan(5 * 100 + 50 * 10)
    expect(counts.calls('load')).toBe(50)
    expect(clock.pending()).toBe(0)
  })

  test('sends no release for a lease that was never asked for', async () => {
    const { cache, clock, failures } = troubled()
    failures.on('get', 'reject')
    for (let read = 0; read < 20; read += 1) await passTime(clock, cache.get('k'))
    expect(failures.calls('release')).toBe(0)
  })
})

describe('a store in process', () => {
  test('answers a hit without a timer', async () => {
    const { store, source, clock } = rig()
    const timers: number[] = []
    const cache = readThrough<string, User>({
      name: 'users',
      ttl: '10s',
      store,
      source,
      clock: {
        now: clock.now,
        after(delayMs, callback) {
          timers.push(delayMs)
          return clock.after(delayMs, callback)
        },
      },
    })
    await cache.get('k')
    const before = timers.length
    await cache.get('k')
    await cache.lookup('k')
    await cache.getMany(['k'])
    expect(timers.length).toBe(before)
  })
})

test('a refresh that cannot be stored discards nothing that is served', async () => {
  const { base, clock, failures } = troubled()
  const cache = refreshAhead<string, User>({ ...base, beta: 0 })
  await passTime(clock, cache.get('k'))
  await clock.advance(9_000)
  failures.on('refresh', 'reject')
  expect(await passTime(clock, cache.get('k'))).toEqual({ name: 'old' })
  await settle()
  await settle()
  expect((await cache.stats()).refreshes).toMatchObject({ total: 1, failures: 1 })
  expect(await passTime(clock, cache.get('k'))).toEqual({ name: 'old' })
})
