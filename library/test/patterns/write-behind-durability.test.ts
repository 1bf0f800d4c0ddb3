import { memoryStore } from 'caching-patterns/memory'
import { manualClock, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { opened, setup } from './write-behind-rig.ts'

const persisted = { durability: 'persisted' } as const

/** The result of a write, and whether it is there. */
function watched<T>(writing: Promise<T>) {
  const seen = { isDone: false, writing }
  const done = () => void Object.assign(seen, { isDone: true })
  writing.then(done, done)
  return seen
}

describe('a write that is to be persisted', () => {
  test('is flushed at once, and answered when the database has it', async () => {
    const { cache, clock, held, counts } = setup({ delay: '1h' })
    const seen = watched(cache.put('b', { name: 'one' }, persisted))
    await clock.advance(25)
    const flush = await held.next('flush')
    expect(seen.isDone).toBe(false)
    await flush.answer()
    const { status, value, version } = await seen.writing
    expect([status, value]).toEqual(['persisted', { name: 'one' }])
    expect(counts.row('b')?.version).toBe(version)
    expect(clock.pending()).toBe(0)
  })

  test('may be a create, an update or a delete as well', async () => {
    const { cache, clock, counts } = await opened({ delay: '1h' })
    const creating = cache.create({ name: 'new' }, persisted)
    await clock.advance(25)
    expect(await creating).toMatchObject({ status: 'persisted', key: '1', existed: false })
    const updating = cache.update('1', { name: 'newer' }, persisted)
    await clock.advance(25)
    expect(await updating).toMatchObject({ status: 'persisted', existed: true })
    expect(counts.row('1')?.value).toEqual({ name: 'newer' })
    const deleting = cache.delete('1', persisted)
    await clock.advance(25)
    expect(await deleting).toMatchObject({ status: 'persisted', existed: true })
    expect(counts.row('1')).toBeUndefined()
    expect(await cache.delete('1', persisted)).toMatchObject({ existed: false })
  })

  test('leaves other keys their delay', async () => {
    const { cache, clock, counts, journal } = await opened({ delay: '1h' })
    await cache.put('b', { name: 'later' })
    const writing = cache.put('c', { name: 'now' }, persisted)
    await clock.advance(25)
    await writing
    expect(counts.row('b')).toBeUndefined()
    expect(await journal()).toMatchObject({ dirty: 1, flushed: 1 })
  })

  test('is persisted with a newer write of its key, which it makes due', async () => {
    const { cache, clock, held, counts } = setup({ delay: '1h' })
    await cache.put('b', { name: 'zero' })
    const writing = cache.put('b', { name: 'one' }, persisted)
    await settle()
    const newer = await cache.put('b', { name: 'two' })
    await held.open()
    await clock.advance(25)
    expect(await writing).toMatchObject({ status: 'persisted', value: { name: 'one' } })
    expect(counts.row('b')).toEqual({ value: { name: 'two' }, version: newer.version })
  })

  test('is persisted, although a newer write of its key waits', async () => {
    const { cache, clock, held } = setup({ delay: '1h' })
    const writing = cache.put('b', { name: 'one' }, persisted)
    await clock.advance(25)
    const flush = await held.next('flush')
    await cache.put('b', { name: 'two' })
    await flush.answer()
    await clock.advance(25)
    expect((await writing).status).toBe('persisted')
    expect(await cache.get('b')).toEqual({ name: 'two' })
  })

  test('is accepted when its time is over, and goes on', async () => {
    const { cache, clock, held, counts } = setup({ delay: '1h' })
    const seen = watched(cache.put('b', { name: 'one' }, { ...persisted, within: '300ms' }))
    await clock.advance(299)
    expect(seen.isDone).toBe(false)
    await clock.advance(1)
    expect(await seen.writing).toMatchObject({ status: 'accepted', value: { name: 'one' } })
    await held.open()
    await clock.advance(25)
    expect(counts.row('b')?.value).toEqual({ name: 'one' })
  })

  test('is waited for 5 s where nothing else is said', async () => {
    const { cache, clock } = setup({ delay: '1h', writeDeadline: '1m' })
    const seen = watched(cache.put('b', { name: 'one' }, persisted))
    await clock.advance(4_999)
    expect(seen.isDone).toBe(false)
    await clock.advance(1)
    expect((await seen.writing).status).toBe('accepted')
  })

  test('is accepted when its caller waits no longer, and when the cache is closed', async () => {
    const { cache, clock, held } = setup({ delay: '1h', drainFor: 0 })
    const caller = new AbortController()
    const { signal } = caller
    const one = watched(cache.put('b', { name: 'one' }, { ...persisted, signal }))
    const two = watched(cache.put('c', { name: 'two' }, { ...persisted, within: '10m' }))
    await clock.advance(50)
    expect([one.isDone, two.isDone]).toEqual([false, false])
    caller.abort()
    expect((await one.writing).status).toBe('accepted')
    expect(two.isDone).toBe(false)
    const closing = cache.close()
    await held.open()
    await clock.advance(3_000)
    await closing
    expect(two.isDone).toBe(true)
  })

  test('rejects with DEAD_LETTERED when the database refuses it', async () => {
    const { cache, clock, database } = await opened({ delay: '1h' })
    database.refuses = () => '23514'
    const rejected = expect(cache.put('b', { name: 'one' }, persisted)).rejects.toMatchObject({
      code: 'DEAD_LETTERED',
      retryable: false,
      key: 'b',
    })
    await clock.advance(25)
    await rejected
    expect(await cache.get('b')).toBeUndefined()
    const [letter] = await cache.deadLetters()
    expect(letter).toMatchObject({ key: 'b', value: { name: 'one' } })
  })

  test('is told so too when it is refused with a newer one of its key', async () => {
    const { cache, clock, database, held } = setup({ delay: '1h' })
    database.refuses = () => '23514'
    const writing = cache.put('b', { name: 'one' }, persisted)
    const rejected = expect(writing).rejects.toMatchObject({ code: 'DEAD_LETTERED' })
    await settle()
    await cache.put('b', { name: 'two' })
    await held.open()
    await clock.advance(25)
    await rejected
  })

  test('is found to be persisted when another process flushes it', async () => {
    const clock = manualClock()
    const store = memoryStore({ clock })
    const here = setup({ clock, store, delay: '1h' })
    const seen = watched(here.cache.put('b', { name: 'one' }, persisted))
    await clock.advance(5)
    await here.held.next('flush')
    const there = await opened({ clock, store, delay: '1h' })
    expect(seen.isDone).toBe(false)
    await there.cache.flush()
    await clock.advance(100)
    expect((await seen.writing).status).toBe('persisted')
  })

  for (const operation of ['put', 'delete'] as const) {
    test(`is found in the database when the store has nothing that tells: ${operation}`, async () => {
      const { cache, clock, counts, failures, held, memory } = setup({ delay: '1h' })
      await cache.put('a', { name: 'two' })
      const writing =
        operation === 'put'
          ? cache.put('a', { name: 'three' }, persisted)
          : cache.delete('a', persisted)
      await clock.advance(5)
      const flush = await held.next('flush')
      failures.on('progress', 'reject', 1)
      await flush.answer()
      await settle()
      memory.invalidate('cp:users:1:a')
      await held.open()
      expect(counts.calls('load')).toBe(0)
      await clock.advance(100)
      expect((await writing).status).toBe('persisted')
      expect(counts.calls('load')).toBe(1)
    })
  }

  test('is not taken for persisted because an older row stands there', async () => {
    const { cache, clock, memory, held } = setup({ delay: '1h' })
    const seen = watched(cache.put('a', { name: 'two' }, { ...persisted, within: '1s' }))
    await clock.advance(5)
    await held.next('flush')
    // as after the loss of the entry: nothing in the store tells of the write
    const journal = memory.journal('cp:users:1:', { maxKeys: 9, maxBytes: 9_999 })
    const [entry] = await journal.dirtyIn(0)
    const { key = '', version = 0 } = entry ?? {}
    const letter = { key, version, json: '1', sqlstate: '', reason: '', attempts: 1, at: 1 }
    await journal.quarantine(letter)
    await journal.discard(key, version)
    await clock.advance(50)
    await (await held.next('load')).answer()
    await clock.advance(50)
    expect(seen.isDone).toBe(false)
    await held.open()
    await clock.advance(200)
    expect((await seen.writing).status).toBe('persisted')
  })

  test('is waited for while the store does not answer', async () => {
    const { cache, clock, failures } = await opened({ delay: '1h' })
    failures.on('progress', 'reject', 3)
    const writing = cache.put('b', { name: 'one' }, persisted)
    await clock.advance(200)
    expect((await writing).status).toBe('persisted')
    expect(failures.calls('progress')).toBeGreaterThan(3)
  })

  test('is asked for by the policy, where the call does not say', async () => {
    const { cache, clock } = await opened({ delay: '1h', durability: 'persisted' })
    const writing = cache.put('b', { name: 'one' })
    await clock.advance(25)
    expect((await writing).status).toBe('persisted')
    const accepted = await cache.put('b', { name: 'two' }, { durability: 'accepted' })
    expect(accepted.status).toBe('accepted')
  })

  test('needs a time to wait within bounds', async () => {
    const { cache, journal } = await opened()
    for (const within of [0, '11m', 'soon', Number.NaN]) {
      const writing = cache.put('b', { name: 'one' }, { ...persisted, within } as never)
      await expect(writing).rejects.toThrow(/^within: /)
    }
    expect(await journal()).toMatchObject({ dirty: 0, enqueued: 0 })
  })
})
