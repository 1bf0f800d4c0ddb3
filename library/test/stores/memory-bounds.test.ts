import { memoryStore } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

const content = { version: 1, ttlMs: 60_000, softTtlMs: 60_000, graceMs: 0, deltaMs: 0 }
const write = { precondition: 'any', delayMs: 0, deadlineAt: Number.MAX_SAFE_INTEGER } as const

function filledStore(options: Parameters<typeof memoryStore>[0], keys: number, json = '"v"') {
  const store = memoryStore(options)
  for (let i = 0; i < keys; i++) fill(store, `k:${i}`, json)
  return store
}

function fill(store: ReturnType<typeof memoryStore>, key: string, json: string) {
  store.acquire(key, 't', 1_000)
  return store.fill(key, 't', { ...content, json })
}

function present(store: ReturnType<typeof memoryStore>, keys: number) {
  return Array.from({ length: keys }, (_, i) => `k:${i}`).filter((key) => store.get(key))
}

const stamp = { version: 1, storedAt: 0, hardAt: 0 }

describe('bounds', () => {
  test('keeps no more than maxEntries, and counts what had to go', () => {
    const store = filledStore({ maxEntries: 10 }, 25)
    expect(store.size()).toBe(10)
    expect(store.evictions()).toBe(15)
    expect(present(store, 25)).toEqual(Array.from({ length: 10 }, (_, i) => `k:${i + 15}`))
  })

  test('evicts the least recently used: a get keeps an entry', () => {
    const store = filledStore({ maxEntries: 3 }, 3)
    store.get('k:0')
    fill(store, 'k:3', '"v"')
    expect(present(store, 4)).toEqual(['k:0', 'k:2', 'k:3'])
  })

  test('keeps no more than maxBytes', () => {
    const json = JSON.stringify('x'.repeat(10_000))
    const store = filledStore({ maxBytes: 100_000 }, 50, json)
    expect(store.bytes()).toBeLessThanOrEqual(100_000)
    expect(present(store, 50)).toHaveLength(9)
  })

  test('counts UTF-8 bytes of key and text', () => {
    const plain = filledStore({}, 0)
    fill(plain, 'k', '"e"')
    const accented = filledStore({}, 0)
    fill(accented, 'k', '"é"')
    expect(accented.bytes() - plain.bytes()).toBe(1)
    const longKey = filledStore({}, 0)
    fill(longKey, 'kéé', '"e"')
    expect(longKey.bytes() - plain.bytes()).toBe(4)
  })

  test('refuses an entry larger than the bound, evicts nothing for it, and frees the lease', () => {
    const store = filledStore({ maxBytes: 10_000 }, 5)
    expect(fill(store, 'large', JSON.stringify('x'.repeat(10_000)))).toBe('refused')
    expect(store.get('large')).toBeUndefined()
    expect(present(store, 5)).toHaveLength(5)
    expect(store.evictions()).toBe(0)
  })

  test('removes the older value when a published or refreshed one is larger than the bound', () => {
    const store = filledStore({ maxBytes: 10_000 }, 2)
    const large = { ...content, version: 2, json: JSON.stringify('x'.repeat(10_000)) }
    expect(store.end('k:0', null, large)).toEqual({ result: 'removed', markLost: false })
    expect(store.refresh('k:1', stamp, large)).toBe('removed')
    expect(present(store, 2)).toEqual([])
    store.begin('k:0', 'w', 1_000)
    expect(store.end('k:0', 'w', large)).toEqual({ result: 'removed', markLost: false })
    expect(store.get('k:0')).toBeUndefined()
  })

  test('gives back the bytes of what is deleted, replaced or has expired', async () => {
    const clock = manualClock()
    const store = filledStore({ clock }, 1, JSON.stringify('x'.repeat(1_000)))
    const full = store.bytes()
    store.end('k:0', null, { ...content, version: 2, json: '""' })
    expect(store.bytes()).toBe(full - 1_000)
    await clock.advance(60_000)
    store.get('k:0')
    expect(store.bytes()).toBe(0)
    expect(store.size()).toBe(0)
  })

  test('an evicted lease only costs its fill', () => {
    const store = filledStore({ maxEntries: 3 }, 0)
    store.acquire('k', 'mine', 1_000)
    for (let i = 0; i < 3; i++) fill(store, `k:${i}`, '"v"')
    expect(store.fill('k', 'mine', { ...content, json: '"v"' })).toBe('refused')
    expect(store.acquire('k', 'next', 1_000)).toBe('acquired')
  })
})

describe('what is never evicted', () => {
  test('marks of writes in progress', () => {
    const store = filledStore({ maxEntries: 3 }, 0)
    for (let i = 0; i < 100; i++) store.begin(`w:${i}`, 'w', 1_000)
    for (let i = 0; i < 100; i++) fill(store, `k:${i}`, '"v"')
    for (let i = 0; i < 100; i++) expect(store.get(`w:${i}`)).toEqual({ kind: 'pending' })
  })

  test('dirty entries of a journal', async () => {
    const store = filledStore({ maxEntries: 3, maxBytes: 2_000 }, 0)
    const journal = store.journal('d:', { maxKeys: 1_000, maxBytes: 10_000_000 })
    const json = JSON.stringify('x'.repeat(5_000))
    for (let i = 0; i < 100; i++) await journal.enqueue(`d:${i}`, { ...write, json })
    for (let i = 0; i < 100; i++) fill(store, `k:${i}`, '"v"')
    for (let i = 0; i < 100; i++) expect(store.get(`d:${i}`)).toMatchObject({ json, isDirty: true })
    expect(store.bytes()).toBeLessThanOrEqual(2_000)
  })
})

