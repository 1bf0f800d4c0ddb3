import { type LocalPostgres, startPostgres } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { type PgOptions, pgDriver, type SqlDriver } from 'caching-patterns/postgres'
import pg from 'pg'
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type MockInstance,
  test,
  vi,
} from 'vitest'
import { select } from './database.ts'
import { openPool, patient, through } from './pg-pools.ts'
import { TcpProxy } from './tcp-proxy.ts'

// What a hot standby needs of its primary.
const settings = { wal_level: 'replica', max_wal_senders: '1', hot_standby: 'on' }

const short = {
  max: 2,
  connectionTimeoutMillis: 400,
  query_timeout: 400,
  statement_timeout: 300,
  lock_timeout: 200,
}
const unknown = 'WRITE_OUTCOME_UNKNOWN'

describeWith(['postgres'], 'a PostgreSQL that fails', () => {
  let server: LocalPostgres
  let proxy: TcpProxy
  let admin: SqlDriver
  beforeAll(async () => {
    server = await startPostgres({ settings })
    admin = pgDriver({ pool: openPool(server.url, { max: 2 }) })
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    proxy = await TcpProxy.open(server.port)
    await admin.transaction((tx) => tx.script('drop table if exists t; create table t (n int)'))
    return () => proxy.close()
  })
  const open = (options: Partial<PgOptions> = {}, url = server.url) => {
    const pool = openPool(url, { ...short, ...options })
    return { pool, driver: pgDriver({ pool }) }
  }
  const openThroughProxy = () => open({}, through(server.url, proxy.port))
  const rows = () => select(admin, 'select n from t order by n')
  const pidOf = async (driver: SqlDriver) =>
    Number((await select(driver, 'select pg_backend_pid()'))[0]?.[0])
  const terminate = (pid: number) =>
    admin.query('select pg_terminate_backend($1::int)', [String(pid)])
  const outcomeOf = (
    running: Promise<unknown>,
  ): Promise<{ code?: string; message?: string; cause?: { code?: string } }> =>
    running.then(
      () => ({ code: 'fulfilled' }),
      (error) => error,
    )
  const took = async (running: Promise<unknown>) => {
    const at = performance.now()
    await running
    return performance.now() - at
  }

  describe('before a write is sent', () => {
    test('leaves no doubt: refused', async () => {
      await proxy.close()
      const { driver } = openThroughProxy()
      const writes = [driver.write('insert into t values (1)'), driver.transaction(async () => {})]
      for (const write of writes)
        expect(await outcomeOf(write)).toMatchObject({ code: 'ECONNREFUSED' })
      expect(await outcomeOf(driver.query('select 1'))).toMatchObject({ code: 'ECONNREFUSED' })
    })

    test('leaves no doubt: a wrong password', async () => {
      const [[folder] = []] = await select(admin, 'show data_directory')
      await admin.write("create role locked login password 'right'")
      const lines = [
        'host all locked 127.0.0.1/32 scram-sha-256',
        'host all all 127.0.0.1/32 trust',
      ]
      await admin.write(
        `copy (values ${lines.map((line) => `('${line}')`).join(', ')}) to '${folder}/pg_hba.conf'`,
      )
      await admin.query('select pg_reload_conf()')
      const url = new URL(server.url)
      url.username = 'locked'
      url.password = 'wrong'
      const { driver } = open({}, url.href)
      await vi.waitFor(async () =>
        expect(await outcomeOf(driver.write('insert into t values (1)'))).toMatchObject({
          code: '28P01',
        }),
      )
      expect(await outcomeOf(driver.transaction(async () => {}))).toMatchObject({ code: '28P01' })
    })

    test('leaves no doubt: nobody answers', async () => {
      const hole = await TcpProxy.open()
      try {
        const { pool, driver } = open({}, through(server.url, hole.port))
        const calls = [
          driver.query('select 1'),
          driver.write('insert into t values (1)'),
          driver.transaction(async () => {}),
        ]
        const outcomes = Promise.all(calls.map(outcomeOf))
        expect(await took(outcomes)).toBeLessThan(2_500)
        for (const { code, message } of await outcomes) {
          expect(code).not.toBe(unknown)
          expect(message).toMatch(/timeout|within 400 ms/)
        }
        expect(pool.totalCount).toBe(0)
      } finally {
        await hole.close()
      }
    })

    test('costs a connection that was idle, and nothing else', async () => {
      const { pool, driver } = open()
      await terminate(await pidOf(driver))
      await vi.waitFor(() => expect(pool.totalCount).toBe(0))
      await driver.write('insert into t values (1)')
      expect(await rows()).toEqual([[1]])
    })

    test('rolls back, when the connection is lost between two statements', async () => {
      const { pool, driver } = open()
      const failing = driver.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        await tx.query('insert into t values (1)')
        await terminate(row?.pid ?? 0)
        await vi.waitFor(async () => {
          const ask = `select count(*)::int from pg_stat_activity where pid = ${row?.pid}`
          expect(await select(admin, ask)).toEqual([[0]])
        })
        await new Promise((resolve) => setTimeout(resolve, 50))
      })
      const { code } = await outcomeOf(failing)
      expect(code).toBe('57P01')
      expect(pool.totalCount).toBe(0)
      expect(await rows()).toEqual([])
    })
  })

  describe('while a write is under way', () => {
    test('rolls a transaction back, when the connection is killed', async () => {
      const { pool, driver } = open(patient)
      const failing = driver.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        await tx.query('insert into t values (1)')
        await Promise.all([tx.query('select pg_sleep(5)'), terminate(row?.pid ?? 0)])
      })
      expect(await outcomeOf(failing)).toMatchObject({ code: '57P01' })
      expect(pool.totalCount).toBe(0)
      expect(await rows()).toEqual([])
    })

    test('leaves the outcome of a statement unknown, when the connection is killed', async () => {
      const { driver } = open(patient)
      const pid = await pidOf(driver)
      const failing = outcomeOf(driver.write('insert into t select 1 from pg_sleep(5)'))
      await vi.waitFor(async () => {
        const ask = `select state from pg_stat_activity where pid = ${pid}`
        expect(await select(admin, ask)).toEqual([['active']])
      })
      await terminate(pid)
      expect(await failing).toMatchObject({ code: unknown, cause: { code: '57P01' } })
    })

    test('leaves the outcome of a statement unknown, when its answer is lost', async () => {
      const { driver } = openThroughProxy()
      proxy.cutsReplyTo = 'insert into t'
      expect(await outcomeOf(driver.write('insert into t values ($1::int)', ['1']))).toMatchObject({
        code: unknown,
      })
      expect(await rows()).toEqual([[1]])
    })

    test('rolls a transaction back, when an answer before COMMIT is lost', async () => {
      const { driver } = openThroughProxy()
      proxy.cutsReplyTo = 'insert into t'
      const { code, message } = await outcomeOf(
        driver.transaction((tx) => tx.query('insert into t values (1)')),
      )
      expect([code, message]).toEqual([undefined, 'Connection terminated unexpectedly'])
      expect(await rows()).toEqual([])
    })

    test('leaves the outcome unknown, when the answer to COMMIT is lost', async () => {
      const { pool, driver } = openThroughProxy()
      proxy.cutsReplyTo = 'commit\0'
      const failing = outcomeOf(driver.transaction((tx) => tx.query('insert into t values (1)')))
      expect(await failing).toMatchObject({
        code: unknown,
        cause: { message: 'Connection terminated unexpectedly' },
      })
      expect(pool.totalCount).toBe(0)
      await vi.waitFor(async () => expect(await rows()).toEqual([[1]]))
    })
  })

  describe('without a word', () => {
    test('is given up within the time-outs, and its connections are not used again', async () => {
      const { pool, driver } = openThroughProxy()
      await Promise.all([driver.query('select 1'), driver.write('select 1')])
      proxy.isBlackHole = true
      const outcomes = Promise.all([
        outcomeOf(driver.query('select 1')),
        outcomeOf(driver.write('insert into t values (1)')),
      ])
      expect(await took(outcomes)).toBeLessThan(2_000)
      const [read, write] = await outcomes
      expect(read).toMatchObject({ message: 'Query read timeout' })
      expect(write).toMatchObject({ code: unknown, cause: { message: 'Query read timeout' } })
      expect(pool.totalCount).toBe(0)
      proxy.isBlackHole = false
      expect(await driver.query('select 1 as n')).toEqual([{ n: 1 }])
    })

    test('when its process is frozen, is given up, and another serves the next call', async () => {
      const { pool, driver } = open()
      const pid = await pidOf(driver)
      process.kill(pid, 'SIGSTOP')
      try {
        const outcome = outcomeOf(driver.query('select 1'))
        expect(await took(outcome)).toBeLessThan(2_000)
        expect(await outcome).toMatchObject({ message: 'Query read timeout' })
        expect(pool.totalCount).toBe(0)
        expect(await pidOf(driver)).not.toBe(pid)
      } finally {
        process.kill(pid, 'SIGCONT')
      }
    })

    test('in a transaction, is given up without waiting for a rollback', async () => {
      const { pool, driver } = open()
      const pid = await pidOf(driver)
      const sent = vi.spyOn(pg.Client.prototype, 'query') as unknown as MockInstance<
        (statement: { text: string }) => void
      >
      let isStopped = false
      const outcome = outcomeOf(
        driver.transaction(async (tx) => {
          const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
          expect(row?.pid).toBe(pid)
          isStopped = process.kill(pid, 'SIGSTOP')
          // Dropped by careless work: COMMIT must not follow.
          await tx.query('insert into t values (1)').catch((error) => error)
        }),
      )
      try {
        expect(await outcome).toMatchObject({ message: 'Query read timeout' })
        // Behind a statement that nobody answers a rollback, or COMMIT, would only wait.
        expect(sent.mock.lastCall?.[0].text).toBe('insert into t values (1)')
        expect(pool.totalCount).toBe(0)
      } finally {
        sent.mockRestore()
        if (isStopped) process.kill(pid, 'SIGCONT')
      }
      expect(await rows()).toEqual([])
    })
  })

  test('comes back, and is used without a new pool', async () => {
    const { pool, driver } = open()
    await driver.query('select 1')
    await server.kill()
    await vi.waitFor(() => expect(pool.totalCount).toBe(0))
    expect(await outcomeOf(driver.write('insert into t values (1)'))).toMatchObject({
      code: 'ECONNREFUSED',
    })
    await server.restart()
    await driver.write('insert into t values (1)')
  })

  test('is refused as a hot standby', async () => {
    const [[folder] = []] = await select(admin, 'show data_directory')
    await admin.write(`copy (select) to '${folder}/standby.signal'`)
    await server.restart()
    const { driver } = open()
    const standby = expect.stringMatching(
      /^pool: expected the primary server, received "a hot standby"$/,
    )
    expect(await outcomeOf(driver.query('select 1'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: standby,
    })
    expect(await outcomeOf(driver.write('select 1'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: standby,
    })
  })
})
