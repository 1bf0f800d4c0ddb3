import {
  type CacheEvent,
  type WriteThroughOptions,
  type WriteThroughPolicy,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  failingStore,
  manualClock,
  slowSource,
} from 'caching-patterns/testing'
import { expect, onTestFinished } from 'vitest'

/** A row. */
export interface User {
  readonly name: string
}
type Options = Partial<
  Omit<WriteThroughOptions<string, User>, 'write'> & Omit<WriteThroughPolicy, 'policy'>
>

/** Where the row is cached. */
export const id = 'cp:users:1:a'

/** A write-through cache: its store, loads and commits wait for the test. */
export function setup(options: Options = {}) {
  const clock = manualClock()
  const memory = memoryStore({ clock })
  const { store: failing, failures } = failingStore(memory)
  const { store, held } = delayedStore(failing)
  const { source, counts } = countingSource<User>({ a: { name: 'one' } })
  const { source: slow, held: commits } = slowSource(source, ['load', 'update', 'delete', 'insert'])
  const events: CacheEvent[] = []
  const cache = writeThrough<string, User>({
    name: 'users',
    store,
    source: slow,
    ttl: '1h',
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(async () => {
    failures.heal()
    await Promise.all([held.open(), commits.open()])
    const closing = cache.close()
    await clock.advance(60_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  return { cache, clock, memory, failures, held, source, counts, commits, events }
}

/** The same, and neither store nor source wait. */
export async function opened(options: Options = {}) {
  const parts = setup(options)
  await Promise.all([parts.held.open(), parts.commits.open()])
  return parts
}
