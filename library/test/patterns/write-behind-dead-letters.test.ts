import type { CacheEvent } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { intercepted } from '../../src/testing/fakes/intercepted.ts'
import { opened, type setup, type User } from './write-behind-rig.ts'

const persisted = { durability: 'persisted' } as const

/** A cache of whose writes those named `bad` are refused. */
async function start(options: Parameters<typeof setup>[0] = {}) {
  const parts = await opened({ delay: '1h', ...options })
  parts.database.refuses = ({ json }) => (json?.includes('bad') ? '23514' : undefined)
  const park = async (key: string, value: User) => {
    await parts.cache.put(key, value)
    await parts.cache.flush()
  }
  /** Writes that become dead letters, each at an instant of its own. */
  const parked = async (...keys: string[]) => {
    for (const key of keys) {
      await park(key, { name: `bad ${key}` })
      parts.clock.jump(1)
    }
  }
  const eventsOf = (type: CacheEvent['type']) => parts.events.filter((event) => event.type === type)
  return { ...parts, park, parked, eventsOf }
}

describe('deadLetters', () => {
  test('are told with their values and why, the oldest first', async () => {
    const { cache, parked, clock } = await start()
    const startedAt = clock.now()
    await parked('c', 'a', 'b')
    const letters = await cache.deadLetters()
    expect(letters.map(({ key }) => key)).toEqual(['c', 'a', 'b'])
    expect(letters[1]).toMatchObject({
      key: 'a',
      json: '{"name":"bad a"}',
      value: { name: 'bad a' },
      sqlstate: '23514',
      reason: 'row a is refused',
      attempts: 1,
      at: startedAt + 1,
    })
    expect(letters[1]?.version).toBeGreaterThan(0)
    expect(letters[1]).not.toHaveProperty('supersededBy')
  })

  test('of a delete have no value', async () => {
    const { cache, database } = await start()
    database.refuses = ({ json }) => (json === null ? '23503' : undefined)
    await cache.delete('a')
    await cache.flush()
    const [letter] = await cache.deadLetters()
    expect([letter?.key, letter?.json, letter?.value]).toEqual(['a', null, undefined])
    expect(await cache.get('a')).toMatchObject({ name: 'one' })
  })

  test('name what superseded them', async () => {
    const { cache, parked } = await start()
    await parked('b')
    const { version } = await cache.put('b', { name: 'good' })
    expect(await cache.deadLetters()).toMatchObject([{ key: 'b', supersededBy: version }])
    expect((await cache.stats()).journal).toMatchObject({ deadLetters: 1 })
  })
})

