import { readThrough } from 'caching-patterns'
import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type User } from '../patterns/reading-rig.ts'

/** A cache whose only entry has reached its hard expiry two seconds ago. */
async function expired() {
  const parts = rig()
  const { slow: source, store, clock, loads } = parts
  const cache = readThrough<string, User>({
    name: 'users',
    ttl: '10s',
    jitter: 0,
    staleIfError: '1m',
    store,
    source,
    clock,
  })
  const filling = cache.get('k')
  await (await loads.next('load')).answer()
  await filling
  await clock.advance(12_000)
  return { ...parts, cache }
}

describe('an expired value', () => {
  test('is served while its load fails, labelled stale', async () => {
    const { cache, loads, clock } = await expired()
    const reading = cache.lookup('k')
    ;(await loads.next('load')).fail(new Error('down'))
    const answer = await reading
    expect(answer).toMatchObject({ status: 'stale', isStale: true, tier: 'memory' })
    expect(answer.value).toEqual({ name: 'old' })
    expect([answer.ttlMs, answer.ageMs]).toEqual([-2_000, 12_000])
    expect((await cache.stats()).reads).toMatchObject({ stale: 1, misses: 1, hits: 0, total: 2 })
    expect(clock.pending()).toBe(0)
  })

  test('is not served while the load succeeds: that is a miss', async () => {
    const { cache, source, loads } = await expired()
    await source.put('k', { name: 'new' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', isStored: true })
    expect(await cache.lookup('k')).toMatchObject({ status: 'hit', value: { name: 'new' } })
  })

  test('is not a cached value to peek and has', async () => {
    const { cache } = await expired()
    expect(await cache.peek('k')).toBeUndefined()
    expect(await cache.has('k')).toBe(false)
  })

  test('is served at the caller’s deadline, and not after its signal', async () => {
    const { cache, loads, clock } = await expired()
    const hasty = cache.lookup('k', { deadline: 50 })
    const aborter = new AbortController()
    const impatient = cache.lookup('k', { signal: aborter.signal })
    impatient.catch(() => {})
    const load = await loads.next('load')
    await clock.advance(50)
    expect((await hasty).status).toBe('stale')
    aborter.abort(new Error('enough'))
    await expect(impatient).rejects.toThrow('enough')
    await load.answer()
  })

  test('is never served after an invalidation', async () => {
    const { cache, loads } = await expired()
    await cache.invalidate('k')
    const reading = cache.get('k')
    ;(await loads.next('load')).fail(new Error('down'))
    await expect(reading).rejects.toThrow('down')
  })

  test('is not served to who joined, but saw nothing himself', async () => {
    const { cache, loads } = await expired()
    const early = cache.lookup('k')
    await cache.invalidate('k')
    const late = cache.lookup('k')
    late.catch(() => {})
    const load = await loads.next('load')
    load.fail(new Error('down'))
    expect((await early).status).toBe('stale')
    await loads.open()
    await settle()
    await expect(late).rejects.toThrow('down')
  })

  test('is gone when its grace is over', async () => {
    const { cache, loads, clock } = await expired()
    await clock.advance(60_000)
    const reading = cache.get('k')
    ;(await loads.next('load')).fail(new Error('down'))
    await expect(reading).rejects.toThrow('down')
  })

  test('goes when the row has gone', async () => {
    const { cache, source, loads, store } = await expired()
    await source.delete('k', { deadlineAt: Number.MAX_SAFE_INTEGER })
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect((await reading).value).toBeUndefined()
    expect(store.get('cp:users:1:k')).toBeUndefined()
    expect((await cache.stats()).fills).toEqual({ stored: 1, refused: 0 })
  })
})
