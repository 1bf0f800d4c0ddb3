import { outcomeUnknown } from 'caching-patterns'
import { countingSource } from 'caching-patterns/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { intercepted } from '../../src/testing/fakes/intercepted.ts'
import { setup, sqlError, type User } from './flusher-rig.ts'

/** A source that tells in which order its journal's methods were called, and may refuse some. */
function listened() {
  const { source, counts } = countingSource<User>()
  const calls: string[] = []
  const refuse = new Map<string, () => Error | undefined>()
  const heard = intercepted(
    source,
    (method) => method === 'raiseEpochs' || method === 'flush',
    async (call) => {
      calls.push(call.method)
      const refusal = refuse.get(call.method)?.()
      if (refusal !== undefined) throw refusal
      return call.execute()
    },
  )
  return { source: heard, counts, calls, refuse }
}

const statesOf = (events: ReturnType<typeof setup>['events']) =>
  events.flatMap((event) => (event.type === 'flush-breaker' ? [event.state] : []))

describe('the breaker in front of the database', () => {
  test('opens at the third failure in a row, is half-open with each try, and closes', async () => {
    const { cache, database, events, pass, journal } = setup()
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'a' })
    await pass(1_200)
    expect((await journal())?.retries).toBe(2)
    expect((await journal())?.breaker).toBe('closed')
    expect(statesOf(events)).toEqual([])
    await pass(100)
    expect((await journal())?.retries).toBe(3)
    expect((await journal())?.breaker).toBe('open')
    expect(statesOf(events)).toEqual(['open'])
    await pass(300)
    expect((await journal())?.retries).toBe(4)
    expect(statesOf(events)).toEqual(['open', 'half-open', 'open'])
    database.refuse = () => undefined
    await pass(700)
    expect(statesOf(events)).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
    expect(await journal()).toMatchObject({ breaker: 'closed', dirty: 0 })
    expect(events).toContainEqual({ type: 'flush-breaker', cache: 'users', state: 'closed' })
  })

  test('stays closed while every third flush succeeds', async () => {
    const { cache, database, events, pass, journal } = setup({ delay: 0 })
    let tries = 0
    database.refuse = () => {
      tries += 1
      return tries % 3 === 0 ? undefined : sqlError('57P01')
    }
    for (let i = 0; i < 5; i += 1) {
      await cache.put(`k${i}`, { name: 'x' })
      await pass(1_000)
    }
    expect(await journal()).toMatchObject({ dirty: 0, retries: 10 })
    expect(statesOf(events)).toEqual([])
  })

  test('lets through few rows while it is not closed, and then as many as before', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => void vi.restoreAllMocks())
    const { cache, database, flushes, pass, journal } = setup()
    for (let i = 0; i < 2_000; i += 1) await cache.put(`k${i}`, { name: 'x' })
    database.refuse = () => sqlError('53300')
    await pass(4_000)
    const refused = flushes.map(({ length }) => length)
    expect(refused.slice(0, 2)).toEqual([500, 500])
    expect(refused.slice(2).every((rows) => rows === 200)).toBe(true)
    expect(refused.length).toBeGreaterThan(4)
    database.refuse = () => undefined
    await pass(5_000)
    const written = flushes.slice(refused.length).map(({ length }) => length)
    expect(written.slice(0, 4)).toEqual([200, 200, 250, 250])
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 2_000 })
  })

  test('is not touched by a row that is refused for good', async () => {
    const { cache, database, events, pass, journal } = setup({ delay: 0 })
    database.refuse = () => sqlError('22001')
    for (let i = 0; i < 5; i += 1) {
      await cache.put(`k${i}`, { name: 'x' })
      await pass(25)
    }
    expect(await journal()).toMatchObject({ deadLetters: 5, retries: 0, breaker: 'closed' })
    expect(statesOf(events)).toEqual([])
  })

  for (const method of ['claim', 'read', 'ack', 'own', 'nextDueAt'] as const) {
    test(`is not touched by a journal that does not answer (${method})`, async () => {
      const { source, calls } = listened()
      const { cache, failures, events, pass, journal } = setup({ source })
      await cache.put('a', { name: 'a' })
      failures.on(method, 'reject', 4)
      await pass(4_000)
      expect(failures.calls(method)).toBeGreaterThan(4)
      expect(statesOf(events)).toEqual([])
      expect(events.filter(({ type }) => type === 'flush-failure')).toEqual([])
      expect(await journal()).toMatchObject({ dirty: 0, retries: 0, breaker: 'closed' })
      expect(calls.filter((call) => call === 'raiseEpochs')).toHaveLength(1)
    })
  }

  test('is not touched by a journal that does not answer when a row is to be parked', async () => {
    const { cache, database, failures, events, pass, journal } = setup()
    database.refuse = () => sqlError('22001')
    await cache.put('a', { name: 'a' })
    failures.on('quarantine', 'reject', 4)
    await pass(4_000)
    expect(failures.calls('quarantine')).toBeGreaterThan(4)
    expect(statesOf(events)).toEqual([])
    expect(events.filter(({ type }) => type === 'flush-failure')).toEqual([])
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1, retries: 0 })
  })
})

