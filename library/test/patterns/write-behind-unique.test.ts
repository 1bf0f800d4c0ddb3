import type { JournalingStore } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { intercepted } from '../../src/testing/fakes/intercepted.ts'
import { opened, setup, type User } from './write-behind-rig.ts'

const unique = { email: ({ email }: User) => email?.toLowerCase() }
const taken = { code: 'VALUE_TAKEN', retryable: false }
const ada = { name: 'Ada', email: 'ada@x' }
const twin = { name: 'Twin', email: 'ADA@x' }

const start = (options: Parameters<typeof setup>[0] = {}) =>
  opened({ unique, delay: '1h', ...options })

describe('a unique value', () => {
  test('of an accepted write is taken at once, for every kind of write', async () => {
    const { cache, counts, journal } = await start()
    await cache.put('ada', ada)
    await cache.put('other', { name: 'Other', email: 'other@x' })
    for (const write of [
      () => cache.create(twin),
      () => cache.put('twin', twin),
      () => cache.update('a', { email: 'Ada@x' }),
      () => cache.update('other', (current) => ({ ...current, email: 'ada@x' })),
    ]) {
      await expect(write()).rejects.toMatchObject(taken)
    }
    await expect(cache.create(twin)).rejects.toThrow(/another row has this email/)
    expect(await journal()).toMatchObject({ dirty: 2, enqueued: 2 })
    expect(counts.calls('flush')).toBe(0)
  })

  test('is apart from another one of another name, and may be none', async () => {
    const { cache, journal } = await start({ unique: { ...unique, name: ({ name }) => name } })
    await cache.put('one', { name: 'ada@x', email: 'one@x' })
    await cache.put('two', { name: 'two', email: 'ada@x' })
    await cache.put('three', { name: 'three' })
    await cache.put('four', { name: 'four' })
    await expect(cache.put('five', { name: 'two' })).rejects.toThrow(/another row has this name/)
    await expect(cache.put('five', { name: 'one@x', email: 'ONE@x' })).rejects.toMatchObject(taken)
    expect((await cache.put('five', { name: 'one@x' })).status).toBe('accepted')
    expect(await journal()).toMatchObject({ dirty: 5 })
  })

  test('of its own row may be written again, and again after a change back', async () => {
    const { cache } = await start()
    await cache.put('ada', ada)
    await cache.put('ada', { ...ada, name: 'Ada L.' })
    await cache.update('ada', { name: 'A.' })
    await cache.update('ada', { email: 'new@x' })
    await cache.update('ada', { email: 'ada@x' })
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
  })

  test('that a row has again when it is flushed stays its own', async () => {
    const { cache } = await start()
    await cache.put('ada', ada)
    await cache.update('ada', { email: 'new@x' })
    await cache.update('ada', { email: 'ada@x' })
    await cache.flush()
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
    expect((await cache.create({ ...twin, email: 'new@x' })).status).toBe('accepted')
  })

  test('that a change keeps is not asked for again, and not given up', async () => {
    const { cache, failures } = await start()
    await cache.put('ada', ada)
    await cache.flush()
    const before = failures.calls('reserve')
    await cache.update('ada', { name: 'A.' })
    await cache.flush()
    expect(failures.calls('reserve')).toBe(before)
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
  })

  test('that a change gives up is free when the database has the change', async () => {
    const { cache } = await start()
    await cache.put('ada', ada)
    await cache.flush()
    await cache.update('ada', { email: 'new@x' })
    await cache.flush()
    await cache.put('twin', twin)
    await expect(cache.put('x', { name: 'x', email: 'new@x' })).rejects.toMatchObject(taken)
  })

  test('that a put replaces is free then too', async () => {
    const { cache } = await start()
    await cache.put('ada', ada)
    await cache.put('ada', { name: 'Ada' })
    await cache.flush()
    expect((await cache.put('twin', twin)).status).toBe('accepted')
  })

  test('of a deleted row is free when the database has the delete', async () => {
    const { cache } = await start()
    await cache.put('ada', ada)
    await cache.delete('ada')
    await cache.flush()
    expect((await cache.create(twin)).status).toBe('accepted')
  })

  test('stays with a newer write, when only an older one was flushed', async () => {
    const { cache, clock, held } = setup({ unique, delay: '1s' })
    await cache.put('ada', ada)
    await clock.advance(1_000)
    const flush = await held.next('flush')
    await cache.put('ada', { ...ada, name: 'newer' })
    await flush.answer()
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
    await held.open()
  })

  test('is free again when its write is not accepted', async () => {
    const { cache } = await start({ maxDirtyKeys: 1 })
    await cache.put('b', { name: 'b' })
    await expect(cache.put('ada', ada)).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
    expect((await cache.put('b', { ...twin })).status).toBe('accepted')
  })

  test('is free again when the row was written meanwhile, or is not there', async () => {
    const { cache, memory } = await start()
    expect((await cache.put('absent', ada, { ifVersion: 1 })).existed).toBe(false)
    let isFirst = true
    const change = (current: User) => {
      if (isFirst) memory.invalidate('cp:users:1:a')
      const email = isFirst ? 'first@x' : 'second@x'
      isFirst = false
      return { ...current, email }
    }
    await cache.update('a', change)
    expect((await cache.put('b', { name: 'b', email: 'first@x' })).status).toBe('accepted')
    const second = cache.put('c', { name: 'c', email: 'second@x' })
    await expect(second).rejects.toMatchObject(taken)
    expect((await cache.create(twin)).status).toBe('accepted')
  })

  test('claimed before another one was refused is free again', async () => {
    const names = { ...unique, name: ({ name }: User) => name }
    const { cache } = await start({ unique: { name: names.name, email: names.email } })
    await cache.put('ada', ada)
    await expect(cache.put('twin', twin)).rejects.toMatchObject(taken)
    expect((await cache.put('b', { name: 'Twin' })).status).toBe('accepted')
  })

  test('of a write of unknown outcome stays claimed', async () => {
    const { cache, failures } = await start()
    failures.on('enqueue', 'lose-answer', 1)
    await expect(cache.put('ada', ada)).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
    expect((await cache.put('ada', ada)).status).toBe('accepted')
  })

  test('of a dead letter is free', async () => {
    const { cache, database } = await start()
    database.refuses = () => '23514'
    await cache.put('ada', ada)
    await cache.flush()
    database.refuses = () => undefined
    expect((await cache.create(twin)).status).toBe('accepted')
    await expect(cache.retryDeadLetter('ada')).rejects.toMatchObject(taken)
    expect(await cache.deadLetters()).toHaveLength(1)
    await cache.retryDeadLetter('ada', { email: 'lovelace@x' })
    const third = cache.put('third', { name: 'x', email: 'lovelace@x' })
    await expect(third).rejects.toMatchObject(taken)
  })

  test('of a dead letter that a newer write of its row has claimed is not freed', async () => {
    const clock = manualClock()
    const store = unreserving(memoryStore({ clock }), clock)
    const { cache, database } = await start({ clock, store })
    database.refuses = () => '23514'
    await cache.put('ada', ada)
    await cache.flush()
    database.refuses = () => undefined
    await cache.put('ada', ada)
    await clock.advance(30)
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
  })

  test('of a retry that is not accepted is free', async () => {
    const { cache, database } = await start({ maxDirtyKeys: 1 })
    database.refuses = () => '23514'
    await cache.put('ada', ada)
    await cache.flush()
    await cache.put('b', { name: 'b' })
    await expect(cache.retryDeadLetter('ada')).rejects.toMatchObject({ code: 'JOURNAL_FULL' })
    expect((await cache.put('b', twin)).status).toBe('accepted')
  })

  test('is refused with the error of a store that does not answer, and nothing is written', async () => {
    const { cache, failures, journal } = await start()
    failures.on('reserve', 'reject', 1)
    await expect(cache.put('ada', ada)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await journal()).toMatchObject({ dirty: 0 })
  })
})

