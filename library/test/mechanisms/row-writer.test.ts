import { readThrough, type Source } from 'caching-patterns'
import { countingSource, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { setup, type User } from '../patterns/write-around-rig.ts'

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
    source: Required<Omit<Source<string, User>, 'versioned' | 'authority'>>
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
