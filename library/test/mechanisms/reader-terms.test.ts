import { readThrough } from 'caching-patterns'
import { failingStore, settle } from 'caching-patterns/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { passTime, remote, rig, type User } from '../patterns/reading-rig.ts'

const unhandled: unknown[] = []
const listener = (reason: unknown) => unhandled.push(reason)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', listener)
})
afterEach(async () => {
  await settle()
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
})

function make() {
  const parts = rig()
  const { store, failures } = failingStore(remote(parts.store))
  const { slow: source, clock } = parts
  const cache = readThrough<string, User>({
    name: 'users',
    ttl: '10s',
    jitter: 0,
    store,
    source,
    clock,
  })
  return { ...parts, inner: parts.store, failures, cache }
}

/** A promise's outcome as it comes; the promise counts as handled. */
function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

describe('a deadline of the caller', () => {
  test('ends its own waiting, and nobody else’s', async () => {
    const { cache, clock, loads } = make()
    const patient = cache.get('k')
    const hasty = outcome(cache.get('k', { deadline: 50 }))
    const load = await loads.next('load')
    await clock.advance(50)
    expect(await hasty).toMatchObject({
      error: { code: 'LOAD_TIMEOUT', key: 'k', retryable: true },
    })
    await load.answer()
    expect(await patient).toEqual({ name: 'old' })
    expect(clock.pending()).toBe(0)
  })

  test('counts from the call: a store that hangs takes its share of it', async () => {
    const { cache, clock, failures } = make()
    failures.on('get', 'hang', 1)
    const startedAt = clock.now()
    const reading = passTime(clock, outcome(cache.get('k', { deadline: 20 })))
    expect(await reading).toMatchObject({ error: { code: 'LOAD_TIMEOUT' } })
    expect(clock.now() - startedAt).toBeLessThanOrEqual(25)
  })

  test('holds for getMany too', async () => {
    const { cache, clock, failures, loads } = make()
    failures.on('getMany', 'hang', 1)
    const startedAt = clock.now()
    const reading = outcome(cache.getMany(['k', 'l'], { deadline: 20 }))
    expect(await passTime(clock, reading)).toMatchObject({ error: { code: 'LOAD_TIMEOUT' } })
    expect(clock.now() - startedAt).toBeLessThanOrEqual(25)
    const many = cache.lookupMany(['k', 'l'], { deadline: 20 })
    const load = await loads.next('loadMany')
    const found = await passTime(clock, many)
    expect(found.get('k')).toMatchObject({ code: 'LOAD_TIMEOUT' })
    await load.answer()
  })

  test('leaves no failure of the load unhandled', async () => {
    const { cache, clock, loads } = make()
    const hasty = outcome(cache.get('k', { deadline: 50 }))
    const load = await loads.next('load')
    await clock.advance(50)
    await hasty
    load.fail(new Error('too late to tell anyone'))
    await settle()
    expect(unhandled).toEqual([])
  })
})

describe('a signal', () => {
  test('ends its own waiting with its reason; the load goes on for the others', async () => {
    const { cache, loads } = make()
    const aborter = new AbortController()
    const impatient = outcome(cache.get('k', { signal: aborter.signal }))
    const patient = cache.get('k')
    const load = await loads.next('load')
    aborter.abort(new Error('changed my mind'))
    expect(await impatient).toMatchObject({ error: { message: 'changed my mind' } })
    await load.answer()
    expect(await patient).toEqual({ name: 'old' })
  })

  test('that is aborted already starts nothing', async () => {
    const { cache, failures, loads } = make()
    const signal = AbortSignal.abort(new Error('never wanted'))
    expect(await outcome(cache.get('k', { signal }))).toMatchObject({
      error: { message: 'never wanted' },
    })
    await settle()
    expect(failures.calls()).toBe(0)
    expect(loads.waiting()).toHaveLength(0)
  })

  test('ends the waiting for a store that hangs', async () => {
    const { cache, failures, clock } = make()
    failures.on('get', 'hang', 1)
    const aborter = new AbortController()
    const reading = outcome(cache.get('k', { signal: aborter.signal }))
    aborter.abort(new Error('enough'))
    expect(await reading).toMatchObject({ error: { message: 'enough' } })
    await clock.advance(100)
  })
})