describe('a unique value that is being given up', () => {
  for (const way of ['delete', 'update'] as const) {
    test(`is waited for, and passes: ${way}`, async () => {
      const { cache, clock, held, counts } = setup({ unique, delay: '1h' })
      await held.open()
      await cache.put('ada', ada)
      await cache.flush()
      held.close()
      if (way === 'delete') await cache.delete('ada')
      else await cache.update('ada', { email: 'new@x' })
      let isDone = false
      const creating = cache.create(twin).finally(() => {
        isDone = true
      })
      await clock.advance(25)
      const flush = await held.next('flush')
      expect(isDone).toBe(false)
      await flush.answer()
      await clock.advance(25)
      expect((await creating).status).toBe('accepted')
      await held.open()
      await cache.flush()
      expect(counts.row('1')?.value).toEqual(twin)
    })
  }

  test('is taken when that takes longer than writeDeadline', async () => {
    const { cache, clock } = setup({ unique, delay: '1h', writeDeadline: '1s' })
    await cache.put('ada', ada)
    await cache.put('ada', { name: 'Ada' })
    const rejected = expect(cache.create(twin)).rejects.toMatchObject(taken)
    await clock.advance(1_200)
    await rejected
  })

  test('is waited for also when another process flushes it, and frees it late', async () => {
    const clock = manualClock()
    const memory = memoryStore({ clock })
    const there = await start({ clock, store: unreserving(memory, clock) })
    const here = setup({ clock, store: memory, unique, delay: '1h' })
    await there.cache.put('ada', ada)
    await there.cache.flush()
    await there.cache.delete('ada')
    const creating = here.cache.create(twin)
    await settle()
    await there.cache.flush()
    await clock.advance(500)
    expect((await creating).status).toBe('accepted')
    await here.held.open()
  })
})

