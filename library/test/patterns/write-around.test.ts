import {
  type Cache,
  type CacheEvent,
  type CacheOptions,
  outcomeUnknown,
  readThrough,
  refreshAhead,
  type Source,
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
type Options = Partial<Omit<CacheOptions<string, User>, 'read' | 'write'>>
type Factory = (options: Omit<CacheOptions<string, User>, 'read'>) => Cache<string, User>

function setup(factory: Factory, options: Options = {}) {
  const clock = manualClock()
  const { store, failures } = failingStore(memoryStore({ clock }))
  const { source, counts } = countingSource<User>({ a: { name: 'one' } })
  const events: CacheEvent[] = []
  const cache = factory({
    name: 'users',
    store,
    source,
    ttl: '1h',
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(async () => {
    failures.heal()
    const closing = cache.close()
    await clock.advance(60_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  return { cache, clock, store, failures, source, counts, events }
}

for (const [title, factory] of [
  ['readThrough', readThrough],
  ['refreshAhead', refreshAhead],
] as const satisfies readonly (readonly [string, Factory])[]) {
  describe(`${title}, writing around`, () => {
    test('commits, then invalidates, then acknowledges', async () => {
      const { cache, counts } = setup(factory)
      await cache.get('a')

      expect(await cache.update('a', { name: 'two' })).toMatchObject({
        value: { name: 'two' },
        json: '{"name":"two"}',
        version: counts.row('a')?.version,
        existed: true,
        status: 'confirmed',
      })
      expect(await cache.peek('a')).toBeUndefined()
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect(await cache.delete('a')).toMatchObject({ value: undefined, existed: true })
      expect(await cache.get('a')).toBeUndefined()
      expect((await cache.stats()).writes).toMatchObject({ total: 2, failures: 0, unconfirmed: 0 })
    })

    test('acknowledges only when the store has answered the invalidation', async () => {
      const clock = manualClock()
      const { store, held } = delayedStore(memoryStore({ clock }))
      const { cache, counts } = setup(factory, { store, clock })
      let isAcknowledged = false
      const writing = cache.update('a', { name: 'two' }).then((result) => {
        isAcknowledged = true
        return result
      })

      const invalidate = await held.next('invalidate')
      expect(counts.row('a')?.value).toEqual({ name: 'two' })
      await invalidate.execute()
      await settle()
      expect(isAcknowledged).toBe(false)
      await invalidate.answer()
      expect((await writing).status).toBe('confirmed')
      await held.open()
    })

    test('refuses the fill of a load that began before the write', async () => {
      const { source } = countingSource<User>({ a: { name: 'one' } })
      const { source: slow, held } = slowSource(source)
      const { cache } = setup(factory, { source: slow })
      const reading = cache.get('a')
      const load = await held.next()
      await load.execute()
      await cache.update('a', { name: 'two' })
      await load.answer()

      expect(await reading).toEqual({ name: 'one' })
      await held.open()
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect((await cache.stats()).fills).toEqual({ stored: 1, refused: 1 })
    })
  })
}

describe('an invalidation that is not answered', () => {
  for (const mode of ['reject', 'throw', 'hang', 'lose-answer', 'hang-after'] as const) {
    test(`makes the write unconfirmed, and the key is read from the source until it is (${mode})`, async () => {
      const { cache, clock, failures, counts } = setup(readThrough)
      await cache.get('a')
      failures.on('invalidate', mode)
      const writing = cache.update('a', { name: 'two' })
      if (mode.startsWith('hang')) await clock.advance(500)

      expect(await writing).toMatchObject({ value: { name: 'two' }, status: 'unconfirmed' })
      expect(counts.row('a')?.value).toEqual({ name: 'two' })
      expect(await cache.lookup('a')).toMatchObject({ status: 'bypass', value: { name: 'two' } })
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect((await cache.getMany(['a'])).get('a')).toEqual({ name: 'two' })
      expect(await cache.peek('a')).toBeUndefined()
      expect((await cache.stats()).fills.stored).toBe(1)

      failures.heal()
      await clock.advance(1_000)
      expect(await cache.lookup('a')).toMatchObject({ status: 'miss', value: { name: 'two' } })
      expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'two' } })
      expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 0, unconfirmed: 1 })
    })
  }

  test('rejects with WRITE_UNCONFIRMED where the options say so, the row being written', async () => {
    const { cache, failures, counts } = setup(readThrough, { onUnconfirmed: 'throw' })
    failures.on('invalidate', 'reject')

    await expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_UNCONFIRMED',
      key: 'a',
    })
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    await expect(cache.mutate(['a'], async () => 'done')).rejects.toMatchObject({
      code: 'WRITE_UNCONFIRMED',
    })
    expect((await cache.stats()).writes).toMatchObject({ total: 2, failures: 0, unconfirmed: 2 })
  })

  test('is not made up for by an earlier one that is answered later', async () => {
    const clock = manualClock()
    const { store, held } = delayedStore(memoryStore({ clock }))
    const { cache } = setup(readThrough, { store, clock, storeWriteDeadline: '10s' })
    const first = cache.update('a', { name: 'two' })
    const earlier = await held.next('invalidate')
    await earlier.execute()
    const second = cache.update('a', { name: 'three' })
    const later = await held.next('invalidate')
    later.fail(new Error('lost'))
    expect((await second).status).toBe('unconfirmed')
    await earlier.answer()
    expect((await first).status).toBe('confirmed')

    expect(await cache.peek('a')).toBeUndefined()
    expect(await cache.lookup('a')).toMatchObject({ status: 'bypass', value: { name: 'three' } })
    await held.open()
    await clock.advance(1_000)
    expect(await cache.lookup('a')).toMatchObject({ status: 'miss', value: { name: 'three' } })
  })
})