describe('retryDeadLetter', () => {
  test('writes the value again, and the letter goes', async () => {
    const { cache, database, parked, eventsOf, counts } = await start()
    await parked('b')
    const [letter] = await cache.deadLetters()
    database.refuses = () => undefined
    const result = await cache.retryDeadLetter('b')
    expect(result).toMatchObject({ value: { name: 'bad b' }, status: 'accepted', existed: true })
    expect(result.version).toBeGreaterThan(letter?.version ?? 0)
    expect(await cache.deadLetters()).toEqual([])
    expect(await cache.get('b')).toEqual({ name: 'bad b' })
    await cache.flush()
    expect(counts.row('b')).toEqual({ value: { name: 'bad b' }, version: result.version })
    expect(eventsOf('dead-letter-retried')).toEqual([
      {
        type: 'dead-letter-retried',
        cache: 'users',
        key: 'cp:users:1:b',
        version: letter?.version,
      },
    ])
  })

  test('writes a changed value, and waits for the database', async () => {
    const { cache, clock, parked, counts } = await start()
    await parked('b')
    const retrying = cache.retryDeadLetter('b', { name: 'good', count: 1 }, persisted)
    await clock.advance(25)
    expect(await retrying).toMatchObject({
      value: { name: 'good', count: 1 },
      status: 'persisted',
    })
    expect(counts.row('b')?.value).toEqual({ name: 'good', count: 1 })
  })

  test('keeps the fields that a change does not name', async () => {
    const { cache, park } = await start()
    await park('b', { name: 'bad', count: 7, email: 'b@x' })
    expect((await cache.retryDeadLetter('b', { name: 'good' })).value).toEqual({
      name: 'good',
      count: 7,
      email: 'b@x',
    })
  })

  test('that is refused again is a dead letter again, and says so to who waits', async () => {
    const { cache, clock, parked, eventsOf } = await start()
    await parked('b')
    const rejected = expect(
      cache.retryDeadLetter('b', { name: 'bad again' }, persisted),
    ).rejects.toMatchObject({ code: 'DEAD_LETTERED' })
    await clock.advance(25)
    await rejected
    expect(await cache.deadLetters()).toMatchObject([{ value: { name: 'bad again' } }])
    expect(eventsOf('dead-letter')).toHaveLength(2)
  })

  test('of a delete deletes, and takes no change', async () => {
    const { cache, database, counts } = await start()
    database.refuses = ({ json }) => (json === null ? '23503' : undefined)
    await cache.delete('a')
    await cache.flush()
    await expect(cache.retryDeadLetter('a', { name: 'x' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
    database.refuses = () => undefined
    expect(await cache.retryDeadLetter('a')).toMatchObject({ value: undefined, existed: true })
    expect(await cache.get('a')).toBeUndefined()
    await cache.flush()
    expect(counts.row('a')).toBeUndefined()
  })

  test('of a key without a letter rejects with NO_DEAD_LETTER', async () => {
    const { cache, parked } = await start()
    const none = { code: 'NO_DEAD_LETTER', key: 'a' }
    await expect(cache.retryDeadLetter('a')).rejects.toMatchObject(none)
    await parked('b')
    await expect(cache.retryDeadLetter('a')).rejects.toMatchObject(none)
    await cache.retryDeadLetter('b', { name: 'good' })
    await expect(cache.retryDeadLetter('b')).rejects.toMatchObject({ code: 'NO_DEAD_LETTER' })
  })

  test('of a key that was written since rejects with SUPERSEDED, and changes nothing', async () => {
    const { cache, parked, eventsOf } = await start()
    await parked('b')
    const { version } = await cache.put('b', { name: 'newer' })
    const superseded = { code: 'SUPERSEDED', key: 'b', version }
    await expect(cache.retryDeadLetter('b')).rejects.toMatchObject(superseded)
    await cache.flush()
    await cache.invalidate('b')
    await expect(cache.retryDeadLetter('b', { name: 'x' })).rejects.toMatchObject(superseded)
    expect(await cache.get('b')).toEqual({ name: 'newer' })
    expect(await cache.deadLetters()).toHaveLength(1)
    expect(eventsOf('dead-letter-retried')).toEqual([])
  })

  test('does not lose the letter when the store does not answer', async () => {
    const { cache, parked, failures } = await start()
    await parked('b')
    failures.on('deadLetter', 'reject', 1)
    const unavailable = { code: 'STORE_UNAVAILABLE' }
    await expect(cache.retryDeadLetter('b')).rejects.toMatchObject(unavailable)
    failures.on('retry', 'reject', 1)
    const unknown = { code: 'WRITE_OUTCOME_UNKNOWN' }
    await expect(cache.retryDeadLetter('b')).rejects.toMatchObject(unknown)
    expect(await cache.deadLetters()).toHaveLength(1)
    failures.on('retry', 'lose-answer', 1)
    await expect(cache.retryDeadLetter('b', { name: 'good' })).rejects.toMatchObject(unknown)
    expect(await cache.deadLetters()).toEqual([])
    expect(await cache.get('b')).toEqual({ name: 'good' })
  })

  test('that comes too late gives up what it had claimed', async () => {
    const clock = manualClock()
    let isLate = true
    const late = intercepted(
      memoryStore({ clock }),
      (method) => method === 'journal',
      (call) =>
        intercepted(
          call.execute() as object,
          (method) => method === 'retry' && isLate,
          () => ({ outcome: 'expired' }),
        ),
    )
    const unique = { email: ({ email }: User) => email }
    const { cache, park } = await start({ clock, store: late, unique })
    await park('b', { name: 'bad', email: 'b@x' })
    await expect(cache.retryDeadLetter('b')).rejects.toMatchObject({ code: 'WRITE_TIMEOUT' })
    await settle()
    expect((await cache.put('c', { name: 'c', email: 'b@x' })).status).toBe('accepted')
    isLate = false
  })
})

describe('discardDeadLetter', () => {
  test('forgets the letter, once', async () => {
    const { cache, parked, eventsOf, counts } = await start()
    await parked('b', 'c')
    const [letter] = await cache.deadLetters()
    expect(await cache.discardDeadLetter('b')).toBe(true)
    expect(await cache.discardDeadLetter('b')).toBe(false)
    expect(await cache.deadLetters()).toMatchObject([{ key: 'c' }])
    expect(eventsOf('dead-letter-discarded')).toEqual([
      {
        type: 'dead-letter-discarded',
        cache: 'users',
        key: 'cp:users:1:b',
        version: letter?.version,
      },
    ])
    expect(counts.row('b')).toBeUndefined()
  })

  test('of a superseded one leaves the newer write', async () => {
    const { cache, parked, counts } = await start()
    await parked('b')
    await cache.put('b', { name: 'newer' })
    expect(await cache.discardDeadLetter('b')).toBe(true)
    await cache.flush()
    expect(counts.row('b')?.value).toEqual({ name: 'newer' })
  })

  test('and the others are refused after close', async () => {
    const { cache, parked } = await start()
    await parked('b')
    await cache.close()
    const closed = { code: 'CLOSED' }
    await expect(cache.deadLetters()).rejects.toMatchObject(closed)
    await expect(cache.discardDeadLetter('b')).rejects.toMatchObject(closed)
    await expect(async () => cache.retryDeadLetter('b')).rejects.toMatchObject(closed)
  })
})
