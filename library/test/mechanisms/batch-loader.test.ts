import { readThrough, type Source } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

/** A source of rows named by their keys; every call is noted. */
function noting(
  answer: (keys: readonly string[]) => unknown = (keys) => keys.map((key) => `row ${key}`),
) {
  const calls: (readonly string[])[] = []
  const source: Source<string, string> = {
    async load(key) {
      calls.push([key])
      return `row ${key}`
    },
    async loadMany(keys) {
      calls.push(keys)
      return answer(keys) as string[]
    },
  }
  return { source, calls }
}

function make(source: Source<string, string>, options: object = {}) {
  const clock = manualClock()
  const store = memoryStore({ clock })
  return readThrough<string, string>({ name: 'rows', ttl: '1m', store, source, clock, ...options })
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`)

describe('concurrent misses', () => {
  test('become one loadMany', async () => {
    const { source, calls } = noting()
    const cache = make(source)
    expect(await Promise.all(numbered(5).map((key) => cache.get(key)))).toEqual(
      numbered(5).map((key) => `row ${key}`),
    )
    expect(calls).toEqual([numbered(5)])
    const { loads } = await cache.stats()
    expect(loads).toMatchObject({ total: 5, batches: 1, failures: 0 })
  })

  test('are split at batchSize', async () => {
    const { source, calls } = noting()
    const cache = make(source, { batchSize: 100 })
    await cache.getMany(numbered(250))
    expect(calls.map((keys) => keys.length)).toEqual([100, 100, 50])
  })

  test('make a plain load when there is one only', async () => {
    const { source, calls } = noting()
    await make(source).get('k')
    expect(calls).toEqual([['k']])
  })

  test('each make a load where the source has no loadMany', async () => {
    const { source, calls } = noting()
    const cache = make({ load: source.load })
    await cache.getMany(numbered(3))
    expect(calls).toEqual([['k0'], ['k1'], ['k2']])
    expect((await cache.stats()).loads.batches).toBe(0)
  })
})

describe('one lost key', () => {
  test('fails its own reader only', async () => {
    const lost = new Error('k1 is lost')
    const { source } = noting((keys) =>
      keys.map((key) => (key === 'k1' ? lost : key === 'k2' ? null : `row ${key}`)),
    )
    const cache = make(source)
    const found = await cache.lookupMany(numbered(4))
    expect(found.get('k1')).toBe(lost)
    expect(
      [...found.values()].map((each) => (each instanceof Error ? 'error' : each.value)),
    ).toEqual(['row k0', 'error', undefined, 'row k3'])
    expect((await cache.stats()).loads).toMatchObject({ total: 4, failures: 1 })
    expect(await cache.get('k3')).toBe('row k3')
    await expect(make(source).getMany(numbered(4))).rejects.toBe(lost)
  })

  test('is tried alone the next time', async () => {
    let isLost = true
    const { source, calls } = noting((keys) =>
      keys.map((key) => (key === 'k1' && isLost ? new Error('lost') : `row ${key}`)),
    )
    const cache = make(source)
    await cache.lookupMany(numbered(3))
    isLost = false
    await cache.getMany(numbered(3))
    expect(calls.at(-1)).toEqual(['k1'])
  })
})

describe('a loadMany that fails', () => {
  test('fails every reader of its batch with its own error', async () => {
    const error = new Error('down')
    const { source } = noting(() => {
      throw error
    })
    const found = await make(source).lookupMany(numbered(3))
    expect([...found.values()]).toEqual([error, error, error])
  })

  test.each([
    ['too few', ['one'], 'received 1 results'],
    ['too many', ['a', 'b', 'c', 'd'], 'received 4 results'],
    ['nothing', undefined, 'received undefined'],
    ['no array', { k0: 'a' }, 'received object'],
  ])('is refused when it returns %s: results would go to wrong keys', async (_, result, words) => {
    for (const isVersioned of [false, true]) {
      const { source } = noting(() => result)
      const given = isVersioned
        ? ({ ...source, versioned: true } as unknown as typeof source)
        : source
      const cache = make(given)
      for (const answer of (await cache.lookupMany(numbered(3))).values()) {
        expect(answer).toMatchObject({ code: 'INVALID_VALUE' })
        expect((answer as Error).message).toContain(`expected an array of 3 results`)
        expect((answer as Error).message).toContain(words)
      }
      expect(await cache.has('k0')).toBe(false)
    }
  })
})

test('keys asked for while a batch is under way go into the next one', async () => {
  const { source, calls } = noting()
  const cache = make(source)
  const first = cache.get('a')
  await settle()
  await settle()
  const second = Promise.all([cache.get('b'), cache.get('c')])
  await Promise.all([first, second])
  expect(calls).toEqual([['a'], ['b', 'c']])
})
