import { countingSource, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { setup, sqlError, type User } from './flusher-rig.ts'

/** Whether a promise has come to an end by now. */
function watched(promise: Promise<unknown>) {
  const seen = { isDone: false }
  promise.then(
    () => Object.assign(seen, { isDone: true }),
    () => Object.assign(seen, { isDone: true }),
  )
  return seen
}

describe('flush(key)', () => {
  test('writes the key at once, and leaves others their delay', async () => {
    const { cache, counts, pass, journal } = setup({ delay: '1h' })
    // the look at what the journal held before
    await pass(25)
    await cache.put('a', { name: 'one' })
    await cache.put('b', { name: 'two' })
    const flushing = cache.flush('a')
    await pass(50)
    await flushing
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect(counts.row('b')).toBeUndefined()
    expect(await journal()).toMatchObject({ dirty: 1, flushed: 1 })
  })

  test('writes a delete', async () => {
    const { cache, counts, pass } = setup({ delay: '1h' }, { a: { name: 'one' } })
    await cache.delete('a')
    const flushing = cache.flush('a')
    await pass(50)
    await flushing
    expect(counts.row('a')).toBeUndefined()
  })

  test('of a key that is not dirty resolves without a flush', async () => {
    const { cache, flushes } = setup({ delay: '1h' }, { a: { name: 'one' } })
    await cache.flush('a')
    await cache.get('a')
    await cache.flush('a')
    await cache.flush('absent')
    expect(flushes).toEqual([])
  })

  test('waits for a write that is under way, and not for a later one of the key', async () => {
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass } = setup({ source: slow.source, delay: '1s' })
    await cache.put('a', { name: 'one' })
    await pass(1_000)
    const flush = await slow.held.next('flush')
    const flushing = cache.flush('a')
    const seen = watched(flushing)
    await pass(300)
    expect(seen.isDone).toBe(false)
    await cache.put('a', { name: 'two' })
    await flush.answer()
    await settle()
    await flushing
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    await slow.held.open()
  })

  test('waits for a database that is away', async () => {
    const { cache, database, pass, counts } = setup({ delay: '1h' })
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'one' })
    const flushing = cache.flush('a')
    const seen = watched(flushing)
    await pass(3_000)
    expect(seen.isDone).toBe(false)
    database.refuse = () => undefined
    await pass(6_000)
    await flushing
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
  })

  test('resolves when the write is among the dead letters', async () => {
    const { cache, database, pass, journal } = setup({ delay: '1h' })
    database.refuse = () => sqlError('23514')
    await cache.put('a', { name: 'one' })
    const flushing = cache.flush('a')
    await pass(50)
    await flushing
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1 })
  })

  test('rejects with the error of a store that does not answer', async () => {
    const { cache, failures } = setup({ delay: '1h' })
    await cache.put('a', { name: 'one' })
    failures.on('get', 'reject', 1)
    await expect(cache.flush('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    failures.on('hurry', 'reject', 1)
    await expect(cache.flush('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('rejects when close gives up before it, and waits no more', async () => {
    const { cache, clock, database, pass } = setup({ drainFor: '1s' })
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'a' })
    const rejected = expect(cache.flush('a')).rejects.toMatchObject({ code: 'CLOSED' })
    const closing = cache.close()
    await pass(1_200)
    await closing
    expect(clock.pending()).toBe(0)
    await rejected
    await expect(cache.flush('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
