import { type PgPool, pgDriver, pgOptions } from 'caching-patterns/postgres'
import pg from 'pg'
import { describe, expect, test } from 'vitest'

const url = 'postgres://app:secret@db.example:5433/shop'

describe('the options of a pool', () => {
  test('bound every wait, from the lock to the client, in this order', () => {
    const options = pgOptions(url)
    const { lock_timeout, statement_timeout, query_timeout } = options
    expect(0 < lock_timeout && lock_timeout < statement_timeout).toBe(true)
    expect(statement_timeout < query_timeout && query_timeout < 1_500).toBe(true)
    expect(options).toMatchObject({ connectionString: url, keepAlive: true, max: 10 })
  })

  test('give way to those of the caller', () => {
    expect(pgOptions(url, { max: 3, application_name: 'shop' })).toMatchObject({
      max: 3,
      application_name: 'shop',
    })
  })

  test.each([undefined, '', 'db.example', 'mysql://root:secret@db', 7])(
    'refuse the URL %j, without showing it',
    (wrong) => {
      expect(() => pgOptions(wrong as string)).toThrow(
        /^url: expected postgres:\/\/user@host:port\/database, received (?!.*secret)/,
      )
    },
  )

  test('refuse a URL that sets one of them behind their back', () => {
    expect(() => pgOptions(`${url}?statement_timeout=0`)).toThrow(/^url\?statement_timeout: /)
    expect(pgOptions(`${url}?sslmode=require`).statement_timeout).toBeGreaterThan(0)
  })
})

describe('a driver', () => {
  const poolWith = (wrong: object) => new pg.Pool({ ...pgOptions(url), ...wrong })

  test.each([
    ['connectionTimeoutMillis', { connectionTimeoutMillis: undefined }],
    ['connectionTimeoutMillis', { connectionTimeoutMillis: 0 }],
    ['query_timeout', { query_timeout: undefined }],
    ['query_timeout', { query_timeout: 1_000 }],
    ['query_timeout', { query_timeout: 2 ** 31 }],
    ['statement_timeout', { statement_timeout: false }],
    ['statement_timeout', { statement_timeout: 0.5 }],
    ['lock_timeout', { lock_timeout: undefined }],
    ['lock_timeout', { lock_timeout: 1_001 }],
    ['idle_in_transaction_session_timeout', { idle_in_transaction_session_timeout: 0 }],
    ['keepAlive', { keepAlive: false }],
    ['max', { max: 1 }],
  ])('refuses a pool with a wrong %s (%j)', (name, wrong) => {
    expect(() => pgDriver({ pool: poolWith(wrong) })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(
          new RegExp(`^pool\\.options\\.${name}: expected .*pgOptions\\(url\\).*received`),
        ),
      }),
    )
  })

  test.each([undefined, {}, { connect() {} }])('refuses %j as a pool', (pool) => {
    expect(() => pgDriver({ pool: pool as unknown as PgPool })).toThrow(/^pool: expected a pool/)
  })

  test('refuses a wrong prepare', () => {
    expect(() => pgDriver({ pool: poolWith({}), prepare: 1 as never })).toThrow(/^prepare: /)
  })

  test('listens to a pool once, however many drivers it has', () => {
    const pool = poolWith({})
    for (let n = 0; n < 20; n++) pgDriver({ pool })
    expect(pool.listenerCount('error')).toBe(1)
    // Without a listener this would end the process.
    pool.emit('error', new Error('an idle connection broke'))
  })

  test('sends nothing over an ended pool', async () => {
    const pool = poolWith({})
    await pool.end()
    const driver = pgDriver({ pool })
    await expect(driver.query('select 1')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(driver.write('select 1')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a server', () => {
  const fit = {
    now: String(Date.now()),
    version: '130000',
    is_standby: 'false',
    commit: 'on',
    isolation: 'read committed',
    timeout: '1s',
  }
  const over = (server: object) => {
    const released: unknown[] = []
    const client = {
      on() {},
      query: (_: object, callback: (error: null, answer: object) => void) =>
        callback(null, { command: 'SELECT', rows: [server] }),
      release: (destroy: boolean) => released.push(destroy),
    }
    const pool = {
      options: pgOptions(url),
      ending: false,
      on() {},
      connect: (callback: (error: undefined, lent: typeof client) => void) =>
        callback(undefined, client),
    }
    return { driver: pgDriver({ pool: pool as unknown as PgPool }), released }
  }

  test('that is as old as may be is used', async () => {
    const { driver, released } = over(fit)
    await driver.query('select')
    expect(released).toEqual([false])
  })

  test.each([
    [{ version: '120019' }, 'PostgreSQL 13 or later, received "PostgreSQL 12"'],
    [{ is_standby: 'true' }, 'the primary server, received "a hot standby"'],
    [{ commit: 'off' }, 'synchronous_commit on'],
    [{ isolation: 'serializable' }, 'default_transaction_isolation read committed'],
    [{ timeout: '0' }, 'statement_timeout in force'],
  ])('with %j is refused, and its connection closed', async (wrong, told) => {
    const { driver, released } = over({ ...fit, ...wrong })
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(told) }
    await expect(driver.query('select')).rejects.toMatchObject(refused)
    await expect(driver.write('update')).rejects.toMatchObject(refused)
    expect(released).toEqual([true, true])
  })
})