describe('a commit that does not succeed', () => {
  test('reaches the caller as it is, and leaves row and entry, when nothing was written', async () => {
    const { source, counts } = countingSource<User>({ a: { name: 'one' } })
    const refusal = Object.assign(new Error('too long'), { code: '22001' })
    const { cache, failures } = setup(readThrough, {
      source: Object.assign(Object.create(source), { update: () => Promise.reject(refusal) }),
    })
    await cache.get('a')
    await expect(cache.update('a', { name: 'x'.repeat(300) })).rejects.toBe(refusal)

    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect(failures.calls('invalidate')).toBe(0)
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'one' } })
    expect((await cache.stats()).writes).toMatchObject({ failures: 1, outcomeUnknown: 0 })
  })

  test('invalidates now and again after the deadline, when nobody can tell', async () => {
    const { source, counts } = countingSource<User>({ a: { name: 'one' } })
    const lost = outcomeUnknown(new Error('connection lost'), 'a')
    const { cache, clock, failures } = setup(readThrough, {
      source: Object.assign(Object.create(source), { update: () => Promise.reject(lost) }),
    })
    await cache.get('a')
    await expect(cache.update('a', { name: 'two' })).rejects.toBe(lost)
    expect(failures.calls('invalidate')).toBe(1)

    // read, and cached, before the commit happens after all, at the last moment
    expect(await cache.get('a')).toEqual({ name: 'one' })
    await clock.advance(1_999)
    await source.update('a', { name: 'two' }, { deadlineAt: 0 })
    await clock.advance(600)
    expect(failures.calls('invalidate')).toBe(2)
    expect(await cache.get('a')).toEqual({ name: 'two' })
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1, outcomeUnknown: 1 })
  })

  test('answers within its deadline and half a second when it hangs, and is invalidated when it settles', async () => {
    const { source } = countingSource<User>({ a: { name: 'one' } })
    const { source: slow, held } = slowSource(source, ['update'])
    const { cache, clock } = setup(readThrough, { source: slow, writeDeadline: '1s' })
    await cache.get('a')
    const startedAt = clock.now()
    const rejected = expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    const update = await held.next('update')
    expect(update.args[2]).toMatchObject({ deadlineAt: startedAt + 1_000 })
    await clock.advance(1_500)
    await rejected

    await clock.advance(10_000)
    expect(await cache.get('a')).toEqual({ name: 'one' })
    await update.answer()
    await settle()
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('rejects with VERSION_CONFLICT, and the version that stands, when the row is another one', async () => {
    const { cache, counts } = setup(readThrough)
    const version = counts.row('a')?.version ?? 0
    const conflict = { code: 'VERSION_CONFLICT', key: 'a', version }
    const ifVersion = [version + 1, version + 2]

    await expect(cache.update('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(conflict)
    await expect(cache.put('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(conflict)
    await expect(cache.delete('a', { ifVersion })).rejects.toMatchObject(conflict)
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect((await cache.stats()).writes).toMatchObject({ total: 3, failures: 3 })
    const matching = { ifVersion: [version, version + 1] }
    expect((await cache.update('a', { name: 'two' }, matching)).existed).toBe(true)
  })

  test('says that there was no row', async () => {
    const { cache } = setup(readThrough)
    const nothing = { value: undefined, json: undefined, existed: false, status: 'confirmed' }
    expect(await cache.update('b', { name: 'x' })).toMatchObject(nothing)
    expect(await cache.delete('b')).toMatchObject(nothing)
    expect(await cache.put('b', { name: 'x' }, { ifVersion: 1 })).toMatchObject(nothing)
  })
})

describe('create', () => {
  test('draws the key before the commit, and forgets that the row was absent', async () => {
    const { cache } = setup(readThrough)
    expect(await cache.get('1')).toBeUndefined()
    expect(await cache.create({ name: 'new' })).toMatchObject({
      key: '1',
      value: { name: 'new' },
      existed: false,
      status: 'confirmed',
    })
    expect(await cache.get('1')).toEqual({ name: 'new' })
  })

  test('answers within the write deadline when no key is drawn, nothing being written', async () => {
    const { source } = countingSource<User>()
    const { source: slow, held } = slowSource(source, ['nextKey'])
    const { cache, clock } = setup(readThrough, { source: slow })
    const rejected = expect(cache.create({ name: 'x' })).rejects.toMatchObject({
      code: 'WRITE_TIMEOUT',
    })
    await clock.advance(2_500)
    await rejected
    expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1 })
    await held.open()
  })

  test('is refused after close', async () => {
    const { cache } = setup(readThrough)
    await cache.close()
    await expect(cache.create({ name: 'x' })).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(cache.update('a', { name: 'x' })).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(cache.mutate([], async () => 1)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a source without versions', () => {
  function plainSource(): {
    rows: Map<string, User>
    source: Required<Omit<Source<string, User>, 'versioned'>>
  } {
    const rows = new Map<string, User>([['a', { name: 'one' }]])
    const source = {
      load: async (key: string) => rows.get(key) ?? null,
      loadMany: async (keys: readonly string[]) => keys.map((key) => rows.get(key)),
      async insert(value: Partial<User>) {
        rows.set('b', value as User)
        return { key: 'b', value: value as User }
      },
      async update(key: string, change: Partial<User> | ((current: User) => User)) {
        const current = rows.get(key)
        if (current === undefined) return null
        const next = typeof change === 'function' ? change(current) : { ...current, ...change }
        rows.set(key, next)
        return next
      },
      async put(key: string, value: User) {
        rows.set(key, value)
        return value
      },
      delete: async (key: string) => rows.delete(key),
    }
    return { rows, source }
  }

  test('is written and read back, with version 0', async () => {
    const { cache } = setup(readThrough, { source: plainSource().source })
    expect(await cache.get('b')).toBeUndefined()
    expect(await cache.create({ name: 'new' })).toMatchObject({ key: 'b', existed: false })
    expect(await cache.get('b')).toEqual({ name: 'new' })
    expect(await cache.update('b', (b) => ({ name: `${b.name}er` }))).toMatchObject({
      value: { name: 'newer' },
      version: 0,
      existed: true,
    })
    expect(await cache.get('b')).toEqual({ name: 'newer' })
    await cache.put('b', { name: 'put' })
    expect(await cache.get('b')).toEqual({ name: 'put' })
    expect((await cache.delete('b')).existed).toBe(true)
    expect(await cache.get('b')).toBeUndefined()
    expect((await cache.delete('b')).existed).toBe(false)
    expect((await cache.update('b', { name: 'x' })).existed).toBe(false)
    expect((await cache.stats()).writes).toMatchObject({ total: 6, failures: 0 })
  })

  test('refuses what it lacks with UNSUPPORTED, without touching the cache', async () => {
    const { cache, failures } = setup(readThrough, { source: { load: plainSource().source.load } })
    await cache.get('a')
    const lacking = { code: 'UNSUPPORTED' }
    await expect(cache.create({ name: 'x' })).rejects.toMatchObject(lacking)
    await expect(cache.update('a', { name: 'x' })).rejects.toMatchObject(lacking)
    await expect(cache.put('a', { name: 'x' })).rejects.toMatchObject(lacking)
    await expect(cache.delete('a')).rejects.toMatchObject(lacking)
    expect(failures.calls('invalidate')).toBe(0)
    expect((await cache.lookup('a')).status).toBe('hit')
  })

  test('refuses ifVersion, since it has none to compare', async () => {
    const { cache } = setup(readThrough, { source: plainSource().source })
    const refused = { code: 'UNSUPPORTED' }
    const ifVersion = 1
    await expect(cache.update('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(refused)
    await expect(cache.put('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(refused)
    await expect(cache.delete('a', { ifVersion })).rejects.toMatchObject(refused)
    expect(await cache.get('a')).toEqual({ name: 'one' })
  })

  test('invalidates after any error: it may not know that it wrote', async () => {
    const { rows, source } = plainSource()
    const lost = new Error('socket closed')
    const update = async (key: string) => {
      rows.set(key, { name: 'two' })
      throw lost
    }
    const { cache } = setup(readThrough, { source: { ...source, update } })
    await cache.get('a')
    await expect(cache.update('a', { name: 'two' })).rejects.toBe(lost)
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('counts a failed insert, and answers in time when it hangs', async () => {
    const { source } = plainSource()
    const taken = new Error('taken')
    const { cache, clock } = setup(readThrough, {
      source: { ...source, insert: () => Promise.reject(taken) },
    })
    await expect(cache.create({ name: 'x' })).rejects.toBe(taken)
    expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1 })

    const hanging = setup(readThrough, {
      clock,
      source: { ...source, insert: () => new Promise<never>(() => {}) },
    })
    const rejected = expect(hanging.cache.create({ name: 'x' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    await clock.advance(2_500)
    await rejected
    expect((await hanging.cache.stats()).writes).toMatchObject({ failures: 1, outcomeUnknown: 1 })
  })

  test('acknowledges an insert that committed while the cache was closed', async () => {
    const { source } = plainSource()
    const { source: slow, held } = slowSource(source, ['insert'])
    const { cache } = setup(readThrough, { source: slow })
    const creating = cache.create({ name: 'new' })
    const insert = await held.next('insert')
    await cache.close()
    await insert.answer()
    expect(await creating).toMatchObject({ key: 'b', value: { name: 'new' } })
  })
})

describe('a listener', () => {
  test('that throws, or rejects, breaks nothing', async () => {
    const { cache } = setup(readThrough, {
      onEvent: (() => Promise.reject(new Error('listener'))) as unknown as () => void,
    })
    expect((await cache.update('a', { name: 'two' })).status).toBe('confirmed')
    await settle()
  })

  test('hears of each write once', async () => {
    const { cache, events } = setup(readThrough)
    await cache.update('a', { name: 'two' })
    await cache.delete('a')
    const writes = events.flatMap((event) => (event.type === 'write' ? [event.operation] : []))
    expect(writes).toEqual(['update', 'delete'])
  })
})

describe('a schema', () => {
  test('shapes what a write answers as it shapes what a load stores', async () => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          (value as User).name === ''
            ? { issues: [{ message: 'name is empty' }] }
            : { value: { name: (value as User).name.trim() } },
      },
    }
    const { cache } = setup(readThrough, { schema })
    expect(await cache.update('a', { name: ' two ' })).toMatchObject({ json: '{"name":"two"}' })
    expect((await cache.lookup('a')).json).toBe('{"name":"two"}')
    await expect(cache.put('a', { name: '' })).rejects.toMatchObject({ code: 'INVALID_VALUE' })
  })
})
