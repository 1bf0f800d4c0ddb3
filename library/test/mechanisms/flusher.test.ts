import {
  type CacheEvent,
  type FlushRow,
  type JournaledCache,
  type JournalingStore,
  type WriteBehindOptions,
  type WriteBehindPolicy,
  writeBehind,
} from 'caching-patterns'
import { type MemoryStore, memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  failingStore,
  type ManualClock,
  manualClock,
  settle,
  slowSource,
} from 'caching-patterns/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

// the breaker in front of the store reads the machine's clock
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

interface User {
  readonly name: string
  readonly email?: string
}
type Row = FlushRow<string>
type Options = Partial<
  Omit<WriteBehindOptions<string, User>, 'write'> & Omit<WriteBehindPolicy, 'policy'>
>

function setup(options: Options = {}, rows: Record<string, User> = {}) {
  const clock = (options.clock as ManualClock | undefined) ?? manualClock()
  const memory = (options.store as MemoryStore | undefined) ?? memoryStore({ clock })
  const { store, failures } = failingStore<JournalingStore>(memory)
  const { source, counts } = countingSource<User>(rows)
  const flushes: Row[][] = []
  /** What the database says to these rows: an error, or nothing. */
  const database = { refuse: (_rows: readonly Row[]): Error | undefined => undefined }
  const flush: typeof source.flush = async (rows, context) => {
    flushes.push([...rows])
    const refusal = database.refuse(rows)
    if (refusal !== undefined) throw refusal
    return source.flush(rows, context)
  }
  const events: CacheEvent[] = []
  const cache: JournaledCache<string, User> = writeBehind<string, User>({
    name: 'users',
    ttl: '1h',
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    source: Object.assign(Object.create(source), { flush }) as typeof source,
    ...options,
    store,
    clock,
  })
  /** Both clocks move, in steps that are finer than a pause. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await clock.advance(Math.min(25, ms - passed))
      vi.setSystemTime(clock.now())
    }
  }
  vi.setSystemTime(clock.now())
  onTestFinished(async () => {
    failures.heal()
    database.refuse = () => undefined
    const closing = cache.close()
    await pass(20_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  const keysOf = (flushed: readonly Row[] | undefined) => flushed?.map(({ key }) => key)
  const journal = async () => (await cache.stats()).journal
  return {
    cache,
    clock,
    memory,
    failures,
    counts,
    flushes,
    database,
    events,
    pass,
    keysOf,
    journal,
  }
}

function sqlError(sqlstate: string): Error {
  return Object.assign(new Error(`refused with ${sqlstate}`), { sqlstate })
}

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
    failures.on('enqueue', 'lose-answer', 1)
    await expect(cache.put('a', { name: 'one' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    await pass(1_000)
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
  })

  for (const method of ['claim', 'nextDueAt', 'ack'] as const) {
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
        key: 'cp:users:1:k77',
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
    const { cache, clock, pass } = setup({ source: slow.source, drainFor: '1s' })
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
