import { writeBehind } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource } from 'caching-patterns/testing'
import { expect, test, vi } from 'vitest'
import { storeWhile } from '../held-store.ts'

interface User {
  readonly name: string
}

test('while it is not held, reads are the database’s and stale, writes are refused, and nothing is flushed', async () => {
  let isHeld = true
  const { source, counts } = countingSource<User>({ a: { name: 'old' } })
  const memory = memoryStore()
  const store = storeWhile(() => isHeld, 'another has it', memory)
  expect(store.name).toBe('memory')
  const cache = writeBehind<string, User>({
    name: 'users',
    ttl: '1h',
    store,
    source,
    delay: '50ms',
  })
  await cache.put('a', { name: 'new' })
  expect((await cache.lookup('a')).status).toBe('hit')

  isHeld = false
  expect(await cache.lookup('a')).toMatchObject({
    status: 'bypass',
    isStale: true,
    value: { name: 'old' },
  })
  for (let attempt = 0; attempt < 10; attempt++) {
    await expect(cache.put('a', { name: 'later' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('nothing was written'),
    })
  }
  await expect(cache.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(counts.row('a')?.value).toEqual({ name: 'old' })

  isHeld = true
  await vi.waitUntil(async () => (await cache.lookup('a')).status === 'hit')
  expect(await cache.get('a')).toEqual({ name: 'new' })
  await vi.waitUntil(() => counts.row('a')?.value.name === 'new', { timeout: 5_000 })
  await cache.close()
})

test('a flush that is under way when it is lost is finished', async () => {
  let isHeld = true
  const memory = memoryStore()
  const journal = storeWhile(() => isHeld, 'another has it', memory).journal('users:', {
    ...{ maxKeys: 10, maxBytes: 10_000 },
  })
  const write = { json: '{}', precondition: 'any', delayMs: 0, deadlineAt: Infinity } as const
  const accepted = await journal.enqueue('users:a', write)
  isHeld = false
  expect(() => journal.enqueue('users:b', write)).toThrow('another has it')
  expect(() => journal.own(Infinity)).toThrow('another has it')
  const terms = { ttlMs: 1, softTtlMs: 1, graceMs: 0, negativeTtlMs: 1, dueAt: 0 }
  const version = 'version' in accepted ? accepted.version : 0
  expect(await journal.ack([{ key: 'users:a', version }], terms)).toMatchObject({ cleaned: 1 })
  expect(journal.name).toBe('users:')
})
