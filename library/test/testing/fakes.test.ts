import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  failingStore,
  StoreFailure,
  settle,
  slowSource,
  sourceContract,
} from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

const reading = { signal: new AbortController().signal }
const content = {
  json: '"v"',
  version: 1,
  ttlMs: 60_000,
  softTtlMs: 60_000,
  graceMs: 0,
  deltaMs: 0,
}

async function outcome(promise: unknown): Promise<string> {
  const settled = Promise.resolve(promise).then(
    () => 'answered',
    () => 'rejected',
  )
  return Promise.race([settled, settle().then(() => 'waiting')])
}

describe('delayedStore', () => {
  test('a call neither executes nor answers until it is told to', async () => {
    const inner = memoryStore()
    const { store, held } = delayedStore(inner)
    const acquiring = Promise.resolve(store.acquire('k', 't', 1_000))
    const call = await held.next('acquire')
    expect(call.args).toEqual(['k', 't', 1_000])
    expect(inner.get('k')).toBeUndefined()
    await call.execute()
    expect(inner.get('k')).toEqual({ kind: 'lease' })
    expect(await outcome(acquiring)).toBe('waiting')
    await call.answer()
    expect(await acquiring).toBe('acquired')
    expect(held.waiting()).toEqual([])
  })

  test('answers say what held when they were executed', async () => {
    const inner = memoryStore()
    const { store, held } = delayedStore(inner)
    const getting = Promise.resolve(store.get('k'))
    const call = await held.next()
    await call.execute()
    inner.begin('k', 'w', 1_000)
    await call.answer()
    expect(await getting).toBeUndefined()
  })

  test('calls of one kind are taken in the order in which they were made', async () => {
    const { store, held } = delayedStore(memoryStore())
    const later = held.next('invalidate')
    void store.get('a')
    void store.get('b')
    expect((await held.next('get')).args).toEqual(['a'])
    expect((await held.next('get')).args).toEqual(['b'])
    void store.invalidate('c')
    expect((await later).args).toEqual(['c'])
    expect(held.waiting('get')).toHaveLength(2)
  })

  test('a call fails before its execution, or after it', async () => {
    const inner = memoryStore()
    const { store, held } = delayedStore(inner)
    const unsent = expect(store.acquire('a', 't', 1_000)).rejects.toThrow('reset')
    ;(await held.next()).fail(new Error('reset'))
    await unsent
    const lost = expect(store.acquire('b', 't', 1_000)).rejects.toThrow('reset')
    const call = await held.next()
    await call.execute()
    call.fail(new Error('reset'))
    await lost
    expect(inner.getMany(['a', 'b'])).toEqual([undefined, { kind: 'lease' }])
  })

  test('open answers what waits and holds nothing more, until it is closed', async () => {
    const { store, held } = delayedStore(memoryStore())
    const waiting = store.get('a')
    await held.open()
    expect(await outcome(waiting)).toBe('answered')
    expect(await outcome(store.get('b'))).toBe('answered')
    held.close()
    expect(await outcome(store.get('c'))).toBe('waiting')
  })

  test('its journal is held too', async () => {
    const { store, held } = delayedStore(memoryStore())
    const journal = store.journal('k:', { maxKeys: 1, maxBytes: 1_000 })
    const figures = journal.figures()
    await (await held.next('figures')).answer()
    expect(await figures).toMatchObject({ dirty: 0 })
  })
})

describe('slowSource', () => {
  test('loads wait for the test, writes do not', async () => {
    const { source: inner, counts } = countingSource({ a: { name: 'Ada' } })
    const { source, held } = slowSource(inner)
    const loading = source.load('a', reading)
    const call = await held.next('load')
    expect(counts.calls('load')).toBe(0)
    await call.execute()
    await source.update('a', { name: 'Grace' }, { deadlineAt: 0 })
    await call.answer()
    expect(await loading).toEqual({ value: { name: 'Ada' }, version: 1 })
  })

  test('holds the methods that it is told to', async () => {
    const { source } = slowSource(countingSource({ a: { name: 'Ada' } }).source, ['update'])
    expect(await outcome(source.load('a', reading))).toBe('answered')
    expect(await outcome(source.update('a', {}, { deadlineAt: 0 }))).toBe('waiting')
  })
})

describe('failingStore', () => {
  test.each([
    ['reject', 'rejected', undefined],
    ['hang', 'waiting', undefined],
    ['lose-answer', 'rejected', { kind: 'lease' }],
    ['hang-after', 'waiting', { kind: 'lease' }],
  ] as const)('%s: the caller is %s', async (mode, expected, left) => {
    const inner = memoryStore()
    const { store, failures } = failingStore(inner)
    failures.on('acquire', mode)
    expect(await outcome(store.acquire('k', 't', 1_000))).toBe(expected)
    expect(inner.get('k')).toEqual(left)
  })

  test('throw: the call itself throws', () => {
    const { store, failures } = failingStore(memoryStore())
    failures.on('get', 'throw')
    expect(() => store.get('k')).toThrow(StoreFailure)
  })

  test('fails as often as it is told to, all methods or one, until it heals', async () => {
    const { store, failures } = failingStore(memoryStore())
    failures.on('get', 'reject', 1)
    expect(await outcome(store.get('k'))).toBe('rejected')
    expect(await outcome(store.get('k'))).toBe('answered')
    failures.heal()
    failures.on('*', 'reject')
    expect(await outcome(store.get('k'))).toBe('rejected')
    expect(await outcome(store.invalidate('k'))).toBe('rejected')
    failures.heal()
    expect(await outcome(store.fill('k', 't', content))).toBe('answered')
    expect(failures.calls('get')).toBe(3)
    expect(failures.calls()).toBe(5)
  })

  test('a method that is told to fail says so even when all others do otherwise', async () => {
    const { store, failures } = failingStore(memoryStore())
    failures.on('*', 'hang')
    failures.on('get', 'reject')
    expect(await outcome(store.get('k'))).toBe('rejected')
  })

  test('its journal fails too', async () => {
    const { store, failures } = failingStore(memoryStore())
    const journal = store.journal('k:', { maxKeys: 1, maxBytes: 1_000 })
    failures.on('claim', 'reject')
    expect(await outcome(journal.claim(1, 0, { partitions: [0] }))).toBe('rejected')
    expect(await outcome(journal.figures())).toBe('answered')
  })
})

describe('countingSource', () => {
  test('counts calls by method', async () => {
    const { source, counts } = countingSource({ a: { name: 'Ada' } })
    await source.load('a', reading)
    await source.load('b', reading)
    await source.loadMany?.(['a', 'b'], reading)
    expect(counts.calls('load')).toBe(2)
    expect(counts.calls()).toBe(3)
    expect(counts.row('a')?.version).toBe(1)
  })

  const options = {
    clock: { now: () => Date.now(), after: () => () => {} },
    refuses: ({ json }: { json: string | null }) =>
      json?.includes('"many"') ? '22P02' : undefined,
  }
  for (const { title, run } of sourceContract<string>({
    create: async () => ({
      source: countingSource<{ name: string; count: number }>({}, options).source,
    }),
  })) {
    test(`keeps the contract of sources: ${title}`, run)
  }
})
