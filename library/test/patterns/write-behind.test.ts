import { memoryStore } from 'caching-patterns/memory'
import { countingSource, manualClock, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { opened, setup, type User } from './write-behind-rig.ts'

describe('an accepted write', () => {
  test('is read at once, before the database has it', async () => {
    const { cache, counts } = await opened()
    await cache.get('a')
    const result = await cache.update('a', { name: 'two' })
    expect(result).toMatchObject({
      value: { name: 'two', count: 0 },
      existed: true,
      status: 'accepted',
    })
    expect(await cache.lookup('a')).toMatchObject({
      status: 'hit',
      json: result.json,
      version: result.version,
      isStale: false,
    })
    expect(counts.row('a')?.value.name).toBe('one')
  })

  test('is read while an older one is flushed, and afterwards', async () => {
    const { cache, clock, held, counts } = setup({ delay: '1s' })
    await cache.put('a', { name: 'two' })
    await clock.advance(1_000)
    const flush = await held.next('flush')
    await flush.execute()
    await cache.put('a', { name: 'three' })
    expect(await cache.get('a')).toEqual({ name: 'three' })
    await flush.answer()
    await settle()
    expect(counts.row('a')?.value.name).toBe('two')
    expect(await cache.get('a')).toEqual({ name: 'three' })
  })

  test('refuses the fill of a load that began before it', async () => {
    const { cache, held } = setup()
    const reading = cache.get('a')
    const load = await held.next('load')
    await load.execute()
    await cache.put('a', { name: 'two' })
    await load.answer()
    expect(await reading).toMatchObject({ name: 'one' })
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('stays when the entry is invalidated, or everything is cleared', async () => {
    const { cache } = await opened()
    await cache.put('a', { name: 'two' })
    await cache.invalidate('a')
    await cache.clear()
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('becomes one row with nine others of its key', async () => {
    const { cache, counts, journal } = await opened()
    for (let i = 1; i <= 10; i += 1) await cache.put('a', { name: `${i}` })
    expect(await journal()).toMatchObject({ enqueued: 10, coalesced: 9, dirty: 1 })
    await cache.flush()
    expect(counts.calls('flush')).toBe(1)
    expect(counts.row('a')?.value).toEqual({ name: '10' })
    expect(await journal()).toMatchObject({ flushed: 1, dirty: 0 })
    expect((await cache.stats()).writes).toMatchObject({ total: 10, failures: 0 })
  })

  test('has the version that the database gets', async () => {
    const { cache, counts } = await opened()
    const { version } = await cache.put('a', { name: 'two' })
    const later = await cache.put('a', { name: 'three' })
    expect(later.version).toBeGreaterThan(version)
    await cache.flush()
    expect(counts.row('a')?.version).toBe(later.version)
    expect((await cache.lookup('a')).version).toBe(later.version)
  })
})

describe('create', () => {
  test('draws its key before the write, and is read at once', async () => {
    const { cache, counts } = await opened()
    const created = await cache.create({ name: 'new' })
    expect(created).toMatchObject({ key: '1', existed: false, status: 'accepted' })
    expect(await cache.get('1')).toEqual({ name: 'new' })
    expect(counts.row('1')).toBeUndefined()
    expect(counts.calls('load')).toBe(0)
    await cache.flush()
    expect(counts.row('1')?.value).toEqual({ name: 'new' })
  })

  test('answers within the write deadline when no key is drawn, and is counted', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['nextKey'])
    const { cache, clock } = await opened({ source: slow.source })
    const rejected = expect(cache.create({ name: 'x' })).rejects.toMatchObject({
      code: 'WRITE_TIMEOUT',
    })
    await clock.advance(2_500)
    await rejected
    expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1 })
    await slow.held.open()
  })
})

describe('delete', () => {
  test('is a tombstone until the database knows it, and the key can be written again', async () => {
    const { cache, counts } = await opened()
    expect(await cache.delete('a')).toMatchObject({ existed: true, value: undefined })
    expect(await cache.lookup('a')).toMatchObject({ status: 'negative', value: undefined })
    expect((await cache.update('a', { name: 'x' })).existed).toBe(false)
    expect((await cache.delete('a')).existed).toBe(false)
    expect(counts.row('a')).toBeDefined()
    await cache.flush()
    expect(counts.row('a')).toBeUndefined()
    expect(await cache.get('a')).toBeUndefined()

    expect((await cache.put('a', { name: 'again' })).existed).toBe(false)
    expect(await cache.get('a')).toEqual({ name: 'again' })
    await cache.delete('a')
    await cache.put('a', { name: 'last' })
    await cache.flush()
    expect(counts.row('a')?.value).toEqual({ name: 'last' })
  })

  test('of a row that is not there changes nothing', async () => {
    const { cache, journal } = await opened()
    expect(await cache.delete('b')).toMatchObject({ existed: false, status: 'accepted' })
    expect((await journal())?.dirty).toBe(0)
  })
})

describe('update', () => {
  for (const kind of ['function', 'patch'] as const) {
    test(`loses none of 100 concurrent ones of a key (${kind})`, async () => {
      const { cache, counts, journal } = await opened()
      const fields = Array.from({ length: 100 }, (_, index) => index)
      await Promise.all(
        fields.map((index) =>
          cache.update(
            'a',
            kind === 'function'
              ? (current) => ({ ...current, count: (current.count ?? 0) + 1 })
              : ({ [`f${index}`]: index } as Partial<User>),
          ),
        ),
      )
      const value = (await cache.get('a')) as Record<string, unknown>
      if (kind === 'function') expect(value.count).toBe(100)
      else expect(fields.filter((index) => value[`f${index}`] === index)).toHaveLength(100)
      expect(counts.calls('load')).toBe(1)
      expect(await journal()).toMatchObject({ enqueued: 100, coalesced: 99 })
    })
  }

  test('of a cold key loads it first, once', async () => {
    const { cache, counts } = await opened()
    expect(await cache.update('a', { name: 'two' })).toMatchObject({
      value: { name: 'two', count: 0 },
      existed: true,
    })
    expect(counts.calls('load')).toBe(1)
    expect((await cache.stats()).reads.total).toBe(0)
  })

  test('loads again when the entry goes between the look and the write', async () => {
    const { cache, memory, counts, failures } = await opened()
    await cache.get('a')
    let isFirst = true
    const change = (current: User) => {
      if (isFirst) memory.invalidate('cp:users:1:a')
      isFirst = false
      return { ...current, name: 'two' }
    }
    expect(await cache.update('a', change)).toMatchObject({ value: { name: 'two' } })
    expect(counts.calls('load')).toBe(2)
    expect(failures.calls('enqueue')).toBe(2)
  })

  test('loses nothing that another process writes meanwhile', async () => {
    const clock = manualClock()
    const store = memoryStore({ clock })
    const here = await opened({ clock, store })
    const there = await opened({ clock, store })
    const add = (current: User) => ({ ...current, count: (current.count ?? 0) + 1 })
    await here.cache.get('a')
    const both = [here.cache, there.cache]
    await Promise.all(
      both.flatMap((cache) => Array.from({ length: 20 }, () => cache.update('a', add))),
    )
    expect(await here.cache.get('a')).toMatchObject({ count: 40 })
  })

  test('gives up with WRITE_TIMEOUT when the key cannot be kept in the cache', async () => {
    const clock = manualClock()
    const { cache, journal } = await opened({ clock, store: memoryStore({ clock, maxBytes: 200 }) })
    await expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_TIMEOUT',
      retryable: true,
    })
    expect((await journal())?.dirty).toBe(0)
  })

  test('passes on what the function throws, and goes on', async () => {
    const { cache } = await opened()
    const mine = new Error('mine')
    const change = () => {
      throw mine
    }
    await expect(cache.update('a', change)).rejects.toBe(mine)
    expect((await cache.update('a', { name: 'two' })).existed).toBe(true)
  })

  test('writes only onto the version that is named', async () => {
    const { cache, counts } = await opened()
    const version = counts.row('a')?.version as number
    const conflict = { code: 'VERSION_CONFLICT', version }
    const wrong = { ifVersion: [version + 1, version + 2] }
    await expect(cache.update('a', { name: 'x' }, wrong)).rejects.toMatchObject(conflict)
    await expect(cache.put('a', { name: 'x' }, wrong)).rejects.toMatchObject(conflict)
    await expect(cache.delete('a', wrong)).rejects.toMatchObject(conflict)
    const next = await cache.update('a', { name: 'two' }, { ifVersion: version })
    await expect(cache.delete('a', { ifVersion: version })).rejects.toMatchObject({
      version: next.version,
    })
    expect((await cache.delete('a', { ifVersion: next.version })).existed).toBe(true)
    expect((await cache.put('a', { name: 'x' }, { ifVersion: 1 })).existed).toBe(false)
    expect((await cache.stats()).writes).toMatchObject({ total: 7, failures: 0 })
  })
})
