import type { ClaimScope, Journal, JournalingStore } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { setup } from './flusher-rig.ts'

/** A store whose journal several processes claim from; what `mine` does not name belongs to another of them. */
function shared(partitions = 1) {
  const clock = manualClock()
  const memory = memoryStore({ clock })
  const process = { mine: (_key: string) => true, claims: 0, releases: 0 }
  const journalOf = (...args: Parameters<JournalingStore['journal']>): Journal => {
    const journal = memory.journal(...args)
    return over(journal, {
      pollMs: 500,
      partitions,
      async claim(limit: number, dueBy: number, from: ClaimScope) {
        process.claims += 1
        const due = await journal.claim(Number.MAX_SAFE_INTEGER, dueBy, from)
        return due.filter(({ key }) => process.mine(key)).slice(0, limit)
      },
      release() {
        process.releases += 1
      },
    })
  }
  const store = over(memory, { journal: journalOf })
  return { clock, memory, store, process }
}

/** `target` with some of its members replaced. */
function over<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, property) {
      const own: unknown = Reflect.get(members, property)
      if (own !== undefined) return own
      const member: unknown = Reflect.get(target, property)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

describe('a flusher of a shared journal', () => {
  test('finds what another process has written, within pollMs', async () => {
    const { clock, memory, store, process } = shared()
    const { pass, flushes } = setup({ clock, store })
    await pass(1_100)
    const others = memory.journal('cp:users:1:', { maxKeys: 9, maxBytes: 9_999 })
    const deadlineAt = clock.now() + 100
    others.enqueue('cp:users:1:x', { json: '{}', precondition: 'any', delayMs: 0, deadlineAt })
    await pass(475)
    await pass(50)
    expect(flushes.flat().map(({ key }) => key)).toEqual(['x'])
    expect(process.claims).toBeLessThan(10)
  })

  test('leaves alone what is due and belongs to another, and does not spin', async () => {
    const { clock, store, process } = shared()
    const { cache, pass, flushes } = setup({ clock, store })
    process.mine = (key) => key.endsWith('mine')
    await cache.put('theirs', { name: 'a' })
    await cache.put('mine', { name: 'b' })
    await pass(1_600)
    expect(flushes.flat().map(({ key }) => key)).toEqual(['mine'])
    process.claims = 0
    await pass(10_000)
    expect(process.claims).toBeLessThan(25)
    process.mine = () => true
    await pass(600)
    expect(flushes.flat().map(({ key }) => key)).toEqual(['mine', 'theirs'])
  })

  test('looks at it ten times in a delay at most, however often something becomes due', async () => {
    const { clock, store, process } = shared()
    const { cache, pass, flushes } = setup({ clock, store })
    await pass(1_100)
    const write = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        await cache.put(`k${i}`, { name: 'a' })
        await pass(10)
      }
    }
    await write(0, 110)
    process.claims = 0
    await write(110, 210)
    // of each look one more that finds nothing
    expect(process.claims).toBeLessThanOrEqual(22)
    expect(flushes.flat().length).toBeGreaterThan(90)
    await pass(1_200)
    expect(flushes.flat()).toHaveLength(210)
  })

  test('flush waits until others have flushed what was accepted before it, and for nothing younger', async () => {
    const { clock, store, process } = shared()
    const { cache, pass, flushes } = setup({ clock, store })
    process.mine = () => false
    await cache.put('old', { name: 'a' })
    await pass(50)
    let isDone = false
    const flushing = cache.flush().then(() => {
      isDone = true
    })
    await pass(100)
    await cache.put('young', { name: 'b' })
    await pass(300)
    expect(isDone).toBe(false)
    process.mine = (key) => key.endsWith('old')
    await pass(50)
    await flushing
    expect(flushes.flat().map(({ key }) => key)).toEqual(['old'])
    process.mine = () => true
  })

  test('close drains what is its own, and then gives the rest to others', async () => {
    const { clock, store, process } = shared()
    const { cache, pass, flushes } = setup({ clock, store })
    process.mine = (key) => key.endsWith('mine')
    await cache.put('mine', { name: 'b' })
    await cache.put('theirs', { name: 'a' })
    const closing = cache.close()
    await pass(100)
    await closing
    expect(flushes.flat().map(({ key }) => key)).toEqual(['mine'])
    expect(process.releases).toBe(1)
  })

  test('asks whose it is every two seconds while all is its own, and in each round while it is not', async () => {
    const { cache, failures, pass } = setup({ delay: 0 })
    const roundsOf = async (count: number) => {
      const before = failures.calls('own')
      for (let i = 0; i < count; i += 1) {
        await cache.put('k', { name: `${i}` })
        await pass(100)
      }
      return failures.calls('own') - before
    }
    expect(await roundsOf(10)).toBe(1)
    expect(await roundsOf(40)).toBe(2)
    // of two partitions one belongs to another process
    const { clock, store } = shared(2)
    const two = setup({ clock, store, delay: 0 })
    await two.cache.put('k', { name: 'a' })
    await two.pass(100)
    const before = two.failures.calls('own')
    for (let i = 0; i < 5; i += 1) {
      await two.cache.put('k', { name: `${i}` })
      await two.pass(600)
    }
    expect(two.failures.calls('own') - before).toBeGreaterThanOrEqual(5)
  })
})
