import { type CacheEvent, type CacheOptions, readThrough, type ValueSchema } from 'caching-patterns'
import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { passTime, rig, type User } from '../patterns/reading-rig.ts'

type Options = Partial<Omit<CacheOptions<string, User>, 'read'>>

function make(options: Options = {}, rows?: Readonly<Record<string, User>>) {
  const parts = rig(rows)
  const events: CacheEvent[] = []
  const { slow: source, store, clock } = parts
  const base = { name: 'users', ttl: '10s', jitter: 0, store, source, clock } as const
  const onEvent = (event: CacheEvent) => events.push(event)
  const cache = readThrough<string, User>({ ...base, onEvent, ...options })
  return { ...parts, cache, events }
}

/** A source of one unversioned value. */
function giving(value: unknown) {
  return { load: async () => value as User }
}

describe('a load that fails', () => {
  test('reaches every waiter as it is, is not cached, and gives its lease back', async () => {
    const { cache, loads, store, events } = make()
    const readings = [cache.get('k'), cache.get('k'), cache.get('k')]
    const outcomes = Promise.allSettled(readings)
    const error = new Error('lost')
    const load = await loads.next('load')
    const joined = cache.get('k')
    joined.catch(() => {})
    load.fail(error)
    // who came after the load was sent shares one more
    ;(await loads.next('load')).fail(error)
    for (const outcome of await outcomes) {
      expect(outcome).toEqual({ status: 'rejected', reason: error })
    }
    await expect(joined).rejects.toBe(error)
    await settle()
    expect(store.get('cp:users:1:k')).toBeUndefined()
    const stats = await cache.stats()
    expect(stats.loads).toMatchObject({ total: 2, failures: 2 })
    const failures = events.filter((event) => event.type === 'load')
    expect(failures).toMatchObject([
      { outcome: 'failure', error },
      { outcome: 'failure', error },
    ])
    const again = cache.get('k')
    await (await loads.next('load')).answer()
    expect(await again).toEqual({ name: 'old' })
  })

  test('fails a waiter by its own error even when it is not an Error', async () => {
    const { cache, loads } = make()
    const reading = cache.get('k')
    ;(await loads.next('load')).fail('a string' as unknown as Error)
    await expect(reading).rejects.toBe('a string')
  })

  test('may throw before it returns a promise', async () => {
    const load = () => {
      throw new Error('at once')
    }
    const { cache } = make({ source: { load } })
    await expect(cache.get('k')).rejects.toThrow('at once')
    await expect(cache.get('k')).rejects.toThrow('at once')
  })
})

describe('the load deadline', () => {
  test('ends the waiting with LOAD_TIMEOUT, and tells the source', async () => {
    let signal: AbortSignal | undefined
    const source = {
      load: (_key: string, context: { signal: AbortSignal }) => {
        signal = context.signal
        return new Promise<User>(() => {})
      },
    }
    const { cache, clock, store } = make({ source, loadDeadline: '1s' })
    const startedAt = clock.now()
    await expect(passTime(clock, cache.get('k'))).rejects.toMatchObject({
      code: 'LOAD_TIMEOUT',
      retryable: true,
    })
    expect(clock.now() - startedAt).toBeLessThanOrEqual(1_005)
    expect(signal?.aborted).toBe(true)
    await settle()
    expect(store.get('cp:users:1:k')).toBeUndefined()
    expect(clock.pending()).toBe(0)
  })

  test('frees the place of a load that never settles', async () => {
    let isFrozen = true
    const source = {
      load: () => (isFrozen ? new Promise<User>(() => {}) : Promise.resolve({ name: 'back' })),
    }
    const { cache, clock } = make({ source, maxLoads: 2, loadDeadline: '1s' })
    const lost = Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => cache.get(key)))
    for (const outcome of await passTime(clock, lost)) {
      expect(outcome).toMatchObject({ reason: { code: 'LOAD_TIMEOUT' } })
    }
    isFrozen = false
    expect(await passTime(clock, cache.get('e'))).toEqual({ name: 'back' })
  })

  test('lets no result that comes later be stored', async () => {
    const { cache, loads, clock } = make()
    const reading = cache.get('k')
    reading.catch(() => {})
    const load = await loads.next('load')
    await clock.advance(2_000)
    await expect(reading).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    await load.answer()
    await settle()
    expect(await cache.has('k')).toBe(false)
  })
})

