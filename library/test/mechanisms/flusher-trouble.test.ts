import { countingSource, slowSource } from 'caching-patterns/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Row, setup, sqlError, type User } from './flusher-rig.ts'

describe('a failure that may pass', () => {
  test('keeps the batch and its order, and is tried again with a growing pause', async () => {
    const { cache, clock, flushes, keysOf, database, pass, journal, counts } = setup()
    const at: number[] = []
    const startedAt = clock.now()
    database.refuse = () => {
      at.push(clock.now() - startedAt)
      return sqlError('57P01')
    }
    for (const key of ['b', 'a', 'c']) await cache.put(key, { name: key })
    await pass(12_000)
    const pauses = at.slice(1).map((ms, index) => ms - (at[index] as number))
    expect(at[0]).toBe(1_000)
    expect(pauses.slice(0, 6)).toEqual([75, 150, 300, 600, 1_200, 2_400])
    expect(await journal()).toMatchObject({ dirty: 3, retries: at.length, flushed: 0 })

    database.refuse = () => undefined
    await pass(5_000)
    expect(flushes.every((rows) => keysOf(rows)?.join() === 'b,a,c')).toBe(true)
    expect(counts.row('c')?.value).toEqual({ name: 'c' })
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 3, deadLetters: 0 })
  })

  test('is not tried again sooner because more is written', async () => {
    const { cache, flushes, database, pass } = setup({ delay: 0 })
    database.refuse = () => sqlError('57P01')
    for (let i = 0; i < 100; i += 1) {
      await cache.put(`k${i}`, { name: 'x' })
      await pass(25)
    }
    expect(flushes.length).toBeLessThan(8)
  })

  test('in the middle of a halved batch loses and repeats nothing that is counted', async () => {
    const { cache, database, pass, journal, counts } = setup()
    let isAway = false
    database.refuse = (rows) => {
      if (isAway) return sqlError('08006')
      if (!rows.some(({ key }) => key === 'bad')) return undefined
      if (rows.length === 1) isAway = true
      return sqlError('22001')
    }
    for (const key of ['a', 'b', 'bad', 'c']) await cache.put(key, { name: key })
    await pass(1_050)
    expect(await journal()).toMatchObject({ flushed: 2, deadLetters: 0, dirty: 2, retries: 1 })
    isAway = false
    database.refuse = (rows) =>
      rows.some(({ key }) => key === 'bad') ? sqlError('22001') : undefined
    await pass(200)
    expect(counts.row('c')?.value).toEqual({ name: 'c' })
    expect(await journal()).toMatchObject({ flushed: 3, deadLetters: 1, dirty: 0, enqueued: 4 })
  })

  test('of a database that does not answer ends with the deadline, and is tried again', async () => {
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, events, journal } = setup({ source: slow.source })
    await cache.put('a', { name: 'one' })
    await pass(3_500)
    expect(events.map(({ type }) => type)).toContain('flush-failure')
    await slow.held.open()
    await pass(1_000)
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 1, retries: 1 })
  })
})