/** A store that takes 30 ms to free a value. */
function unreserving<S extends JournalingStore>(
  store: S,
  clock: ReturnType<typeof manualClock>,
): S {
  return intercepted(
    store,
    (method) => method === 'journal',
    (call) =>
      intercepted(
        call.execute() as ReturnType<S['journal']>,
        (method) => method === 'unreserve',
        async (unreserve) => {
          await new Promise<void>((resolve) => clock.after(30, resolve))
          return unreserve.execute()
        },
      ),
  )
}

describe('claims on unique values', () => {
  const minute = 60_000

  test('are renewed while their rows are dirty, however long', async () => {
    const { cache, clock, database } = await start({ delay: '1s' })
    database.refuses = () => '57P01'
    await cache.put('ada', ada)
    await clock.advance(5 * minute)
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
  })

  test('last as long as their rows wait for their delay', async () => {
    const { cache, clock, counts } = await start({ delay: '1h' })
    await cache.put('ada', ada)
    await clock.advance(59 * minute)
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
    expect(counts.calls('flush')).toBe(0)
  })

  test('end a minute and the delay after a crash between them and their write', async () => {
    const { cache, clock, failures } = await start({ delay: '5s' })
    failures.on('enqueue', 'reject', 1)
    await expect(cache.put('ada', ada)).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    await clock.advance(minute + 4_999)
    await expect(cache.create(twin)).rejects.toMatchObject(taken)
    await clock.advance(1)
    expect((await cache.create(twin)).status).toBe('accepted')
  })

  test('are not asked for where nothing is unique', async () => {
    const { cache, failures } = await start({ unique: {} })
    await cache.put('ada', ada)
    await cache.update('ada', { email: 'new@x' })
    await cache.delete('ada')
    await cache.flush()
    expect(failures.calls('reserve')).toBe(0)
    expect(failures.calls('unreserve')).toBe(0)
  })
})
