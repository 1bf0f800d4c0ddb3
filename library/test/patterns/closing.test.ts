import { readThrough } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { passTime, rig, type User } from './reading-rig.ts'

function make() {
  const parts = rig({ a: { name: 'Ada' } })
  const { store, source, clock } = parts
  const base = { name: 'users', ttl: '10s', jitter: 0, store, source, clock } as const
  return { ...parts, base, cache: readThrough<string, User>(base) }
}

describe('close', () => {
  test('refuses every call from then on, and closes nothing that it was given', async () => {
    const { cache, store, base } = make()
    await cache.get('a')
    await cache.close()
    await cache.close()
    const closed = { code: 'CLOSED', retryable: false }
    const calls = [
      () => cache.get('a'),
      () => cache.getMany(['a']),
      () => cache.getMany([]),
      () => cache.lookup('a'),
      () => cache.lookupMany(['a']),
      () => cache.peek('a'),
      () => cache.has('a'),
      () => cache.warm(['a']),
      () => cache.refresh('a'),
      () => cache.invalidate('a'),
      () => cache.clear(),
      () => cache.update('a', { name: 'x' }),
      () => cache.mutate(['a'], async () => 1),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject(closed)
    expect(store.get('cp:users:1:a')).toMatchObject({ kind: 'value' })
    const other = readThrough<string, User>(base)
    expect(await other.get('a')).toEqual({ name: 'Ada' })
  })

  test('is what `await using` does', async () => {
    const { cache } = make()
    await cache[Symbol.asyncDispose]()
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('lets a read that is under way finish', async () => {
    const { base, slow: source, loads, clock } = make()
    const cache = readThrough<string, User>({ ...base, source })
    const reading = cache.get('a')
    const load = await loads.next('load')
    await passTime(clock, cache.close())
    await load.answer()
    expect(await reading).toEqual({ name: 'Ada' })
    expect(clock.pending()).toBe(0)
  })
})
