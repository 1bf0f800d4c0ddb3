import { type CacheEvent, cacheAside } from 'caching-patterns'
import { failingStore, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { passTime, rig, type User } from './reading-rig.ts'

function make(options: object = {}) {
  const parts = rig()
  const { store, failures } = failingStore(parts.store)
  const events: CacheEvent[] = []
  const base = { name: 'users', ttl: '10s', jitter: 0, store, clock: parts.clock } as const
  const onEvent = (event: CacheEvent) => events.push(event)
  const cache = cacheAside<string, User>({ ...base, onEvent, ...options })
  return { ...parts, base, inner: parts.store, failures, events, cache, id: 'cp:users:1:k' }
}

async function slotOf(cache: ReturnType<typeof make>['cache'], status: 'miss' | 'busy' | 'hit') {
  const slot = await cache.acquire('k')
  expect(slot.status).toBe(status)
  return slot
}

async function miss(cache: ReturnType<typeof make>['cache']) {
  const slot = await slotOf(cache, 'miss')
  if (slot.status !== 'miss') throw new Error('not a miss')
  return slot
}

describe('acquire: miss', () => {
  test('is filled, and is a hit for the next one', async () => {
    const { cache } = make()
    const slot = await miss(cache)
    const filled = await slot.fill({ name: 'Ada' }, { version: 3, ttl: '1s' })
    expect(filled).toMatchObject({ status: 'miss', isStored: true, version: 3 })
    const next = await slotOf(cache, 'hit')
    if (next.status !== 'hit') return
    expect(next.lookup).toMatchObject({ status: 'hit', version: 3, ttlMs: 1_000 })
    expect(next.lookup.value).toEqual(filled.value)
  })

  test('remembers an absence', async () => {
    const { cache } = make()
    await (await miss(cache)).fill(null)
    const next = await slotOf(cache, 'hit')
    if (next.status !== 'hit') return
    expect(next.lookup).toMatchObject({ status: 'negative', json: undefined })
  })

  test('is given back when its scope is left without a fill', async () => {
    const { cache, inner, id } = make()
    const slot = await miss(cache)
    expect(inner.get(id)).toEqual({ kind: 'lease' })
    await slot[Symbol.asyncDispose]()
    expect(inner.get(id)).toBeUndefined()
    await slot[Symbol.asyncDispose]()
    expect((await cache.stats()).loads).toMatchObject({ total: 1, failures: 1 })
  })

  test('stores nothing after an invalidation, and says so', async () => {
    const { cache } = make()
    const slot = await miss(cache)
    await cache.invalidate('k')
    expect(await slot.fill({ name: 'old' })).toMatchObject({ isStored: false })
    expect(await cache.has('k')).toBe(false)
    expect((await cache.stats()).fills).toEqual({ stored: 0, refused: 1 })
  })

  test('can be filled once: later fills store and count nothing', async () => {
    const { cache } = make()
    const slot = await miss(cache)
    await slot.fill({ name: 'first' })
    const again = await slot.fill({ name: 'second' })
    expect(again).toMatchObject({ isStored: false, value: { name: 'second' } })
    await slot.release()
    expect(await cache.peek('k')).toEqual({ name: 'first' })
    const { reads, loads, fills } = await cache.stats()
    expect(reads.total).toBe(1)
    expect(loads).toMatchObject({ total: 1, failures: 0 })
    expect(fills).toEqual({ stored: 1, refused: 0 })
  })

  test('does not end the wait of others for a later slot of the same key', async () => {
    const { cache, clock } = make({ lease: '2100ms' })
    const forgotten = await miss(cache)
    await clock.advance(2_200)
    const current = await miss(cache)
    const waiting = cache.acquire('k')
    await settle()
    expect(await forgotten.fill({ name: 'old' })).toMatchObject({ isStored: false })
    await settle()
    await current.fill({ name: 'new' })
    const slot = await waiting
    expect(slot.status === 'hit' && slot.lookup.value).toEqual({ name: 'new' })
    expect(clock.pending()).toBe(0)
  })

  test('that is forgotten ends with its lease, and leaves no timer', async () => {
    const { cache, clock } = make({ waitForLoad: '10s' })
    await miss(cache)
    const waiting = cache.acquire('k')
    await clock.advance(3_000)
    const slot = await waiting
    expect(slot.status).toBe('miss')
    await slot[Symbol.asyncDispose]()
    expect(clock.pending()).toBe(0)
  })

  test.each([
    ['INVALID_VALUE', { name: 1n } as unknown as User, {}],
    ['INVALID_ARGUMENT', { name: 'Ada' }, { version: 1.5 }],
    ['INVALID_ARGUMENT', { name: 'Ada' }, { ttl: '0s' as const }],
  ])('refuses what cannot be stored (%s); the slot stays open', async (code, value, options) => {
    const { cache } = make()
    const slot = await miss(cache)
    await expect(slot.fill(value, options)).rejects.toMatchObject({ code })
    expect(await slot.fill({ name: 'Ada' })).toMatchObject({ isStored: true })
    expect((await cache.stats()).reads.total).toBe(1)
  })

  test('answers although the store fails at the fill', async () => {
    const { cache, failures, inner, id } = make()
    const slot = await miss(cache)
    failures.on('fill', 'reject', 1)
    expect(await slot.fill({ name: 'Ada' })).toMatchObject({
      isStored: false,
      value: { name: 'Ada' },
    })
    expect(inner.get(id)).toBeUndefined()
  })
})

describe('acquire: waiting', () => {
  test('gets the fill of a slot of this process: a collapsed miss', async () => {
    const { cache, clock } = make()
    const slot = await miss(cache)
    const waiting = cache.acquire('k')
    await settle()
    await slot.fill({ name: 'Ada' })
    const next = await waiting
    expect(next.status === 'hit' && next.lookup).toMatchObject({
      status: 'miss',
      isCollapsed: true,
    })
    expect((await cache.stats()).loads.joined).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  test('gets the lease itself when the other gives up', async () => {
    const { cache } = make()
    const slot = await miss(cache)
    const waiting = cache.acquire('k')
    await settle()
    await slot.release()
    expect((await waiting).status).toBe('miss')
  })

  test('polls for another process’s fill, and is busy when the budget is spent', async () => {
    const { cache, inner, id, clock } = make({ waitForLoad: '300ms' })
    inner.acquire(id, 'theirs', 3_000)
    const waiting = cache.acquire('k')
    let isBusy = false
    waiting.then(() => {
      isBusy = true
    })
    await clock.advance(299)
    expect(isBusy).toBe(false)
    await clock.advance(1)
    expect((await waiting).status).toBe('busy')
    expect(clock.pending()).toBe(0)
  })

  test('waits for a getOrLoad of the same key, and the other way round', async () => {
    const { cache, clock } = make()
    let finish: (value: User) => void = () => {}
    const loading = cache.getOrLoad('k', () => new Promise<User>((resolve) => (finish = resolve)))
    await settle()
    const waiting = cache.acquire('k')
    await settle()
    finish({ name: 'Ada' })
    await loading
    expect((await passTime(clock, waiting)).status).toBe('hit')

    await cache.invalidate('k')
    const slot = await miss(cache)
    const reading = cache.getOrLoad('k', () => Promise.reject(new Error('a second load')))
    await slot.fill({ name: 'Bea' })
    expect(await passTime(clock, reading)).toEqual({ name: 'Bea' })
  })
})

describe('acquire: busy', () => {
  test('while writes are in progress: passes a value on, and stores nothing', async () => {
    const { cache, inner, id, events } = make()
    inner.begin(id, 'writer', 3_000)
    const slot = await slotOf(cache, 'busy')
    if (slot.status !== 'busy') return
    const passed = await slot.pass({ name: 'Ada' }, { version: 2 })
    expect(passed).toMatchObject({ status: 'bypass', isStored: false, version: 2 })
    expect(Object.isFrozen(passed.value)).toBe(true)
    await slot.pass({ name: 'Ada' })
    expect((await cache.stats()).reads).toMatchObject({ total: 1, bypass: 1 })
    expect(events.filter(({ type }) => type === 'load')).toHaveLength(1)
  })

  test('when the store does not answer, without a call that it has no use for', async () => {
    const { cache, failures } = make()
    failures.on('get', 'reject', 1)
    await slotOf(cache, 'busy')
    await settle()
    expect(failures.calls('release')).toBe(0)
    expect(failures.calls('acquire')).toBe(0)
  })

  test('when the lease’s answer was lost, which is then given back', async () => {
    const { cache, failures, inner, id } = make()
    failures.on('acquire', 'lose-answer', 1)
    await slotOf(cache, 'busy')
    await settle()
    expect(inner.get(id)).toBeUndefined()
  })

  test('passes on only what the schema accepts', async () => {
    const validate = () => ({ issues: [{ message: 'no such user' }] })
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const { cache, inner, id } = make({ schema })
    inner.begin(id, 'writer', 3_000)
    const slot = await slotOf(cache, 'busy')
    if (slot.status !== 'busy') return
    await expect(slot.pass({ name: 'Ada' })).rejects.toThrow(/no such user/)
  })

  test('counts nothing for a value that was refused', async () => {
    const { cache, inner, id } = make()
    inner.begin(id, 'writer', 3_000)
    const slot = await slotOf(cache, 'busy')
    if (slot.status !== 'busy') return
    await expect(slot.pass({ name: 1n } as unknown as User)).rejects.toThrow(/is not JSON/)
    expect((await cache.stats()).reads.total).toBe(0)
  })
})

describe('acquire: an expired value that is kept for staleIfError', () => {
  async function expired() {
    const made = make({ staleIfError: '1m' })
    await (await miss(made.cache)).fill({ name: 'old' }, { version: 1 })
    await made.clock.advance(11_000)
    return made
  }

  test('is no hit: it is loaded again, and replaced', async () => {
    const { cache } = await expired()
    const slot = await miss(cache)
    expect(await slot.fill({ name: 'new' }, { version: 2 })).toMatchObject({ isStored: true })
    expect(await cache.peek('k')).toEqual({ name: 'new' })
  })

  test('is loaded by one caller of this process', async () => {
    const { cache, clock } = await expired()
    const slot = await miss(cache)
    const waiting = cache.acquire('k')
    await settle()
    await slot.fill({ name: 'new' }, { version: 2 })
    expect((await waiting).status).toBe('hit')
    expect(clock.pending()).toBe(0)
  })

  test('is not replaced by an older one', async () => {
    const { cache } = await expired()
    const slot = await miss(cache)
    await cache.invalidate('k')
    expect(await slot.fill({ name: 'older' }, { version: 1 })).toMatchObject({ isStored: false })
    expect(await cache.has('k')).toBe(false)
  })
})

describe('acquire: an expired value that is kept', () => {
  async function expired(options: object) {
    const made = make(options)
    await (await miss(made.cache)).fill({ name: 'old' })
    await made.clock.advance(12_000)
    return made
  }

  test('answers for a load that failed, labelled stale, once', async () => {
    const { cache } = await expired({ staleIfError: '1m' })
    const slot = await miss(cache)
    const answer = await slot.fallBack()
    expect(answer).toMatchObject({ status: 'stale', isStale: true, value: { name: 'old' } })
    expect([answer?.ttlMs, answer?.ageMs]).toEqual([-2_000, 12_000])
    expect(await slot.fallBack()).toBeUndefined()
    const { reads, loads } = await cache.stats()
    expect([reads.stale, reads.total, loads.failures]).toEqual([1, 2, 1])
    await (await miss(cache)).fill({ name: 'new' })
    expect((await cache.acquire('k')).status).toBe('hit')
  })

  test('does not answer for a failed load without `staleIfError`, nor where nothing stood', async () => {
    const { cache } = await expired({ staleWhileLoading: '1m' })
    expect(await (await miss(cache)).fallBack()).toBeUndefined()
    await cache.invalidate('k')
    const cold = await miss(cache)
    expect(await cold.fallBack()).toBeUndefined()
    expect((await cache.acquire('k')).status).toBe('miss')
  })

  test('answers while another caller loads, after the soft time-out', async () => {
    const { cache, clock } = await expired({ staleWhileLoading: '1m', softLoadTimeout: 50 })
    const loading = await miss(cache)
    const waiting = cache.acquire('k')
    let isAnswered = false
    waiting.then(() => {
      isAnswered = true
    })
    await clock.advance(49)
    expect(isAnswered).toBe(false)
    await clock.advance(1)
    const slot = await waiting
    if (slot.status !== 'hit') throw new Error(slot.status)
    expect(slot.lookup).toMatchObject({ status: 'stale', value: { name: 'old' } })
    await loading.fill({ name: 'new' })
    const next = await slotOf(cache, 'hit')
    if (next.status === 'hit') expect(next.lookup).toMatchObject({ status: 'hit' })
  })
})
