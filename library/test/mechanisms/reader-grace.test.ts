import { readThrough, refreshAhead, writeThrough } from 'caching-patterns'
import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type User } from '../patterns/reading-rig.ts'

interface Graces {
  readonly staleIfError?: '1m'
  readonly staleWhileLoading?: '30s' | '1m'
  readonly softLoadTimeout?: 50
}

/** A cache whose only entry has reached its hard expiry two seconds ago; loads are answered by hand. */
async function expired(graces: Graces) {
  const parts = rig()
  const { slow: source, store, clock, loads } = parts
  const options = { name: 'users', ttl: '10s', jitter: 0, store, source, clock } as const
  const cache = readThrough<string, User>({ ...options, ...graces })
  const filling = cache.get('k')
  await (await loads.next('load')).answer()
  await filling
  await clock.advance(12_000)
  return { ...parts, cache }
}

const late = { deadlineAt: Number.MAX_SAFE_INTEGER }

describe('an expired value that may answer while its load runs', () => {
  test('is served at once, labelled stale, and its load goes on for those to come', async () => {
    const { cache, source, loads, clock } = await expired({ staleWhileLoading: '1m' })
    await source.put('k', { name: 'new' }, late)
    const answers = await Promise.all([cache.lookup('k'), cache.lookup('k')])
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'stale', isStale: true, value: { name: 'old' } })
    }
    expect(answers[0]?.ttlMs).toBe(-2_000)
    await (await loads.next('load')).answer()
    await settle()
    expect(await cache.lookup('k')).toMatchObject({ status: 'hit', value: { name: 'new' } })
    const { reads, loads: figures } = await cache.stats()
    expect([reads.stale, reads.hits, reads.total, figures.total]).toEqual([2, 1, 4, 2])
    expect(clock.pending()).toBe(0)
  })

  test('waits for the soft time-out, and no longer', async () => {
    const { cache, loads, clock } = await expired({ staleWhileLoading: '1m', softLoadTimeout: 50 })
    let answer: unknown
    const reading = cache.lookup('k').then((given) => {
      answer = given
    })
    const load = await loads.next('load')
    await clock.advance(49)
    expect(answer).toBeUndefined()
    await clock.advance(1)
    expect(answer).toMatchObject({ status: 'stale' })
    await reading
    await load.answer()
    await settle()
    expect(clock.pending()).toBe(0)
  })

  test('is not served when the load is quicker than the soft time-out', async () => {
    const { cache, source, loads } = await expired({ staleWhileLoading: '1m', softLoadTimeout: 50 })
    await source.put('k', { name: 'new' }, late)
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss', value: { name: 'new' } })
  })

  test('is no answer to a failed load, which its own option allows', async () => {
    const graces = { staleWhileLoading: '1m', softLoadTimeout: 50 } as const
    const { cache, loads } = await expired(graces)
    const reading = cache.lookup('k')
    ;(await loads.next('load')).fail(new Error('down'))
    await expect(reading).rejects.toThrow('down')
    const tolerant = await expired({ ...graces, staleIfError: '1m' })
    const answering = tolerant.cache.lookup('k')
    ;(await tolerant.loads.next('load')).fail(new Error('down'))
    expect(await answering).toMatchObject({ status: 'stale' })
  })

  test('hides no failure: the load that goes on announces it, and nothing is unhandled', async () => {
    const { cache, loads } = await expired({ staleWhileLoading: '1m' })
    expect((await cache.lookup('k')).status).toBe('stale')
    ;(await loads.next('load')).fail(new Error('down'))
    await settle()
    expect((await cache.stats()).loads.failures).toBe(1)
  })

  test('is served for its own time, though another option keeps it longer', async () => {
    const { cache, loads, clock } = await expired({ staleWhileLoading: '30s', staleIfError: '1m' })
    await clock.advance(27_999)
    expect((await cache.lookup('k')).status).toBe('stale')
    ;(await loads.next('load')).fail(new Error('down'))
    await clock.advance(1)
    let isAnswered = false
    const reading = cache.lookup('k').finally(() => {
      isAnswered = true
    })
    const load = await loads.next('load')
    await settle()
    expect(isAnswered).toBe(false)
    load.fail(new Error('down'))
    expect(await reading).toMatchObject({ status: 'stale' })
  })

  test('is never served after an invalidation', async () => {
    const { cache, loads } = await expired({ staleWhileLoading: '1m' })
    await cache.invalidate('k')
    const reading = cache.lookup('k')
    await (await loads.next('load')).answer()
    expect(await reading).toMatchObject({ status: 'miss' })
  })

  test('is off where writes are linearizable: the options are refused there', () => {
    const { source, store } = rig()
    const options = { name: 'users', ttl: '10s', store, source } as const
    for (const name of ['staleIfError', 'staleWhileLoading'] as const) {
      const make = () => writeThrough<string, User>({ ...options, [name]: '1m' })
      expect(make).toThrow(`${name}: expected 0 where writes are 'linearizable', received 60000`)
      writeThrough<string, User>({ ...options, [name]: '1m', consistency: 'acked' })
      refreshAhead<string, User>({ ...options, [name]: '1m' })
    }
  })
})
