import { countingSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { opened, type User } from './write-behind-rig.ts'

describe('a full journal', () => {
  test('refuses new keys with JOURNAL_FULL, and lets dirty ones pass', async () => {
    const { cache } = await opened({ maxDirtyKeys: 2 })
    await cache.put('a', { name: '1' })
    await cache.put('b', { name: '1' })
    const full = { code: 'JOURNAL_FULL', retryable: true, retryAfterMs: 1_000 }
    await expect(cache.put('c', { name: '1' })).rejects.toMatchObject(full)
    await expect(cache.create({ name: '1' })).rejects.toMatchObject(full)
    expect((await cache.put('a', { name: '2' })).existed).toBe(true)
    expect((await cache.delete('b')).existed).toBe(true)
    await cache.flush()
    expect((await cache.put('c', { name: '1' })).status).toBe('accepted')
  })

  test('counts bytes too', async () => {
    const { cache } = await opened({ maxDirtyBytes: 2_000 })
    await cache.put('a', { name: 'x'.repeat(1_000) })
    await expect(cache.put('b', { name: 'x'.repeat(1_000) })).rejects.toMatchObject({
      code: 'JOURNAL_FULL',
    })
  })
})

describe('a store that does not answer', () => {
  for (const mode of ['reject', 'throw', 'hang', 'lose-answer', 'hang-after'] as const) {
    test(`leaves the outcome of a write unknown (${mode})`, async () => {
      const { cache, clock, failures } = await opened()
      failures.on('enqueue', mode)
      const rejected = expect(cache.put('a', { name: 'two' })).rejects.toMatchObject({
        code: 'WRITE_OUTCOME_UNKNOWN',
        key: 'a',
      })
      await clock.advance(500)
      await rejected
      expect((await cache.stats()).writes).toMatchObject({ failures: 1, outcomeUnknown: 1 })
    })
  }

  test('and is known to be down is not sent the write: nothing was written', async () => {
    const { cache, failures } = await opened()
    failures.on('*', 'reject')
    for (let i = 0; i < 5; i += 1) await cache.put('a', { name: 'x' }).catch(() => undefined)
    const before = failures.calls('enqueue')
    await expect(cache.put('a', { name: 'two' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    })
    expect(failures.calls('enqueue')).toBe(before)
  })

  test('has its reads answered from the database, labelled stale', async () => {
    const { cache, failures } = await opened()
    await cache.put('a', { name: 'two' })
    failures.on('get', 'reject')
    expect(await cache.lookup('a')).toMatchObject({
      status: 'bypass',
      value: { name: 'one' },
      isStale: true,
    })
    failures.heal()
    expect(await cache.lookup('a')).toMatchObject({ value: { name: 'two' }, isStale: false })
  })

  test('has them labelled although another reader, which came before the write, loads the key', async () => {
    const { cache, failures } = await opened()
    const before = cache.lookup('a')
    // the lease is taken, the load not sent yet: whoever waits for no reply may join
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    await cache.put('a', { name: 'two' })
    failures.on('get', 'reject', 1)
    const after = cache.lookup('a')
    expect(await after).toMatchObject({ value: { name: 'one' }, isStale: true })
    expect(await before).toMatchObject({ value: { name: 'one' }, isStale: false })
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'two' } })
  })

  test('has its reads refused where the options say so', async () => {
    const { cache, failures, counts } = await opened({ onStoreDown: 'throw' })
    failures.on('get', 'reject')
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(counts.calls('load')).toBe(0)
  })

  test('has no write decided by a row that may be old', async () => {
    const { cache, failures } = await opened()
    const created = await cache.create({ name: 'new' })
    const updated = await cache.update('a', { name: 'two' })
    const unknown = { code: 'STORE_UNAVAILABLE', retryable: true }
    for (const write of [
      () => cache.update(created.key, { name: 'newer' }),
      () => cache.delete(created.key),
      () => cache.update('a', { name: 'three' }, { ifVersion: updated.version }),
    ]) {
      failures.on('get', 'reject')
      await expect(write()).rejects.toMatchObject(unknown)
      failures.heal()
      await cache.get('a')
    }
    expect(await cache.get(created.key)).toEqual({ name: 'new' })
  })
})

test('a key that could not be read back from its text is refused before it is accepted', async () => {
  const { source } = countingSource<User>()
  const parseKey = (text: string) => {
    if (/^[a-z]+$/.test(text)) return text
    throw Object.assign(new Error('no such key'), { code: 'INVALID_KEY' })
  }
  const { cache, journal } = await opened({
    source: Object.assign(Object.create(source), { parseKey }) as typeof source,
  })
  await expect(cache.put('7', { name: 'x' })).rejects.toMatchObject({ code: 'INVALID_KEY' })
  await cache.put('b', { name: 'x' })
  await cache.flush()
  expect(await journal()).toMatchObject({ dirty: 0, flushed: 1 })
})

test('announces each write once', async () => {
  const { cache, events } = await opened()
  await cache.create({ name: 'new' })
  await cache.update('a', { name: 'two' })
  await cache.delete('a')
  expect(
    events.flatMap((event) => (event.type === 'write' ? [[event.operation, event.key]] : [])),
  ).toEqual([
    ['create', 'cp:users:1:1'],
    ['update', 'cp:users:1:a'],
    ['delete', 'cp:users:1:a'],
  ])
})
