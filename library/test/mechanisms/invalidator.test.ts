import type { CacheEvent, Store } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { delayedStore, failingStore, manualClock, settle } from 'caching-patterns/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCore } from '../../src/patterns/create-cache.ts'

// the breaker in front of the store reads the machine's clock
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

function setup(over: (store: Store) => Store = (store) => store) {
  const manual = manualClock()
  const pauses: number[] = []
  const clock = {
    ...manual,
    after(ms: number, callback: () => void) {
      pauses.push(ms)
      return manual.after(ms, callback)
    },
  }
  const { store, failures } = failingStore(memoryStore({ clock }))
  const events: CacheEvent[] = []
  const core = createCore<string>(
    { name: 'c', store: over(store), ttl: '1h', clock, onEvent: (event) => events.push(event) },
    {},
  )
  /** Both clocks move, in steps that are finer than a pause. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await clock.advance(25)
      vi.setSystemTime(clock.now())
    }
  }
  vi.setSystemTime(clock.now())
  onTestFinished(async () => {
    failures.heal()
    const closing = core.close()
    await clock.advance(60_000)
    await closing
    expect(clock.pending()).toBe(0)
  })
  return { core, invalidator: core.invalidator, clock, pauses, pass, failures, events }
}

describe('a replay', () => {
  test('pauses 25 ms, then twice as long each time, up to 300 ms', async () => {
    const { invalidator, failures, pauses, pass } = setup()
    failures.on('invalidate', 'throw')
    expect(await invalidator.invalidate('k')).toBe('unconfirmed')
    await pass(1_500)
    const replayPauses = pauses.filter((ms) => ms !== 500)
    expect(replayPauses.slice(0, 7)).toEqual([25, 50, 100, 200, 300, 300, 300])
  })

  test('ends soon after the store is back, and leaves nothing behind', async () => {
    const { invalidator, failures, pass, clock } = setup()
    failures.on('*', 'reject')
    for (const key of ['a', 'b', 'c']) await invalidator.invalidate(key)
    await pass(5_000)
    expect(invalidator.isSuspect('b')).toBe(true)
    expect(invalidator.isSuspect('z')).toBe(false)
    failures.heal()
    await pass(600)
    expect(invalidator.suspects).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  test('goes on with other keys when one of them cannot be invalidated', async () => {
    const { invalidator, failures, pass } = setup((store) => ({
      ...bound(store),
      invalidate(key) {
        if (key === 'bad') throw new Error('this shard is away')
        return store.invalidate(key)
      },
    }))
    failures.on('invalidate', 'reject', 2)
    await invalidator.invalidate('bad')
    await invalidator.invalidate('good')
    await invalidator.invalidate('fine')
    await pass(5_000)
    expect(invalidator.isSuspect('bad')).toBe(true)
    expect(invalidator.isSuspect('good')).toBe(false)
  })

  test('does not clear a key that failed again after the replay was sent', async () => {
    let held: ReturnType<typeof delayedStore>['held'] | undefined
    const { invalidator, clock } = setup((store) => {
      const delayed = delayedStore(store)
      held = delayed.held
      return delayed.store
    })
    const next = async () => (await held?.next('invalidate')) as NonNullable<Waiting>
    type Waiting = Awaited<ReturnType<NonNullable<typeof held>['next']>>

    const first = invalidator.invalidate('k')
    ;(await next()).fail(new Error('lost'))
    await first
    const replayed = await next()
    await replayed.execute()
    const second = invalidator.invalidate('k')
    ;(await next()).fail(new Error('lost'))
    await second
    await replayed.answer()
    await settle()
    expect(invalidator.isSuspect('k')).toBe(true)
    await held?.open()
    await clock.advance(1_000)
    expect(invalidator.isSuspect('k')).toBe(false)
  })
})

describe('more suspects than are remembered', () => {
  const many = 10_050

  test('make every key suspect, until one clear is answered', async () => {
    const { invalidator, failures, pass } = setup()
    failures.on('*', 'throw')
    for (let i = 0; i < many; i += 1) invalidator.suspect(`k${i}`)
    expect(invalidator.suspects).toBe(10_000)
    expect(invalidator.isSuspect('another')).toBe(true)
    await pass(1_000)
    expect(invalidator.isSuspect('another')).toBe(true)

    failures.heal()
    const before = failures.calls('invalidate')
    await pass(1_000)
    expect(invalidator.isSuspect('another')).toBe(false)
    expect(invalidator.isSuspect('k1')).toBe(false)
    expect(invalidator.suspects).toBe(0)
    expect(failures.calls('clear')).toBeGreaterThan(0)
    expect(failures.calls('invalidate') - before).toBeLessThan(10)
  })

  test('stay so when another key fails while the clear is under way', async () => {
    let held: ReturnType<typeof delayedStore>['held'] | undefined
    const { invalidator, clock } = setup((store) => {
      const delayed = delayedStore(store)
      held = delayed.held
      return delayed.store
    })
    for (let i = 0; i < many; i += 1) invalidator.suspect(`k${i}`)
    await (await held?.next('invalidate'))?.answer()
    const clear = await held?.next('clear')
    await clear?.execute()
    invalidator.suspect('late')
    await clear?.answer()
    await settle()
    expect(invalidator.isSuspect('late')).toBe(true)
    await held?.open()
    await clock.advance(1_000)
    expect(invalidator.isSuspect('late')).toBe(false)
  })
})

describe('close', () => {
  for (const mode of ['reject', 'throw', 'hang'] as const) {
    test(`ends with a dead store (${mode}), after one last try`, async () => {
      const { core, invalidator, failures, clock } = setup()
      failures.on('*', mode)
      for (let i = 0; i < 20; i += 1) invalidator.suspect(`k${i}`)
      await clock.advance(40)
      let isClosed = false
      const closing = core.close().then(() => {
        isClosed = true
      })
      await clock.advance(2_000)
      expect(isClosed).toBe(true)
      await closing
      expect(clock.pending()).toBe(0)
      expect(invalidator.isSuspect('k1')).toBe(true)
    })
  }

  test('runs what was to be invalidated later', async () => {
    const { core, failures } = setup()
    core.background.later('invalidate-later', 60_000, () => core.invalidator.invalidate('k'))
    await core.close()
    expect(failures.calls('invalidate')).toBe(1)
  })
})

test('counts each invalidation once, and announces each that failed', async () => {
  const { core, invalidator, failures, events, pass } = setup()
  failures.on('invalidate', 'reject', 2)
  expect(await invalidator.invalidate('a')).toBe('unconfirmed')
  await pass(200)
  expect(await invalidator.invalidate('a')).toBe('confirmed')
  expect(core.recorder.invalidations).toBe(2)
  expect(events.filter(({ type }) => type === 'unconfirmed')).toHaveLength(1)
})

/** A store whose methods can be spread over. */
function bound(store: Store): Store {
  return {
    name: store.name,
    now: () => store.now(),
    get: (...args) => store.get(...args),
    getMany: (...args) => store.getMany(...args),
    acquire: (...args) => store.acquire(...args),
    fill: (...args) => store.fill(...args),
    release: (...args) => store.release(...args),
    begin: (...args) => store.begin(...args),
    end: (...args) => store.end(...args),
    abort: (...args) => store.abort(...args),
    invalidate: (...args) => store.invalidate(...args),
    invalidateUpTo: (...args) => store.invalidateUpTo(...args),
    claimRefresh: (...args) => store.claimRefresh(...args),
    refresh: (...args) => store.refresh(...args),
    clear: (...args) => store.clear(...args),
  }
}
