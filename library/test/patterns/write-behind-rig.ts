import {
  type CacheEvent,
  type FlushRow,
  type JournaledCache,
  type JournalingStore,
  type WriteBehindOptions,
  type WriteBehindPolicy,
  writeBehind,
} from 'caching-patterns'
import { type MemoryStore, memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  failingStore,
  type ManualClock,
  manualClock,
  slowSource,
} from 'caching-patterns/testing'
import { afterEach, beforeEach, expect, onTestFinished, vi } from 'vitest'

// the breaker in front of the store reads the machine's clock
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** A row. */
export interface User {
  readonly name: string
  readonly count?: number
  readonly email?: string
}
type Options = Partial<
  Omit<WriteBehindOptions<string, User>, 'write'> & Omit<WriteBehindPolicy<User>, 'policy'>
>

/** A write-behind cache over a store that fails on demand; loads and flushes wait for the test. */
export function setup(options: Options = {}) {
  const clock = (options.clock as ManualClock | undefined) ?? manualClock()
  const memory = (options.store as MemoryStore | undefined) ?? memoryStore({ clock })
  const { store, failures } = failingStore<JournalingStore>(memory)
  /** The SQLSTATE that the database says to a row; `undefined`: it takes it. */
  const database = { refuses: (_row: FlushRow<string>): string | undefined => undefined }
  const { source, counts } = countingSource<User>(
    { a: { name: 'one', count: 0 } },
    { refuses: (row) => database.refuses(row) },
  )
  const { source: slow, held } = slowSource(source, ['flush', 'load'])
  const events: CacheEvent[] = []
  const cache: JournaledCache<string, User> = writeBehind<string, User>({
    name: 'users',
    ttl: '1h',
    source: slow,
    onEvent: (event) => events.push(event),
    ...options,
    store,
    clock,
  })
  vi.setSystemTime(clock.now())
  onTestFinished(async () => {
    failures.heal()
    database.refuses = () => undefined
    vi.setSystemTime(clock.now() + 1_000)
    await held.open()
    const closing = cache.close()
    await clock.advance(20_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  const journal = async () => (await cache.stats()).journal
  return { cache, clock, memory, failures, counts, database, held, events, journal }
}

/** The same, and the source does not wait. */
export async function opened(options: Options = {}) {
  const parts = setup(options)
  await parts.held.open()
  return parts
}