describe('marks that nobody ends', () => {
  test('are swept by later writes once they have expired', () => {
    const clock = manualClock()
    const store = memoryStore({ clock })
    for (let i = 0; i < 1_000; i++) store.begin(`dead:${i}`, 'w', 1_000)
    clock.jump(1_000)
    store.begin('k', 'w', 1_000)
    expect(store.size()).toBe(1)
  })
})

describe('time', () => {
  test('an entry is there until the millisecond before its end, and gone at it', () => {
    const clock = manualClock()
    const store = memoryStore({ clock })
    store.acquire('v', 't', 1_000)
    store.fill('v', 't', { ...content, json: '1', ttlMs: 400, graceMs: 100 })
    store.acquire('l', 't', 500)
    store.begin('p', 'w', 500)
    clock.jump(499)
    expect(store.getMany(['v', 'l', 'p'])).not.toContain(undefined)
    clock.jump(1)
    expect(store.getMany(['v', 'l', 'p'])).toEqual([undefined, undefined, undefined])
  })

  test('runs on the clock of the machine by default', () => {
    const before = Date.now()
    const store = filledStore({}, 1)
    const entry = store.get('k:0')
    expect(entry).toMatchObject({ kind: 'value' })
    const { storedAt } = entry as { storedAt: number }
    expect(storedAt).toBeGreaterThanOrEqual(before)
    expect(storedAt).toBeLessThanOrEqual(Date.now())
  })
})

describe('answers', () => {
  test('come at once, without a promise', async () => {
    const store = memoryStore()
    const journal = store.journal('d:', { maxKeys: 1, maxBytes: 10_000 })
    const stored = { ...content, json: '1' }
    const answers = [
      store.get('k'),
      store.getMany(['k']),
      store.acquire('k', 't', 1_000),
      store.fill('k', 't', stored),
      store.release('k', 't'),
      store.claimRefresh('k', 0, 1_000),
      store.refresh('k', stamp, stored),
      store.invalidateUpTo('k', 0),
      store.begin('k', 'w', 1_000),
      store.end('k', 'w', stored),
      store.abort('k', 'w'),
      store.invalidate('k'),
      store.clear('k'),
      journal.enqueue('d:k', { ...write, json: '1' }),
      journal.claim(1, Number.POSITIVE_INFINITY, { partitions: [0] }),
      journal.nextDueAt(),
      journal.figures(),
    ]
    expect(answers.filter((answer) => answer instanceof Promise)).toEqual([])
  })

  test('share one value, frozen deeply, through claims and extensions too', () => {
    const store = filledStore({}, 1, '{"tags":[{"a":1}]}')
    const sharedValue = () => (store.get('k:0') as { value: { tags: object[] } }).value
    const value = sharedValue()
    expect(sharedValue()).toBe(value)
    for (const part of [value, value.tags, value.tags[0]]) expect(Object.isFrozen(part)).toBe(true)
    const { softAt } = store.get('k:0') as { softAt: number }
    store.claimRefresh('k:0', softAt, 1_000)
    expect(sharedValue()).toBe(value)
    expect(store.refresh('k:0', stamp, { ...content, json: '{}' })).toBe('extended')
    expect(sharedValue()).toBe(value)
  })

  test('do not change in the hands of a reader', () => {
    const store = filledStore({}, 1)
    const before = store.get('k:0') as { softAt: number; refreshUntil: number }
    store.claimRefresh('k:0', before.softAt, 1_000)
    expect(before.refreshUntil).toBe(0)
  })
})

describe('arguments', () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %s as a bound',
    (bound) => {
      expect(() => memoryStore({ maxEntries: bound })).toThrow(/maxEntries: expected an integer/)
      expect(() => memoryStore({ maxBytes: bound })).toThrow(/maxBytes: expected an integer/)
      const limits = { maxKeys: 1, maxBytes: 1 }
      expect(() => memoryStore().journal('d:', { ...limits, maxKeys: bound })).toThrow(/maxKeys/)
      expect(() => memoryStore().journal('d:', { ...limits, maxBytes: bound })).toThrow(/maxBytes/)
    },
  )

  test('refuses journals whose prefixes overlap, and keys of another prefix', () => {
    const store = memoryStore()
    const limits = { maxKeys: 1, maxBytes: 10_000 }
    const journal = store.journal('a:b:', limits)
    expect(() => store.journal('a:', limits)).toThrow(/prefix/)
    expect(() => store.journal('a:b:c:', limits)).toThrow(/prefix/)
    expect(() => journal.enqueue('a:c:k', { ...write, json: '1' })).toThrow(/starts with a:b:/)
  })
})
