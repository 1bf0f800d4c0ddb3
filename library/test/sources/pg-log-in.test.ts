import { type PgClient, type PgPool, pgDriver, pgOptions } from 'caching-patterns/postgres'
import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

const facts = {
  now: String(Date.UTC(2025, 0, 1)),
  version: '150000',
  is_standby: 'false',
  commit: 'on',
  isolation: 'read committed',
  timeout: '1s',
}
const client: PgClient = {
  on() {},
  query: (_, callback) => callback(null, { command: 'SELECT', rows: [facts] }),
  release() {},
}

/** A pool whose server lets nobody in, for the reason that is set; everybody where there is none. */
function refusingPool(code: string) {
  const state = { code, attempts: 0, idleCount: 0 }
  const pool = {
    options: pgOptions('postgres://u@127.0.0.1/db'),
    ending: false,
    get idleCount() {
      return state.idleCount
    },
    on() {},
    connect(callback: (error: Error | undefined, client: PgClient | undefined) => void) {
      state.attempts += 1
      const { code } = state
      const refusal = Object.assign(new Error('refused'), { code })
      queueMicrotask(() =>
        code === '' ? callback(undefined, client) : callback(refusal, undefined),
      )
    },
  }
  const clock = manualClock()
  const driver = pgDriver({ pool: pool as unknown as PgPool, clock })
  const failure = () => driver.query('select 1').catch((error: { code: string }) => error.code)
  return { state, clock, failure }
}

describe('a log-in that was refused', () => {
  test.each(['28P01', '28000', '3D000'])(
    'is tried again by one caller every 100 ms, and the others get its error: %s',
    async (code) => {
      const { state, clock, failure } = refusingPool(code)
      expect(await failure()).toBe(code)
      expect(await Promise.all([failure(), failure()])).toEqual([code, code])
      await clock.advance(99)
      expect(await failure()).toBe(code)
      expect(state.attempts).toBe(1)
      await clock.advance(1)
      expect(await Promise.all([failure(), failure(), failure()])).toEqual([code, code, code])
      expect(state.attempts).toBe(2)
    },
  )

  test('is forgotten as soon as somebody is let in', async () => {
    const { state, clock, failure } = refusingPool('28P01')
    await failure()
    await clock.advance(100)
    state.code = ''
    expect(await failure()).toHaveLength(1)
    expect(await Promise.all([failure(), failure()])).toEqual([[facts], [facts]])
    expect(state.attempts).toBe(4)
  })

  test('keeps nobody from a connection that is open already', async () => {
    const { state, failure } = refusingPool('28P01')
    await failure()
    state.idleCount = 1
    await failure()
    expect(state.attempts).toBe(2)
  })

  test('is told from a server that is away, which every caller tries', async () => {
    const { state, failure } = refusingPool('ECONNREFUSED')
    await Promise.all([failure(), failure()])
    await failure()
    expect(state.attempts).toBe(3)
  })
})