describe('epochs', () => {
  test('are raised once, before the first flush', async () => {
    const { source, calls } = listened()
    const { cache, pass } = setup({ source, delay: 0 })
    expect(calls).toEqual([])
    for (const key of ['a', 'b', 'c']) {
      await cache.put(key, { name: key })
      await pass(25)
    }
    expect(calls).toEqual(['raiseEpochs', 'flush', 'flush', 'flush'])
  })

  test('are raised again before the next flush, when nobody knows what became of one', async () => {
    const { source, calls, refuse } = listened()
    const { cache, pass, journal } = setup({ source, delay: 0 })
    let isFirst = true
    refuse.set('flush', () => {
      if (!isFirst) return undefined
      isFirst = false
      return outcomeUnknown(new Error('connection lost'))
    })
    await cache.put('a', { name: 'a' })
    await pass(500)
    expect(calls).toEqual(['raiseEpochs', 'flush', 'raiseEpochs', 'flush'])
    expect(await journal()).toMatchObject({ dirty: 0, retries: 1 })
  })

  test('are raised again before the next batch of the same turn', async () => {
    const { source, calls, refuse } = listened()
    const { cache, pass } = setup({ source, delay: '1h', flushBatchSize: 2 })
    let flushes = 0
    refuse.set('flush', () => {
      flushes += 1
      return flushes === 2 ? sqlError('08006') : undefined
    })
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await cache.put(key, { name: key })
    const flushing = cache.flush()
    await pass(500)
    await flushing
    expect(calls).toEqual(['raiseEpochs', 'flush', 'flush', 'raiseEpochs', 'flush', 'flush'])
  })

  test('are raised again for what was given up, and taken again', async () => {
    const { source, calls } = listened()
    const { cache, memory, pass } = setup({ source, delay: 0 })
    await cache.put('a', { name: 'a' })
    await pass(25)
    await memory.journal('cp:users:1:', { maxKeys: 9, maxBytes: 9_999 }).release()
    // until then it takes all for its own still, and the epochs guard what it writes
    await pass(2_000)
    await cache.put('a', { name: 'again' })
    await pass(25)
    expect(calls).toEqual(['raiseEpochs', 'flush', 'raiseEpochs', 'flush'])
  })

  test('of a database that does not raise them keep everything in the journal, and it is tried again', async () => {
    const { source, calls, refuse, counts } = listened()
    const { cache, events, pass, journal } = setup({ source })
    refuse.set('raiseEpochs', () => sqlError('57P01'))
    await cache.put('a', { name: 'a' })
    await pass(3_000)
    expect(calls.filter((call) => call === 'flush')).toEqual([])
    expect(calls.length).toBeLessThan(8)
    expect(await journal()).toMatchObject({ dirty: 1, breaker: 'open', flushed: 0 })
    expect(events).toContainEqual(expect.objectContaining({ type: 'flush-failure', rows: 0 }))
    refuse.clear()
    await pass(3_000)
    expect(counts.row('a')?.value).toEqual({ name: 'a' })
    expect(await journal()).toMatchObject({ dirty: 0, breaker: 'closed' })
  })

  test('that another process has raised are raised above it, if the store says that it is mine', async () => {
    const { source, calls, counts } = listened()
    const { cache, events, pass, journal } = setup({ source, delay: 0 })
    await cache.put('a', { name: 'a' })
    await pass(25)
    await source.raiseEpochs('cp:users:1:', [0], { deadlineAt: Date.now() + 1_000 })
    await cache.put('a', { name: 'again' })
    await pass(100)
    expect(events).toContainEqual({ type: 'fenced', cache: 'users', rows: 1 })
    expect(counts.row('a')?.value).toEqual({ name: 'again' })
    expect(await journal()).toMatchObject({ dirty: 0, fenced: 1, retries: 0 })
    expect(calls.slice(-3)).toEqual(['flush', 'raiseEpochs', 'flush'])
  })
})
