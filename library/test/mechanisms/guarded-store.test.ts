import { hasCode } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { delayedStore, failingStore, manualClock, settle } from 'caching-patterns/testing'
import { describe, expect, test, vi } from 'vitest'
import { GuardedStore, wasNotSent } from '../../src/mechanisms/guarded-store.ts'
import { remote } from '../patterns/reading-rig.ts'

function guard(isRemote = true) {
  const clock = manualClock()
  const inner = memoryStore({ clock })
  const { store, failures } = failingStore(isRemote ? remote(inner) : inner)
  const errors: string[] = []
  const states: string[] = []
  const guarded = new GuardedStore(store, {
    readDeadlineMs: 100,
    writeDeadlineMs: 500,
    clock,
    onError: (operation) => errors.push(operation),
    onBreaker: (state) => states.push(state),
  })
  const fail = async (times: number) => {
    failures.on('get', 'reject', times)
    for (let call = 0; call < times; call += 1) await outcome(guarded.get('k'))
  }
  return { clock, inner, failures, guarded, errors, states, fail }
}

async function outcome(call: unknown): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    return error
  }
}

/** A guarded store that answers when it is told. */
function slow() {
  const clock = manualClock()
  const { store, held } = delayedStore(memoryStore({ clock }))
  const errors: string[] = []
  const states: string[] = []
  const guarded = new GuardedStore(store, {
    readDeadlineMs: 100,
    writeDeadlineMs: 500,
    clock,
    onError: (operation, error) => errors.push(`${operation}: ${(error as Error).message}`),
    onBreaker: (state) => states.push(state),
  })
  /** Reads, one after the other, each answered after `ms`. */
  const read = async (times: number, ms: number) => {
    for (let call = 0; call < times; call += 1) {
      const reading = outcome(guarded.get('k'))
      const get = await held.next('get')
      await clock.advance(ms)
      await get.answer()
      await reading
    }
  }
  return { clock, held, guarded, errors, states, read }
}

