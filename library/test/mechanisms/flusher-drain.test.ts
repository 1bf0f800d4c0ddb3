import { countingSource, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { setup, sqlError, type User } from './flusher-rig.ts'

describe('flush()', () => {
  test('writes at once what is dirty, due or not, and resolves then', async () => {
    const { cache, counts, pass, flushes } = setup({ delay: '1h', flushBatchSize: 2 })
    for (const key of ['a', 'b', 'c']) await cache.put(key, { name: key })
    await cache.flush()
    expect(counts.row('c')?.value).toEqual({ name: 'c' })
    expect(flushes.map(({ length }) => length)).toEqual([2, 1])
    await cache.flush()
    await pass(3_700_000 / 1_000)
    expect(flushes).toHaveLength(2)
  })

  test('resolves only when a write that met a newer version is down too', async () => {
    const { cache, counts } = setup({ delay: '1h' }, { a: { name: 'one' } })
    const { version } = await cache.put('a', { name: 'mine' })
    Object.assign(counts.row('a') as object, { version: version + 1_000 })
    await cache.flush()
    expect(counts.row('a')).toEqual({ value: { name: 'mine' }, version: version + 1_001 })
  })

  test('waits for the database to come back, and counts each row once', async () => {
    const { cache, database, pass, counts, journal } = setup({ delay: '1h', flushBatchSize: 1 })
    database.refuse = ([row]) => (row?.key === 'b' ? sqlError('57P01') : undefined)
    for (const key of ['a', 'b', 'c']) await cache.put(key, { name: key })
    let isDone = false
    const flushing = cache.flush().then(() => {
      isDone = true
    })
    await pass(2_000)
    expect(isDone).toBe(false)
    database.refuse = () => undefined
    await pass(6_000)
    await flushing
    expect(counts.row('c')?.value).toEqual({ name: 'c' })
    expect(await journal()).toMatchObject({ flushed: 3, dirty: 0 })
  })

  test('resolves under a continuous stream of new writes', async () => {
    const { source, counts } = countingSource<User>()
    let written = 0
    const flush: typeof source.flush = async (rows, context) => {
      const outcomes = await source.flush(rows, context)
      // two new writes, one of the same key, for each batch that is taken
      written += 1
      await cache.put('a', { name: `${written}` })
      await cache.put(`new${written}`, { name: 'new' })
      return outcomes
    }
    const { cache } = setup({
      delay: 0,
      source: Object.assign(Object.create(source), { flush }) as typeof source,
      flushBatchSize: 1,
    })
    for (const key of ['a', 'b', 'c']) await cache.put(key, { name: key })
    await cache.flush()
    expect(['a', 'b', 'c'].map((key) => counts.row(key)?.value.name)).toEqual(['a', 'b', 'c'])
    expect(written).toBe(3)
  })

  test('resolves when refused rows are among the dead letters', async () => {
    const { cache, database, journal } = setup({ delay: '1h' })
    database.refuse = () => sqlError('23514')
    await cache.put('a', { name: 'a' })
    await cache.flush()
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1 })
  })

  test('rejects with the error of a store that does not give its journal', async () => {
    const { cache, failures, counts } = setup({ delay: '1h' })
    await cache.put('a', { name: 'a' })
    failures.on('claim', 'reject', 1)
    await expect(cache.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await cache.flush()
    expect(counts.row('a')).toBeDefined()
  })

  test('rejects when close gives up before it', async () => {
    const { cache, database, pass } = setup({ drainFor: '1s' })
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'a' })
    const rejected = expect(cache.flush()).rejects.toMatchObject({ code: 'CLOSED' })
    const closing = cache.close()
    await pass(1_000)
    await Promise.all([rejected, closing])
    await expect(cache.flush()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('close', () => {
  test('refuses new writes first, then drains', async () => {
    const { cache, counts, clock } = setup({ delay: '1h' })
    for (let i = 0; i < 1_000; i += 1) await cache.put(`k${i}`, { name: 'x' })
    const closing = cache.close()
    await expect(cache.put('late', { name: 'x' })).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(cache.update('k1', { name: 'x' })).rejects.toMatchObject({ code: 'CLOSED' })
    await closing
    expect(counts.row('k999')).toBeDefined()
    expect(counts.row('late')).toBeUndefined()
    expect(clock.pending()).toBe(0)
  })

  test('gives up when its time is over, and leaves the rest in the journal', async () => {
    const { cache, clock, database, pass, journal } = setup({ drainFor: '2s' })
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'a' })
    let isClosed = false
    const closing = cache.close().then(() => {
      isClosed = true
    })
    await pass(1_975)
    expect(isClosed).toBe(false)
    await pass(50)
    expect(isClosed).toBe(true)
    await closing
    expect(clock.pending()).toBe(0)
    expect(await journal()).toMatchObject({ dirty: 1, flushed: 0 })
  })

  test('ends with a database that never answers', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, clock, events, pass } = setup({ source: slow.source, drainFor: '1s' })
    await cache.put('a', { name: 'a' })
    await pass(1_000)
    let isClosed = false
    const closing = cache.close().then(() => {
      isClosed = true
    })
    await pass(3_000)
    expect(isClosed).toBe(true)
    await closing
    expect(clock.pending()).toBe(0)
    expect(events.at(-1)).toEqual({ type: 'left-in-journal', cache: 'users', rows: 1 })
    expect((await cache.stats()).journal).toMatchObject({ dirty: 1 })
  })

  test('tells the last figures while the store does not answer', async () => {
    const { cache, failures, pass } = setup({ delay: '1h' })
    await cache.put('a', { name: 'a' })
    expect((await cache.stats()).journal).toMatchObject({ dirty: 1 })
    failures.on('figures', 'hang', 1)
    const asking = cache.stats()
    await pass(100)
    expect((await asking).journal).toMatchObject({ dirty: 1 })
  })

  test('drains also when the journal fails at first', async () => {
    const { cache, counts, failures, pass } = setup({ delay: '1h' })
    await cache.put('a', { name: 'a' })
    failures.on('claim', 'reject', 2)
    const closing = cache.close()
    await pass(1_000)
    await closing
    expect(counts.row('a')).toBeDefined()
  })

  test('stops halving when its time is over', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, journal } = setup({ source: slow.source, drainFor: '1s', delay: '1h' })
    for (let i = 0; i < 64; i += 1) await cache.put(`k${i}`, { name: 'x' })
    const closing = cache.close()
    for (let i = 0; i < 3; i += 1) {
      const flush = await slow.held.next('flush')
      await pass(400)
      flush.fail(sqlError('22001'))
    }
    await closing
    expect(slow.held.waiting('flush')).toEqual([])
    expect(await journal()).toMatchObject({ dirty: 64, deadLetters: 0 })
  })
})