describe('a row that the database refuses', () => {
  test('is found by halving, and parked; the others are written in the same turn', async () => {
    const { cache, flushes, database, events, pass, journal, counts } = setup(
      {},
      {
        k77: { name: 'their truth' },
      },
    )
    database.refuse = (rows) =>
      rows.some(({ key }) => key === 'k77') ? sqlError('22001') : undefined
    for (let i = 0; i < 256; i += 1) await cache.put(`k${i}`, { name: `${i}` })
    expect(await cache.get('k77')).toEqual({ name: '77' })
    await pass(1_000)

    expect(flushes.length).toBe(1 + 2 * 8)
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 255, retries: 0, deadLetters: 1 })
    expect(await cache.deadLetters()).toMatchObject([
      {
        key: 'k77',
        json: '{"name":"77"}',
        sqlstate: '22001',
        reason: 'refused with 22001',
        attempts: 1,
      },
    ])
    expect(events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { key: 'cp:users:1:k77', sqlstate: '22001' },
    ])
    expect(counts.row('k255')?.value).toEqual({ name: '255' })
    expect(await cache.lookup('k77')).toMatchObject({
      status: 'miss',
      value: { name: 'their truth' },
      isStale: false,
    })
  })

  test('is no dead letter when a newer write has taken its place', async () => {
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, journal, events } = setup({ source: slow.source })
    await cache.put('a', { name: 'bad' })
    await pass(1_000)
    const flush = await slow.held.next('flush')
    await cache.put('a', { name: 'good' })
    flush.fail(sqlError('22001'))
    await slow.held.open()
    await pass(1_000)
    expect(counts.row('a')?.value).toEqual({ name: 'good' })
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 0, flushed: 1 })
    expect(events.filter(({ type }) => type === 'dead-letter')).toEqual([])
  })

  test('is parked also when the journal could not be told of the others meanwhile', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, journal, failures } = setup({ source: slow.source })
    for (const name of ['a', 'b', 'c', 'bad']) await cache.put(name, { name })
    await pass(1_000)
    ;(await slow.held.next('flush')).fail(sqlError('22001'))
    const unheard: unknown[] = []
    const listen = (error: unknown) => void unheard.push(error)
    process.on('unhandledRejection', listen)
    onTestFinished(() => void process.off('unhandledRejection', listen))
    failures.on('ack', 'reject')
    await (await slow.held.next('flush')).answer()
    const second = await slow.held.next('flush')
    // long enough for Node to find a rejection that nobody handles
    await new Promise((resolve) => setImmediate(resolve))
    expect(unheard).toEqual([])
    failures.heal()
    second.fail(sqlError('22001'))
    await (await slow.held.next('flush')).answer()
    ;(await slow.held.next('flush')).fail(sqlError('22001'))
    await pass(50)
    await slow.held.open()
    await pass(2_000)
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1 })
  })

  test('passes when what blocked it is written by the same batch', async () => {
    const { cache, database, pass, journal, counts } = setup(
      {},
      {
        z: { name: 'z', email: '1@x' },
        y: { name: 'y', email: '2@x' },
      },
    )
    const keys = ['a', 'y', 'z']
    database.refuse = (rows) => (isTaken(rows, keys, counts) ? sqlError('23505') : undefined)
    // each takes the email that the next one gives up, and is written before it
    await cache.put('a', { name: 'a', email: '2@x' })
    await cache.put('y', { name: 'y', email: '1@x' })
    await cache.put('z', { name: 'z', email: '3@x' })
    await pass(1_000)
    expect(keys.map((key) => counts.row(key)?.value.email)).toEqual(['2@x', '1@x', '3@x'])
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 3, deadLetters: 0 })
  })

  test('is parked after a try alone when it stays in conflict', async () => {
    const { cache, database, pass, journal, counts } = setup({}, { z: { name: 'z', email: '1@x' } })
    database.refuse = (rows) =>
      isTaken(rows, ['a', 'b', 'z'], counts) ? sqlError('23505') : undefined
    await cache.put('a', { name: 'a', email: '1@x' })
    await cache.put('b', { name: 'b', email: '2@x' })
    await pass(1_000)
    expect(counts.row('b')?.value.email).toBe('2@x')
    expect(await cache.deadLetters()).toMatchObject([{ sqlstate: '23505', attempts: 2 }])
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 1, deadLetters: 1 })
    expect(await cache.get('a')).toBeUndefined()
  })

  test('is parked once when the answer of the journal is lost', async () => {
    const { cache, failures, database, pass, journal } = setup()
    database.refuse = () => sqlError('22001')
    failures.on('quarantine', 'lose-answer', 1)
    await cache.put('a', { name: 'bad' })
    await pass(2_000)
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1 })
  })
})

/** A unique index on the email, checked row by row as they are written. */
function isTaken(
  rows: readonly Row[],
  keys: readonly string[],
  counts: { row(key: string): { readonly value: User } | undefined },
): boolean {
  const emails = new Map(keys.map((key) => [key, counts.row(key)?.value.email]))
  for (const { key, json } of [...rows].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { email } = JSON.parse(json ?? '{}') as User
    const isInTheWay = [...emails].some(([other, taken]) => other !== key && taken === email)
    if (email !== undefined && isInTheWay) return true
    emails.set(key, email)
  }
  return false
}
