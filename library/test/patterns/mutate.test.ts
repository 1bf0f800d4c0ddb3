import {
  type Cache,
  type CacheOptions,
  cacheAside,
  readThrough,
  writeBehind,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  failingStore,
  manualClock,
  settle,
  slowSource,
} from 'caching-patterns/testing'
import { describe, expect, onTestFinished, test } from 'vitest'

interface User {
  readonly name: string
}
type Options = Omit<CacheOptions<string, User>, 'read' | 'write' | 'source'>

const ids = ['cp:users:1:a', 'cp:users:1:b']

function setup(make: (options: Options, source: Source) => Cache<string, User>) {
  const clock = manualClock()
  const memory = memoryStore({ clock })
  const { store: failing, failures } = failingStore(memory)
  const { store, held } = delayedStore(failing)
  const { source, counts } = countingSource<User>({ a: { name: 'a1' }, b: { name: 'b1' } })
  const cache = make({ name: 'users', store, ttl: '1h', clock }, source)
  onTestFinished(async () => {
    failures.heal()
    await held.open()
    const closing = cache.close()
    await clock.advance(60_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  const kinds = async () => (await memory.getMany(ids)).map((state) => state?.kind)
  return { cache, clock, memory, failures, held, source, counts, kinds }
}
type Source = ReturnType<typeof countingSource<User>>['source']

const context = { deadlineAt: 0 }
const around = (options: Options, source: Source) =>
  readThrough<string, User>({ ...options, source })
const through = (options: Options, source: Source) =>
  writeThrough<string, User>({ ...options, source })
const acked = (options: Options, source: Source) =>
  writeThrough<string, User>({ ...options, source, consistency: 'acked' })

for (const [title, make] of [
  ['around', around],
  ['through, linearizable', through],
  ['through, acked', acked],
] as const) {
  describe(title, () => {
    test('runs the commit, then invalidates every key once, then acknowledges', async () => {
      const { cache, failures, held, source } = setup(make)
      await held.open()
      await cache.getMany(['a', 'b'])
      const steps: string[] = []
      const done = await cache.mutate(['a', 'b', 'a'], async () => {
        await source.update('a', { name: 'a2' }, context)
        await source.update('b', { name: 'b2' }, context)
        steps.push(`committed, ${failures.calls('invalidate')} told`)
        return 'result'
      })
      expect(done).toEqual({ result: 'result', status: 'confirmed' })
      expect(steps).toEqual(['committed, 0 told'])
      expect(failures.calls('invalidate')).toBe(2)
      expect(await cache.getMany(['a', 'b'])).toEqual(
        new Map([
          ['a', { name: 'a2' }],
          ['b', { name: 'b2' }],
        ]),
      )
      const { writes, invalidations } = await cache.stats()
      expect(writes).toMatchObject({ total: 1, failures: 0 })
      expect(invalidations).toBe(2)
    })

    test('gives the error of the commit to the caller, and invalidates now and later', async () => {
      const { cache, clock, failures, held, source } = setup(make)
      await held.open()
      await cache.get('a')
      const mine = new Error('mine')
      const mutating = cache.mutate(['a'], async () => {
        await source.update('a', { name: 'a2' }, context)
        throw mine
      })
      await expect(mutating).rejects.toBe(mine)
      expect(await cache.get('a')).toEqual({ name: 'a2' })
      expect(failures.calls('invalidate')).toBe(1)
      await clock.advance(3_000)
      expect(failures.calls('invalidate')).toBe(2)
      expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1 })
    })

    test('is unconfirmed when one of the keys could not be invalidated', async () => {
      const { cache, failures, held } = setup(make)
      await held.open()
      failures.on('invalidate', 'reject')
      expect(await cache.mutate(['a', 'b'], async () => 1)).toMatchObject({
        result: 1,
        status: 'unconfirmed',
      })
      expect((await cache.lookup('b')).status).toBe('bypass')
      expect((await cache.stats()).writes.unconfirmed).toBe(1)
    })

    test('refuses the fill of a load that began before it', async () => {
      const slow = slowSource(countingSource<User>({ a: { name: 'a1' } }).source)
      const { cache, held } = setup((options) => make(options, slow.source))
      await held.open()
      const reading = cache.get('a')
      const load = await slow.held.next()
      await load.execute()
      await cache.mutate(['a'], () => slow.source.update('a', { name: 'a2' }, context))
      await load.answer()
      await reading
      await slow.held.open()
      expect(await cache.get('a')).toEqual({ name: 'a2' })
    })

    test('takes no keys, and a commit that throws at once', async () => {
      const { cache, held } = setup(make)
      await held.open()
      expect((await cache.mutate([], async () => 1)).status).toBe('confirmed')
      const commit = () => {
        throw new Error('at once')
      }
      await expect(cache.mutate(['a'], commit)).rejects.toThrow('at once')
    })
  })
}

describe('marks of write-through', () => {
  test('stand on all keys before the commit runs, and go after it', async () => {
    const { cache, held, kinds } = setup(through)
    let isCommitting = false
    let during: unknown
    const mutating = cache.mutate(['a', 'b'], async () => {
      isCommitting = true
      during = await kinds()
    })
    const first = await held.next('begin')
    const second = await held.next('begin')
    await first.answer()
    await settle()
    expect(isCommitting).toBe(false)
    await second.answer()
    await held.open()
    await mutating
    expect(during).toEqual(['pending', 'pending'])
    expect(await kinds()).toEqual([undefined, undefined])
  })

  test('are set side by side: many keys take as long as one', async () => {
    const { cache, held } = setup(through)
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
    const mutating = cache.mutate(keys, async () => 'done')
    await settle()
    expect(held.waiting('begin')).toHaveLength(50)
    await held.open()
    expect((await mutating).result).toBe('done')
  })

  test('are all taken away, and nothing runs, when one cannot be set', async () => {
    const { cache, failures, held, kinds } = setup(through)
    await held.open()
    failures.on('begin', 'lose-answer', 1)
    let hasRun = false
    const mutating = cache.mutate(['a', 'b'], async () => {
      hasRun = true
    })
    await expect(mutating).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await settle()
    expect(hasRun).toBe(false)
    expect(await kinds()).toEqual([undefined, undefined])
    expect(failures.calls('invalidate')).toBe(0)
  })

  test('are renewed as long as the commit runs', async () => {
    const { cache, clock, held, kinds } = setup(through)
    await held.open()
    let finish = () => {}
    const mutating = cache.mutate(
      ['a', 'b'],
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await clock.advance(60_000)
    expect(await kinds()).toEqual(['pending', 'pending'])
    expect((await cache.lookup('a')).status).toBe('bypass')
    finish()
    expect((await mutating).status).toBe('confirmed')
    expect(clock.pending()).toBe(0)
    expect(await kinds()).toEqual([undefined, undefined])
    expect((await cache.lookup('a')).isStored).toBe(true)
  })

  test('are not left behind by a renewal that is under way when the commit ends', async () => {
    const { cache, clock, held, kinds } = setup(through)
    await held.open()
    let finish = () => {}
    const mutating = cache.mutate(
      ['a'],
      () =>
        new Promise<void>((resolve) => {
          finish = resolve
        }),
    )
    await settle()
    held.close()
    await clock.advance(1_000)
    const renewal = await held.next('begin')
    finish()
    await (await held.next('invalidate')).answer()
    await settle()
    for (const abort of held.waiting('abort')) await abort.answer()
    await renewal.answer()
    await held.open()
    expect((await mutating).status).toBe('confirmed')
    expect((await kinds())[0]).toBeUndefined()
  })

  test('stay when the commit fails, until they expire', async () => {
    const { cache, clock, held, kinds } = setup(through)
    await held.open()
    await expect(cache.mutate(['a'], () => Promise.reject(new Error('mine')))).rejects.toThrow(
      'mine',
    )
    expect((await kinds())[0]).toBe('pending')
    await clock.advance(3_000)
    expect((await kinds())[0]).toBeUndefined()
  })

  test('are poisoned: a write in progress cannot publish an older value afterwards', async () => {
    const { cache, held, source, memory } = setup(through)
    await held.open()
    await cache.get('a')
    held.close()
    const writing = cache.update('a', { name: 'older' })
    await (await held.next('begin')).answer()
    const end = await held.next('end')
    await held.open()
    await cache.mutate(['a'], () => source.update('a', { name: 'newer' }, context))
    await end.answer()
    expect((await writing).status).toBe('confirmed')
    expect(await memory.get('cp:users:1:a')).toBeUndefined()
    expect(await cache.get('a')).toEqual({ name: 'newer' })
  })
})

test('cache-aside invalidates after its own commit', async () => {
  const clock = manualClock()
  const cache = cacheAside<string, User>({
    name: 'users',
    store: memoryStore({ clock }),
    ttl: '1h',
    clock,
  })
  let row = { name: 'one' }
  await cache.getOrLoad('a', async () => row)
  const done = await cache.mutate(['a'], async () => {
    row = { name: 'two' }
  })
  expect(done.status).toBe('confirmed')
  expect(await cache.getOrLoad('a', async () => row)).toEqual({ name: 'two' })
})

test('write-behind refuses it: a commit beside the journal would be overwritten', async () => {
  const clock = manualClock()
  const { source } = countingSource<User>()
  const cache = writeBehind<string, User>({
    name: 'users',
    store: memoryStore({ clock }),
    source,
    ttl: '1h',
    clock,
  })
  let hasRun = false
  const mutating = cache.mutate(['a'], async () => {
    hasRun = true
  })
  await expect(mutating).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(hasRun).toBe(false)
  await cache.close()
})
