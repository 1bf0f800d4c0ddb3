import type { Cache, CacheEvent, CacheOptions } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource, failingStore, manualClock } from 'caching-patterns/testing'
import { expect, onTestFinished } from 'vitest'

/** A row. */
export interface User {
  readonly name: string
}
type Options = Partial<Omit<CacheOptions<string, User>, 'read' | 'write'>>
/** What makes it. */
export type Factory = (options: Omit<CacheOptions<string, User>, 'read'>) => Cache<string, User>

/** A cache that writes around itself, over a store that fails on demand. */
export function setup(factory: Factory, options: Options = {}) {
  const clock = manualClock()
  const { store, failures } = failingStore(memoryStore({ clock }))
  const { source, counts } = countingSource<User>({ a: { name: 'one' } })
  const events: CacheEvent[] = []
  const cache = factory({
    name: 'users',
    store,
    source,
    ttl: '1h',
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(async () => {
    failures.heal()
    const closing = cache.close()
    await clock.advance(60_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  return { cache, clock, store, failures, source, counts, events }
}
