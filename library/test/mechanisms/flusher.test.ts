import { memoryStore } from 'caching-patterns/memory'
import { countingSource, manualClock, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { setup, sqlError, type User } from './flusher-rig.ts'

describe('the lag', () => {
  test('is the delay from the first unflushed write of a key on, however often it is written', async () => {
    const { cache, flushes, counts, pass } = setup({ delay: '1s' })
    for (const name of ['one', 'two', 'three', 'four']) {
      await cache.put('a', { name })
      await pass(300)
    }
    expect(flushes).toHaveLength(1)
    expect(flushes[0]).toMatchObject([{ key: 'a', json: '{"name":"four"}' }])
    await cache.put('a', { name: 'five' })
    await pass(975)
    expect(flushes).toHaveLength(1)
    await pass(25)
    expect(counts.row('a')?.value).toEqual({ name: 'five' })
  })

  test('of a write that came during a flush counts from the claim of that flush', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass } = setup({ delay: '1s', source: slow.source })
    await cache.put('a', { name: 'one' })
    await pass(1_000)
    const first = await slow.held.next('flush')
    await cache.put('a', { name: 'two' })
    await pass(800)
    await first.answer()
    await pass(200)
    expect((await slow.held.next('flush')).args[0]).toMatchObject([{ json: '{"name":"two"}' }])
    await slow.held.open()
  })

  test('does not depend on a new write after a restart: what is dirty at the start is flushed', async () => {
    const clock = manualClock()
    const memory = memoryStore({ clock })
    const first = setup({ clock, store: memory, drainFor: 0 })
    first.database.refuse = () => sqlError('57P01')
    await first.cache.put('a', { name: 'kept' })
    const closing = first.cache.close()
    await first.pass(25)
    await closing
    expect((await first.cache.stats()).journal?.dirty).toBe(1)

    const second = setup({ clock, store: memory })
    await second.pass(1_000)
    expect(second.counts.row('a')?.value).toEqual({ name: 'kept' })
    expect((await second.journal())?.dirty).toBe(0)
  })

  test('holds too for a write whose answer was lost', async () => {
    const { cache, failures, counts, pass } = setup()
    await pass(25)
    failures.on('enqueue', 'lose-answer', 1)
    await expect(cache.put('a', { name: 'one' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    await pass(1_000)
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
  })

  for (const method of ['claim', 'read', 'nextDueAt', 'ack'] as const) {
    for (const mode of ['reject', 'throw', 'hang', 'hang-after'] as const) {
      test(`outlives a journal that does not answer for a while (${method}: ${mode})`, async () => {
        const { cache, failures, counts, pass, journal } = setup()
        await cache.put('a', { name: 'one' })
        failures.on(method, mode)
        await pass(2_500)
        failures.heal()
        await pass(2_500)
        expect(counts.row('a')?.value).toEqual({ name: 'one' })
        await cache.put('b', { name: 'two' })
        await pass(1_500)
        expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 0 })
        expect(counts.row('b')).toBeDefined()
      })
    }
  }
})

describe('a flush', () => {
  test('takes the oldest first, in batches', async () => {
    const { cache, flushes, keysOf, clock, pass, events } = setup({ flushBatchSize: 3 })
    for (const key of ['e', 'd', 'c', 'b', 'a', 'f', 'g']) {
      await cache.put(key, { name: key })
      clock.jump(1)
    }
    await cache.put('e', { name: 'again' })
    clock.jump(1_000)
    await pass(25)
    expect(flushes.map(keysOf)).toEqual([['e', 'd', 'c'], ['b', 'a', 'f'], ['g']])
    expect(events.flatMap((event) => (event.type === 'flush' ? [event.rows] : []))).toEqual([
      3, 3, 1,
    ])
  })

  test('keeps a write that came in between dirty, and writes it next', async () => {
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, journal } = setup({ source: slow.source })
    await cache.put('a', { name: 'one' })
    await pass(1_000)
    const flush = await slow.held.next('flush')
    await cache.put('a', { name: 'two' })
    await flush.answer()
    await settle()
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect(await cache.get('a')).toEqual({ name: 'two' })
    expect(await journal()).toMatchObject({ dirty: 1, flushed: 1 })
    await slow.held.open()
    await pass(1_000)
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 2 })
  })

  test('leaves the entries cached, with their TTL', async () => {
    const { cache, pass } = setup({ ttl: '1m', jitter: 0 })
    await cache.put('a', { name: 'one' })
    await pass(1_000)
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', ttlMs: 60_000 })
    await pass(60_000)
    expect((await cache.lookup('a')).status).toBe('miss')
  })

  test('versions a write above a newer one of the database, and writes it in the same turn', async () => {
    const { cache, counts, pass, journal } = setup({}, { a: { name: 'one' } })
    const { version } = await cache.put('a', { name: 'mine' })
    const theirs = version + 5_000_000_000
    await setupRow(counts, theirs)
    async function setupRow(_: typeof counts, at: number) {
      Object.assign(counts.row('a') as object, { version: at })
    }
    await pass(1_000)
    expect(counts.row('a')).toEqual({ value: { name: 'mine' }, version: theirs + 1 })
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 1, restamped: 1, deadLetters: 0 })
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', version: theirs + 1 })
  })

  test('does not repeat itself without a pause when the source answers for too few rows', async () => {
    const { source } = countingSource<User>()
    let calls = 0
    const flush = async () => {
      calls += 1
      return []
    }
    const { cache, pass, journal } = setup({
      source: Object.assign(Object.create(source), { flush }) as typeof source,
    })
    await cache.put('a', { name: 'one' })
    await pass(2_000)
    expect(calls).toBeGreaterThan(1)
    expect(calls).toBeLessThan(10)
    expect(await journal()).toMatchObject({ dirty: 1, flushed: 0 })
  })

  test('is not queued once more for each write that comes while one is under way', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass } = setup({ source: slow.source, delay: 0 })
    await cache.put('a', { name: 'one' })
    await pass(25)
    const flush = await slow.held.next('flush')
    for (let i = 0; i < 40; i += 1) {
      await cache.put('a', { name: `${i}` })
      await pass(25)
    }
    await slow.held.open()
    await flush.answer()
    await pass(100)
    expect(failures.calls('claim')).toBeLessThan(8)
  })
})