describe('a fresh read', () => {
  test('reads past the cache, and stores what it finds for the others', async () => {
    const { cache, source, loads } = make()
    const filling = cache.get('k')
    await (await loads.next('load')).answer()
    await filling
    await source.put('k', { name: 'new' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    expect(await cache.get('k')).toEqual({ name: 'old' })
    const fresh = cache.lookup('k', { fresh: true })
    await (await loads.next('load')).answer()
    expect(await fresh).toMatchObject({ status: 'miss', isStored: true, value: { name: 'new' } })
    expect(await cache.get('k')).toEqual({ name: 'new' })
  })

  test('fills where nothing is cached, and where the absence is', async () => {
    const { cache, source, loads } = make()
    await loads.open()
    expect(await cache.lookup('k', { fresh: true })).toMatchObject({ isStored: true })
    expect(await cache.has('k')).toBe(true)
    expect(await cache.get('later')).toBeUndefined()
    await source.put('later', { name: 'here now' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    expect(await cache.get('later')).toBeUndefined()
    expect(await cache.get('later', { fresh: true })).toEqual({ name: 'here now' })
    expect(await cache.peek('later')).toEqual({ name: 'here now' })
  })

  test('loads without a fill while another process loads, or writes', async () => {
    const { cache, inner, loads } = make()
    inner.acquire('cp:users:1:k', 'theirs', 3_000)
    const fresh = cache.lookup('k', { fresh: true })
    await (await loads.next('load')).answer()
    expect(await fresh).toMatchObject({ status: 'bypass', isStored: false })
    expect(inner.get('cp:users:1:k')).toEqual({ kind: 'lease' })
  })
})

describe('a TTL of the read', () => {
  test('is that of what it fills', async () => {
    const { cache, loads, clock } = make()
    const reading = cache.get('k', { ttl: '1s' })
    await (await loads.next('load')).answer()
    await reading
    await clock.advance(999)
    expect(await cache.has('k')).toBe(true)
    await clock.advance(1)
    expect(await cache.has('k')).toBe(false)
  })
})

describe('what a read is told wrongly', () => {
  test.each([
    ['deadline', { deadline: 'soon' }, /^deadline: expected a duration .* received "soon"$/],
    ['deadline', { deadline: -1 }, /^deadline: expected .* received -1 \(number\)$/],
    ['ttl', { ttl: 0 }, /^ttl: expected .* received 0 \(number\)$/],
    ['signal', { signal: {} }, /^signal: expected an AbortSignal, received an object$/],
    ['fresh', { fresh: 'yes' }, /^fresh: expected true or false, received "yes"$/],
  ])('is refused before anything is asked: %s', async (_option, options, message) => {
    const { cache, failures, loads, clock } = make()
    const reading = cache.get('k', options as object)
    await expect(reading).rejects.toThrow(TypeError)
    await expect(cache.lookup('k', options as object)).rejects.toThrow(message)
    await expect(cache.getMany(['k'], options as object)).rejects.toThrow(message)
    await settle()
    expect(failures.calls()).toBe(0)
    expect(loads.waiting()).toHaveLength(0)
    expect(clock.pending()).toBe(0)
  })

  test('harms nobody who waits for the same key', async () => {
    const { cache, loads } = make()
    const reading = cache.get('k')
    await expect(cache.get('k', { deadline: 'soon' as '1s' })).rejects.toThrow(TypeError)
    ;(await loads.next('load')).fail(new Error('lost'))
    await expect(reading).rejects.toThrow('lost')
    await settle()
    expect(unhandled).toEqual([])
  })
})
