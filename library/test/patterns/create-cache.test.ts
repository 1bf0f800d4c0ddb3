import {
  cacheAside,
  createCache,
  readThrough,
  refreshAhead,
  writeBehind,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource, manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

const clock = manualClock()
const store = memoryStore({ clock })
const { source } = countingSource({ a: { name: 'Ada' } })
const plain = { load: async () => ({ name: 'Ada' }) }
const good = { name: 'users', ttl: '1m', store, source, clock } as const

/** What `make` throws: a TypeError whose message has the form "option: expected ..., received ...". */
function refusal(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', retryable: false })
    expect((error as Error).message).toMatch(/^[\w.: ]+: expected .+, received .+$/)
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

const wrong: readonly (readonly [option: string, values: readonly unknown[]])[] = [
  ['name', [undefined, '', 'a b', 'a:b', 'x'.repeat(65), 7, null]],
  ['namespace', ['', 'a/b', 'ü', 7]],
  ['authority', ['', 'a:b', 7, null]],
  ['version', [-1, 1.5, '1', Number.NaN]],
  ['ttl', [undefined, 0, -1, '0s', 'soon', '366d', Number.NaN, null, {}]],
  ['negativeTtl', [-1, '366d', 'x']],
  ['jitter', [-0.1, 1.1, '10%', Number.NaN]],
  ['staleIfError', [-1, '366d']],
  ['storeReadDeadline', [0, '61s']],
  ['storeWriteDeadline', [0, '61s']],
  ['loadDeadline', [0, '11m']],
  ['writeDeadline', [0, '11m']],
  ['lease', [0, '21m', '2s', 1_999]],
  ['waitForLoad', [-1, '61s']],
  ['maxLoads', [0, 10_001, 1.5, '16']],
  ['maxQueuedLoads', [-1, 1_000_001, 0.5]],
  ['batchSize', [0, 10_001, '100']],
  ['onUnconfirmed', ['ignore', true]],
  ['sampleStaleness', [-1, 2, '1']],
  ['store', [undefined, null, {}, 'memory', () => store]],
  ['clock', [null, {}, Date, { now: () => 0 }]],
  ['random', [0.5, null, {}]],
  ['encodeKey', ['id', null]],
  ['schema', [{}, null, 'zod', { '~standard': {} }]],
  ['onEvent', [{}, 'console', null]],
]

describe('an option that every pattern takes', () => {
  for (const [option, values] of wrong) {
    test(`is refused where the cache is made: ${option}`, () => {
      for (const value of values) {
        const options = { ...good, [option]: value } as never
        for (const make of [readThrough, writeThrough, writeBehind, refreshAhead, cacheAside]) {
          expect(refusal(() => make(options))).toMatch(new RegExp(`^${option}: `))
        }
      }
    })
  }

  test('may be left undefined where it has a default', () => {
    const silent = Object.fromEntries(
      wrong.map(([option]) => option).map((option) => [option, undefined]),
    )
    const cache = readThrough({ ...silent, ...good } as unknown as typeof good)
    expect(cache.stats).toBeTypeOf('function')
  })
})

describe('an option of one pattern', () => {
  test.each([
    ['after', ['0%', '101%', 'x%', 0, '2m', {}]],
    ['beta', [-1, 11, '1', Number.NaN]],
  ])('is refused by refresh-ahead: %s', (option, values) => {
    for (const value of values) {
      const make = () => refreshAhead({ ...good, [option]: value } as never)
      expect(refusal(make)).toMatch(new RegExp(`^${option}: `))
    }
  })

  test.each([
    ['consistency', ['strong', 1, null]],
    ['markFor', [0, '99ms', '61s']],
  ])('is refused by write-through: %s', (option, values) => {
    for (const value of values) {
      const make = () => writeThrough({ ...good, [option]: value } as never)
      expect(refusal(make)).toMatch(new RegExp(`^${option}: `))
    }
  })

  test.each([
    ['delay', [-1, '61m']],
    ['flushBatchSize', [0, 1_001, 1.5]],
    ['maxDirtyKeys', [0, 10_000_001]],
    ['maxDirtyBytes', [0, -1]],
    ['onStoreDown', ['ignore', null]],
    ['onFull', ['drop', null, true]],
    ['durability', ['flushed', null]],
    ['unique', [{ email: 'email' }, { 'e:mail': () => 'x' }, { email: undefined }]],
    ['drainFor', [-1, '11m']],
  ])('is refused by write-behind: %s', (option, values) => {
    for (const value of values) {
      const make = () => writeBehind({ ...good, [option]: value } as never)
      expect(refusal(make)).toMatch(new RegExp(`^${option}: `))
    }
  })
})

describe('policies', () => {
  test.each([
    ['read.policy', { read: { policy: 'ahead' } }],
    ['read.policy', { read: {} }],
    ['read', { read: null }],
    ['read', { read: 'through' }],
    ['write.policy', { write: { policy: 'back' } }],
    ['write', { write: null }],
  ])('that do not exist are refused: %s', (what, policies) => {
    const make = () => createCache({ ...good, ...policies } as never)
    expect(refusal(make)).toMatch(new RegExp(`^${what}: `))
  })

  test.each(['through', 'refresh-ahead'] as const)(
    'of writing combine with reading %s',
    async (policy) => {
      const cases = [
        { policy: 'around' },
        { policy: 'through' },
        { policy: 'through', consistency: 'acked' },
        { policy: 'behind' },
      ] as const
      for (const [index, write] of cases.entries()) {
        const name = `combined-${policy}-${index}`
        const cache = createCache<string, { name: string }>({
          ...good,
          name,
          read: { policy },
          write,
        } as never)
        expect(await cache.get('a')).toEqual({ name: 'Ada' })
        const figures = await cache.stats()
        expect(figures.refreshes === null).toBe(policy === 'through')
        expect(figures.journal === null).toBe(write.policy !== 'behind')
        await cache.close()
      }
    },
  )

  test('default to reading through and writing around', async () => {
    const cache = createCache({ ...good, name: 'default' })
    await cache.get('a')
    const { refreshes, journal } = await cache.stats()
    expect([refreshes, journal]).toEqual([null, null])
  })
})

describe('collaborators', () => {
  test('must fit the policy: sources', () => {
    expect(refusal(() => readThrough({ ...good, source: {} } as never))).toMatch(/^source: .*load/)
    expect(refusal(() => readThrough({ ...good, source: undefined } as never))).toMatch(/^source: /)
    expect(refusal(() => writeThrough({ ...good, source: plain } as never))).toBe(
      'source: expected a source whose writes return versions, received an object',
    )
    expect(refusal(() => writeBehind({ ...good, source: plain } as never))).toMatch(/^source: /)
  })

  test('must fit the policy: stores', () => {
    const simple = { name: 'simple', get: () => undefined, acquire: () => 'acquired' }
    expect(refusal(() => writeBehind({ ...good, store: simple } as never))).toMatch(
      /^store: expected a store with a journal/,
    )
  })

  test('no options at all are refused too', () => {
    for (const none of [undefined, null, 'users']) {
      expect(refusal(() => createCache(none as never))).toMatch(/^options: expected an object/)
      expect(refusal(() => cacheAside(none as never))).toMatch(/^options: expected an object/)
    }
  })
})

describe('the authority of the rows', () => {
  const of = (authority: string | undefined, name: string) => ({
    authority,
    load: async () => ({ name }),
  })

  test('is the source’s own: another database behind the same store is a cold cache', async () => {
    const one = readThrough({ ...good, name: 'moved', source: of('db1', 'one') })
    const other = readThrough({ ...good, name: 'moved', source: of('db2', 'other') })
    expect(await one.get('k')).toEqual({ name: 'one' })
    expect(await other.get('k')).toEqual({ name: 'other' })
    expect(await one.lookup('k')).toMatchObject({ status: 'hit', value: { name: 'one' } })
    await other.clear()
    expect(await one.lookup('k')).toMatchObject({ status: 'hit', value: { name: 'one' } })
  })

  test('is an option too, over the source’s, and for cacheAside', async () => {
    const named = readThrough({ ...good, name: 'm2', source: of('db1', 'one'), authority: 'x' })
    const same = readThrough({ ...good, name: 'm2', source: of('db2', 'other'), authority: 'x' })
    expect(await named.get('k')).toEqual({ name: 'one' })
    expect(await same.get('k')).toEqual({ name: 'one' })
    const [here, there] = ['a', 'b'].map((authority) =>
      cacheAside<string, string>({ name: 'm3', store, ttl: '1m', clock, authority }),
    )
    expect(await here?.getOrLoad('k', async () => 'here')).toBe('here')
    expect(await there?.getOrLoad('k', async () => 'there')).toBe('there')
  })
})
