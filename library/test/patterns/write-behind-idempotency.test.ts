import { memoryStore } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { opened, type User } from './write-behind-rig.ts'

const once = { idempotencyKey: 'attempt-1' }
const unique = { email: ({ email }: User) => email }
const ada = { name: 'Ada', email: 'ada@x' }
const dayMs = 86_400_000

describe('a create with an idempotency key', () => {
  test('makes one row, however often it comes', async () => {
    const { cache, counts, journal } = await opened({ unique })
    const first = await cache.create(ada, once)
    const second = await cache.create(ada, once)
    expect(second).toMatchObject({
      key: first.key,
      version: first.version,
      value: ada,
      existed: false,
      status: 'accepted',
    })
    await cache.flush()
    expect(await cache.create({ email: 'ada@x', name: 'Ada' }, once)).toMatchObject({
      key: first.key,
      version: first.version,
    })
    expect(await journal()).toMatchObject({ enqueued: 1, flushed: 1 })
    expect(counts.row(first.key)?.value).toEqual(ada)
    expect(await cache.create(ada, { idempotencyKey: 'attempt-2' }).catch((e) => e.code)).toBe(
      'VALUE_TAKEN',
    )
  })

  test('makes another row under another key, or without one', async () => {
    const { cache } = await opened()
    const keys = []
    for (const options of [once, { idempotencyKey: 'attempt-2' }, {}, {}]) {
      keys.push((await cache.create({ name: 'x' }, options)).key)
    }
    expect(new Set(keys).size).toBe(4)
  })

  test('makes one row when two come at once, in two processes', async () => {
    const clock = manualClock()
    const store = memoryStore({ clock })
    const here = await opened({ clock, store, unique })
    const there = await opened({ clock, store, unique })
    const both = await Promise.all([
      here.cache.create(ada, once),
      there.cache.create(ada, once),
      here.cache.create(ada, once),
    ])
    expect(new Set(both.map(({ key }) => key)).size).toBe(1)
    expect(await here.journal()).toMatchObject({ dirty: 1 })
  })

  test('is refused when it came with another value before', async () => {
    const { cache, journal } = await opened()
    await cache.create(ada, once)
    for (const other of [{ name: 'Ada' }, { ...ada, count: 1 }, { ...ada, name: 'ada' }]) {
      await expect(cache.create(other, once)).rejects.toMatchObject({
        code: 'IDEMPOTENCY_KEY_REUSED',
        retryable: false,
      })
    }
    expect(await journal()).toMatchObject({ enqueued: 1 })
  })

  for (const wasExecuted of [true, false]) {
    const how = wasExecuted ? 'was accepted' : 'was not'
    test(`finds out what an attempt of unknown outcome did: it ${how}`, async () => {
      const { cache, failures, journal } = await opened({ unique })
      failures.on('enqueue', wasExecuted ? 'lose-answer' : 'reject', 1)
      const unknown = { code: 'WRITE_OUTCOME_UNKNOWN' }
      await expect(cache.create(ada, once)).rejects.toMatchObject(unknown)
      const again = await cache.create(ada, once)
      expect(again).toMatchObject({ value: ada, existed: false, status: 'accepted' })
      expect(await cache.get(again.key)).toEqual(ada)
      await cache.flush()
      expect(await journal()).toMatchObject({ dirty: 0, flushed: 1 })
      expect((await cache.create(ada, once)).key).toBe(again.key)
    })
  }

  test('writes the row now, when an attempt before was refused', async () => {
    const { cache } = await opened({ maxDirtyKeys: 1 })
    await cache.put('b', { name: 'b' })
    await expect(cache.create(ada, once)).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
    await expect(cache.create(ada, once)).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
    await cache.flush()
    expect((await cache.create(ada, once)).value).toEqual(ada)
  })

  test('may find its row changed by now, and does not write it again', async () => {
    const { cache } = await opened()
    const { key } = await cache.create(ada, once)
    const { version } = await cache.update(key, { name: 'Lovelace' })
    const again = await cache.create(ada, once)
    expect(again).toMatchObject({ key, version, value: { name: 'Lovelace', email: 'ada@x' } })
  })

  test('waits for the database, if it is to be persisted, also when it comes again', async () => {
    const { cache, clock, counts } = await opened({ delay: '1h' })
    const { key } = await cache.create(ada, once)
    const persisted = cache.create(ada, { ...once, durability: 'persisted' })
    await clock.advance(25)
    expect(await persisted).toMatchObject({ key, status: 'persisted' })
    expect(counts.row(key)?.value).toEqual(ada)
  })

  test('is remembered for a day', async () => {
    const { cache, clock } = await opened({ delay: '1s' })
    const { key } = await cache.create(ada, once)
    await clock.advance(dayMs - 2)
    expect((await cache.create(ada, once)).key).toBe(key)
    await clock.advance(dayMs)
    expect((await cache.create({ name: 'other' }, once)).key).not.toBe(key)
  })

  test('is told when the store does not answer: nothing was written', async () => {
    const { cache, failures, journal } = await opened()
    failures.on('reserve', 'reject', 1)
    await expect(cache.create(ada, once)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await journal()).toMatchObject({ dirty: 0 })
    expect((await cache.create(ada, once)).value).toEqual(ada)
  })

  test('needs 1 to 255 characters', async () => {
    const { cache, journal } = await opened()
    for (const idempotencyKey of ['', 'x'.repeat(256), 7, null]) {
      const creating = cache.create(ada, { idempotencyKey } as never)
      await expect(creating).rejects.toThrow(/^idempotencyKey: /)
    }
    expect((await cache.create(ada, { idempotencyKey: 'x'.repeat(255) })).value).toEqual(ada)
    expect(await journal()).toMatchObject({ dirty: 1 })
  })
})