describe('the limit on loads', () => {
  test('queues what may be queued, and refuses the rest with LOAD_OVERLOADED', async () => {
    const parts = rig()
    const slow = parts.slow
    const { cache, clock } = make({
      source: { load: async (key: string) => (await slow.load(key, neverAborted))?.value },
      maxLoads: 2,
      maxQueuedLoads: 3,
    })
    const readings = Promise.allSettled(
      ['k', 'k2', 'k3', 'k4', 'k5', 'k6'].map((k) => cache.get(k)),
    )
    await settle()
    await settle()
    expect(parts.loads.waiting()).toHaveLength(2)
    await parts.loads.open()
    const outcomes = await passTime(clock, readings)
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'fulfilled'),
      'rejected',
    ])
    expect(outcomes[5]).toMatchObject({
      reason: { code: 'LOAD_OVERLOADED', retryable: true, retryAfterMs: 1_000 },
    })
  })
})

describe('an absent row', () => {
  test('is remembered for negativeTtl', async () => {
    const { cache, loads, clock, counts } = make({ negativeTtl: '1s' }, {})
    const reading = cache.get('k')
    await (await loads.next('load')).answer()
    expect(await reading).toBeUndefined()
    expect(await cache.lookup('k')).toMatchObject({ status: 'negative', json: undefined })
    expect(await cache.peek('k')).toBeNull()
    expect(await cache.has('k')).toBe(false)
    await clock.advance(1_000)
    expect(await cache.peek('k')).toBeUndefined()
    expect(counts.calls('load')).toBe(1)
  })

  test('is not remembered when negativeTtl is 0', async () => {
    const { cache, loads, store } = make({ negativeTtl: 0 }, {})
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', isStored: false, value: undefined })
    await settle()
    expect(store.get('cp:users:1:k')).toBeUndefined()
  })
})

describe('a loaded value', () => {
  test('is what a hit returns: JSON, deeply frozen, with the very same text', async () => {
    const born = new Date(0)
    const { cache } = make({ source: giving({ name: 'Ada', born, tags: [undefined, { a: 1 }] }) })
    const miss = await cache.lookup('k')
    const hit = await cache.lookup('k')
    expect([miss.status, hit.status]).toEqual(['miss', 'hit'])
    expect(miss.value).toEqual({ name: 'Ada', born: born.toISOString(), tags: [null, { a: 1 }] })
    expect(hit.value).toEqual(miss.value)
    expect(hit.json).toBe(miss.json)
    for (const { value } of [miss, hit]) {
      expect(Object.isFrozen(value)).toBe(true)
      expect(Object.isFrozen((value as unknown as { tags: unknown[] }).tags[1])).toBe(true)
    }
    expect((await cache.lookup('k')).value).toBe(hit.value)
  })

  test.each([
    ['a BigInt', { name: 1n }],
    ['a function', () => 'name'],
    ['a symbol', Symbol('name')],
  ])('is refused when JSON cannot hold it: %s', async (_what, value) => {
    const { cache, store } = make({ source: giving(value) })
    await expect(cache.get('k')).rejects.toMatchObject({ code: 'INVALID_VALUE', key: 'k' })
    await settle()
    expect(store.get('cp:users:1:k')).toBeUndefined()
  })

  test.each([
    ['at once', (result: unknown) => result],
    ['later', async (result: unknown) => result],
  ])('is checked by the schema, which may answer %s', async (_when, give) => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          give(
            (value as User).name === 'bad'
              ? { issues: [{ message: 'no bad names' }] }
              : { value: { name: (value as User).name.toUpperCase() } },
          ),
      },
    } as ValueSchema
    const good = make({ source: giving({ name: 'ada' }), schema })
    expect(await good.cache.get('k')).toEqual({ name: 'ADA' })
    expect((await good.cache.lookup('k')).json).toBe('{"name":"ADA"}')
    const bad = make({ source: giving({ name: 'bad' }), schema })
    await expect(bad.cache.get('k')).rejects.toThrow('value of key k: no bad names')
    await expect(bad.cache.get('k')).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  })
})

const neverAborted = { signal: new AbortController().signal }
