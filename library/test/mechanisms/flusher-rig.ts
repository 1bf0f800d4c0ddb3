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
} from 'caching-patterns/testing'
import { afterEach, beforeEach, expect, onTestFinished, vi } from 'vitest'

// the breaker in front of the store reads the machine's clock
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** A row. */
export interface User {
  readonly name: string
  readonly email?: string
}
/** A row on its way. */
export type Row = FlushRow<string>
type Options = Partial<
  Omit<WriteBehindOptions<string, User>, 'write'> & Omit<WriteBehindPolicy<User>, 'policy'>
>

/** A write-behind cache whose journal fails on demand, whose database says what a test wants, and whose clocks a test moves. */
export function setup(options: Options = {}, rows: Record<string, User> = {}) {
  const clock = (options.clock as ManualClock | undefined) ?? manualClock()
  const memory = (options.store as MemoryStore | undefined) ?? memoryStore({ clock })
  const { store, failures } = failingStore<JournalingStore>(memory)
  const { source, counts } = countingSource<User>(rows)
  const flushes: Row[][] = []
  /** What the database says to these rows: an error, or nothing. */
  const database = { refuse: (_rows: readonly Row[]): Error | undefined => undefined }
  const flush: typeof source.flush = async (rows, context) => {
    flushes.push([...rows])
    const refusal = database.refuse(rows)
    if (refusal !== undefined) throw refusal
    return source.flush(rows, context)
  }
  const events: CacheEvent[] = []
  const cache: JournaledCache<string, User> = writeBehind<string, User>({
    name: 'users',
    ttl: '1h',
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    source: Object.assign(Object.create(source), { flush }) as typeof source,
    ...options,
    store,
    clock,
  })
  /** Both clocks move, in steps that are finer than a pause. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await clock.advance(Math.min(25, ms - passed))
      vi.setSystemTime(clock.now())
    }
  }
  vi.setSystemTime(clock.now())
  onTestFinished(async () => {
    failures.heal()
    database.refuse = () => undefined
    const closing = cache.close()
    await pass(20_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  const keysOf = (flushed: readonly Row[] | undefined) => flushed?.map(({ key }) => key)
  const journal = async () => (await cache.stats()).journal
  return {
    cache,
    clock,
    memory,
    failures,
    counts,
    flushes,
    database,
    events,
    pass,
    keysOf,
    journal,
  }
}

/** What a database says with this code. */
export function sqlError(sqlstate: string): Error {
  return Object.assign(new Error(`refused with ${sqlstate}`), { sqlstate })
}
