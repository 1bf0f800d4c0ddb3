import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { opened, setup } from './write-behind-rig.ts'

const full = { code: 'JOURNAL_FULL', retryable: true }

/** As many dirty keys. */
async function dirtied({ cache }: ReturnType<typeof setup>, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await cache.put(`k${i}`, { name: 'x' })
}

describe('onFull: reject', () => {
  test('is what happens where nothing is said, and at exactly the limit', async () => {
    const parts = await opened({ maxDirtyKeys: 3 })
    await dirtied(parts, 3)
    await expect(parts.cache.put('more', { name: 'x' })).rejects.toMatchObject({
      ...full,
      key: 'more',
    })
    expect(parts.failures.calls('enqueue')).toBe(4)
    expect(await parts.journal()).toMatchObject({ dirty: 3, enqueued: 3 })
  })

  test('refuses a write of a retried dead letter too', async () => {
    const parts = await opened({ maxDirtyKeys: 1 })
    parts.database.refuses = () => '23514'
    await dirtied(parts, 1)
    await parts.cache.flush()
    await parts.cache.put('other', { name: 'x' })
    await expect(parts.cache.retryDeadLetter('k0')).rejects.toMatchObject(full)
    expect(await parts.cache.deadLetters()).toHaveLength(1)
  })
})

describe('onFull: block', () => {
  test('waits for room, and is accepted then', async () => {
    const parts = await opened({ maxDirtyKeys: 2, onFull: 'block', delay: '1s' })
    await dirtied(parts, 2)
    const writing = parts.cache.put('more', { name: 'x' })
    await parts.clock.advance(1_250)
    expect(await writing).toMatchObject({ status: 'accepted' })
    expect(await parts.journal()).toMatchObject({ dirty: 1, flushed: 2 })
  })

  test('gives up within writeDeadline, and asks seldom', async () => {
    const parts = await opened({
      maxDirtyKeys: 2,
      onFull: 'block',
      delay: '1h',
      writeDeadline: '2s',
    })
    await dirtied(parts, 2)
    const rejected = expect(parts.cache.put('more', { name: 'x' })).rejects.toMatchObject(full)
    await parts.clock.advance(2_000)
    await rejected
    expect(parts.failures.calls('enqueue') - 2).toBeLessThan(16)
    expect(parts.failures.calls('enqueue') - 2).toBeGreaterThan(8)
  })

  test('lets dirty keys pass meanwhile', async () => {
    const parts = await opened({ maxDirtyKeys: 1, onFull: 'block', delay: '1h' })
    await dirtied(parts, 1)
    const rejected = expect(parts.cache.put('more', { name: 'x' })).rejects.toMatchObject(full)
    await settle()
    expect((await parts.cache.put('k0', { name: 'y' })).status).toBe('accepted')
    await parts.clock.advance(2_500)
    await rejected
  })
})

describe('onFull: sync', () => {
  test('lets a write in over the limit, and answers when the database has it', async () => {
    const parts = setup({ maxDirtyKeys: 2, onFull: 'sync', delay: '1h' })
    const { cache, clock, held, counts } = parts
    await dirtied(parts, 2)
    let isDone = false
    const writing = cache.put('more', { name: 'x' }).finally(() => {
      isDone = true
    })
    await clock.advance(25)
    const flush = await held.next('flush')
    expect(flush.args[0]).toMatchObject([{ key: 'more' }])
    expect(isDone).toBe(false)
    expect(await cache.get('more')).toEqual({ name: 'x' })
    await flush.answer()
    expect(await writing).toMatchObject({ status: 'persisted' })
    expect(counts.row('more')?.value).toEqual({ name: 'x' })
    expect(await parts.journal()).toMatchObject({ dirty: 2 })
  })

  test('lets in 16 at a time, and refuses the next one', async () => {
    const parts = setup({ maxDirtyKeys: 2, onFull: 'sync', delay: '1h' })
    const { cache, clock, held } = parts
    await dirtied(parts, 2)
    const writing = Array.from({ length: 16 }, (_, i) => cache.put(`more${i}`, { name: 'x' }))
    await settle()
    await expect(cache.put('too-much', { name: 'x' })).rejects.toMatchObject(full)
    expect(await parts.journal()).toMatchObject({ dirty: 18 })
    await held.open()
    await clock.advance(50)
    for (const { status } of await Promise.all(writing)) expect(status).toBe('persisted')
    const again = cache.put('too-much', { name: 'x' })
    await clock.advance(50)
    expect((await again).status).toBe('persisted')
  })

  test('rejects with DEAD_LETTERED when the database refuses it', async () => {
    const parts = await opened({ maxDirtyKeys: 1, onFull: 'sync', delay: '1h' })
    await dirtied(parts, 1)
    parts.database.refuses = ({ key }) => (key === 'more' ? '23514' : undefined)
    const rejected = expect(parts.cache.put('more', { name: 'x' })).rejects.toMatchObject({
      code: 'DEAD_LETTERED',
    })
    await parts.clock.advance(25)
    await rejected
  })

  test('is refused while the breaker in front of the database is not closed', async () => {
    const parts = await opened({ maxDirtyKeys: 2, onFull: 'sync', delay: 0, random: () => 0.5 })
    const { cache, clock, database } = parts
    database.refuses = () => '57P01'
    await dirtied(parts, 2)
    await clock.advance(2_000)
    expect(await parts.journal()).toMatchObject({ breaker: 'open', dirty: 2 })
    await expect(cache.put('more', { name: 'x' })).rejects.toMatchObject({
      ...full,
      retryAfterMs: 60_000,
    })
    expect(await parts.journal()).toMatchObject({ dirty: 2 })
    database.refuses = () => undefined
    await clock.advance(6_000)
    expect(await parts.journal()).toMatchObject({ breaker: 'closed', dirty: 0 })
  })

  test('answers writes within the limits as ever', async () => {
    const parts = await opened({ maxDirtyKeys: 2, onFull: 'sync', delay: '1h' })
    await dirtied(parts, 2)
    expect((await parts.cache.put('k0', { name: 'y' })).status).toBe('accepted')
    expect(await parts.journal()).toMatchObject({ dirty: 2, flushed: 0 })
  })
})