/** A promise and what settles it. */
function resolvers() {
  let resolve: (value: undefined) => void = () => {}
  const promise = new Promise<undefined>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

describe('a call', () => {
  test('in process is answered at once, without a promise', () => {
    const { guarded } = guard(false)
    expect(guarded.get('k')).toBeUndefined()
  })

  test('that hangs is STORE_TIMEOUT at its deadline: 100 ms for reads, 500 for writes', async () => {
    const { guarded, failures, clock, errors } = guard()
    failures.on('*', 'hang')
    const get = outcome(guarded.get('k'))
    const many = outcome(guarded.read('getMany', (store) => store.getMany(['k'])))
    const write = outcome(guarded.write('invalidate', (store) => store.invalidate('k')))
    await clock.advance(99)
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(errors).toEqual(['get', 'getMany'])
    await clock.advance(400)
    for (const call of [get, many, write]) {
      expect(await call).toMatchObject({ code: 'STORE_TIMEOUT', retryable: true })
    }
    expect(errors).toHaveLength(3)
    expect(clock.pending()).toBe(0)
  })

  test('that throws or rejects is STORE_UNAVAILABLE, with its cause', async () => {
    const { guarded, failures } = guard()
    for (const mode of ['reject', 'throw'] as const) {
      failures.on('*', mode)
      for (const call of [
        () => guarded.get('k'),
        () => guarded.write('release', (store) => store.release('k', 't')),
      ]) {
        const error = await outcome(call())
        expect(hasCode(error, 'STORE_UNAVAILABLE')).toBe(true)
        expect((error as Error).cause).toBeInstanceOf(Error)
        expect(wasNotSent(error)).toBe(false)
      }
    }
  })
})

describe('the breaker', () => {
  test('opens after five failures in a row, not after five in all', async () => {
    const { guarded, states, fail } = guard()
    await fail(4)
    await outcome(guarded.get('k'))
    await fail(4)
    expect(guarded.breakerState).toBe('closed')
    await fail(5)
    expect(guarded.breakerState).toBe('open')
    expect(states).toEqual(['open'])
  })

  test('open, it rejects without asking the store, and says so', async () => {
    const { guarded, failures, errors, fail } = guard()
    await fail(5)
    const calls = failures.calls()
    const error = await outcome(guarded.write('fill', (store) => store.get('k')))
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryAfterMs: 250 })
    expect(wasNotSent(error)).toBe(true)
    expect(failures.calls()).toBe(calls)
    expect(errors).toHaveLength(5)
  })

  test('half-open, it lets one call through, and closes when that succeeds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { guarded, failures, states, fail } = guard()
      await fail(5)
      vi.advanceTimersByTime(249)
      expect(wasNotSent(await outcome(guarded.get('k')))).toBe(true)
      vi.advanceTimersByTime(1)
      failures.on('get', 'reject', 1)
      const calls = failures.calls()
      const outcomes = await Promise.all([1, 2, 3].map(() => outcome(guarded.get('k'))))
      expect(failures.calls()).toBe(calls + 1)
      expect(outcomes.map(wasNotSent)).toEqual([false, true, true])
      vi.advanceTimersByTime(250)
      expect(await guarded.get('k')).toBeUndefined()
      expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('is not probed by the answer to a call that was sent before it opened', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { guarded, failures, states, fail, clock } = guard()
      failures.on('invalidate', 'hang')
      const old = outcome(guarded.write('invalidate', (store) => store.invalidate('k')))
      await fail(5)
      vi.advanceTimersByTime(300)
      await clock.advance(500)
      await old
      await settle()
      expect(states).toEqual(['open'])
      expect(await guarded.get('k')).toBeUndefined()
      expect(states).toEqual(['open', 'half-open', 'closed'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('stays open for gets although a call that was sent before is answered late', async () => {
    const { inner } = guard()
    const late = resolvers()
    let calls = 0
    const store = Object.assign(Object.create(null), {
      name: 'late',
      now: () => 0,
      release: () => late.promise,
      get: async () => {
        calls += 1
        throw new Error('refused')
      },
    }) as typeof inner
    const guarded = new GuardedStore(store, {
      readDeadlineMs: 100,
      writeDeadlineMs: 500,
      clock: manualClock(),
      onError() {},
      onBreaker() {},
    })
    const sentBefore = guarded.write('release', (s) => s.release('k', 't'))
    for (let call = 0; call < 5; call += 1) await outcome(guarded.get('k'))
    expect(guarded.breakerState).toBe('open')
    late.resolve(undefined)
    await sentBefore
    expect(wasNotSent(await outcome(guarded.get('k')))).toBe(true)
    expect(calls).toBe(5)
  })

  test('opens when most calls of a second take more than half of their deadline', async () => {
    const { guarded, errors, states, read } = slow()
    await read(5, 1)
    await read(16, 60)
    expect(states).toEqual([])
    await read(1, 60)
    expect(states).toEqual(['open'])
    expect(errors).toEqual([expect.stringContaining('more than half of their deadline')])
    expect(wasNotSent(await outcome(guarded.get('k')))).toBe(true)
  })

  test('stays closed while calls are slow by less than half, or few, or seldom', async () => {
    const { states, read } = slow()
    await read(100, 50)
    for (let second = 0; second < 5; second += 1) {
      await read(9, 60)
      await read(11, 40)
    }
    await read(1, 1_000)
    for (let second = 0; second < 5; second += 1) {
      await read(9, 90)
      await read(1, 99)
      await read(1, 99)
    }
    expect(states).toEqual([])
  })

  test('takes writes for slow by their own deadline', async () => {
    const { guarded, held, clock, states } = slow()
    const write = async (ms: number) => {
      const writing = guarded.write('release', (store) => store.release('k', 't'))
      const release = await held.next('release')
      await clock.advance(ms)
      await release.answer()
      await writing
    }
    for (let call = 0; call < 30; call += 1) await write(200)
    expect(states).toEqual([])
    await Promise.all(Array.from({ length: 30 }, () => write(260)))
    await write(260)
    await write(260)
    await write(260)
    await write(260)
    await settle()
    expect(states).toEqual(['open'])
  })

  test('half-open, it closes only for an answer within half of the deadline', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { guarded, held, clock, states, read } = slow()
      await read(5, 1)
      await read(17, 60)
      for (const [ms, state] of [
        [60, 'open'],
        [49, 'closed'],
      ] as const) {
        vi.advanceTimersByTime(250)
        const probing = outcome(guarded.get('k'))
        const probe = await held.next('get')
        await clock.advance(ms)
        await probe.answer()
        await probing
        expect(guarded.breakerState).toBe(state)
      }
      expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('half-open, it keeps nobody waiting for what the one call finds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const { guarded, held, read } = slow()
      await read(5, 1)
      await read(17, 60)
      vi.advanceTimersByTime(250)
      const probing = outcome(guarded.write('invalidate', (store) => store.invalidate('k')))
      const probe = await held.next('invalidate')
      expect(guarded.breakerState).toBe('half-open')
      expect(wasNotSent(await outcome(guarded.get('k')))).toBe(true)
      await probe.answer()
      await probing
      expect(guarded.breakerState).toBe('closed')
    } finally {
      vi.useRealTimers()
    }
  })

  test('works the same for a store in process that throws', async () => {
    const { guarded, failures, states } = guard(false)
    failures.on('get', 'throw')
    for (let call = 0; call < 5; call += 1) await outcome(guarded.get('k'))
    expect(states).toEqual(['open'])
    failures.heal()
    expect(wasNotSent(await outcome(guarded.get('k')))).toBe(true)
  })
})
