import { settle } from 'caching-patterns/testing'
import { expect, test } from 'vitest'
import { setup } from './write-behind-rig.ts'

const persisted = { durability: 'persisted', within: '1m' } as const

test('a signal ends the wait for the database, and the write goes on', async () => {
  const { cache, clock, held, journal } = setup()
  const leaving = new AbortController()
  const statuses: string[] = []
  for (const key of ['b', 'c']) {
    const options = { ...persisted, ...(key === 'b' && { signal: leaving.signal }) }
    void cache.put(key, { name: 'two' }, options).then(({ status }) => statuses.push(status))
  }
  await clock.advance(500)
  expect(statuses).toEqual([])
  leaving.abort()
  await settle()
  expect(statuses).toEqual(['accepted'])
  expect(await journal()).toMatchObject({ dirty: 2 })
  await held.open()
  await clock.advance(500)
  expect(statuses).toEqual(['accepted', 'persisted'])
  expect(await journal()).toMatchObject({ dirty: 0, flushed: 2 })
})

test('a signal that was given before lets a write be answered at once', async () => {
  const { cache } = setup()
  const options = { ...persisted, signal: AbortSignal.abort() }
  expect((await cache.put('b', { name: 'two' }, options)).status).toBe('accepted')
})

test('a signal outlives the waits that heard of it', async () => {
  const { cache, clock, held } = setup()
  await held.open()
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...call: Parameters<typeof add>) => {
    listeners += 1
    add(...call)
  }
  signal.removeEventListener = (...call: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...call)
  }
  const writing = cache.put('b', { name: 'two' }, { ...persisted, signal })
  await clock.advance(500)
  expect((await writing).status).toBe('persisted')
  expect(listeners).toBe(0)
})
