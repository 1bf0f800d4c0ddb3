import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import {
  type PgOptions,
  pgDriver,
  postgresSource,
  type SqlDriver,
  type SqlQueries,
} from 'caching-patterns/postgres'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { select } from './database.ts'
import { openPool } from './pg-pools.ts'

describeWith(['postgres'], 'the driver of pg', () => {
  let url: string
  let admin: SqlDriver
  beforeAll(async () => {
    url = await freshDatabase()
    admin = pgDriver({ pool: openPool(url) })
  })
  beforeEach(async () => {
    await admin.transaction((tx) =>
      tx.script('drop table if exists t; create table t (n int primary key, m int)'),
    )
  })
  const open = (options: Partial<PgOptions> = {}) => {
    const pool = openPool(url, options)
    return { pool, driver: pgDriver({ pool }) }
  }
  describe('runs statements', () => {
    test('with parameters as text, and rows as objects', async () => {
      const text = 'select $1::int + 1 as n, $2::text as t, $3::int[] as many'
      expect(await admin.query(text, ['41', null, '{1,2}'])).toEqual([
        { n: 42, t: null, many: [1, 2] },
      ])
    })

    test('prepared under a name of their text, once for each connection', async () => {
      const { pool, driver } = open({ max: 2 })
      const other = pgDriver({ pool })
      const text = 'select n from t where n = $1::int'
      for (let n = 0; n < 3; n++) {
        await driver.query(text, ['1'])
        await other.query(text, ['1'])
      }
      await driver.query('select 7 as unprepared')
      const prepared = 'select name, statement from pg_prepared_statements'
      const [[name, statement] = [], ...more] = await select(driver, prepared)
      expect([statement, more]).toEqual([text, []])
      expect(Buffer.byteLength(String(name))).toBeLessThan(64)
    })

    test('unprepared where a pooler cannot', async () => {
      const driver = pgDriver({ pool: openPool(url), prepare: false })
      await driver.query('select n from t where n = $1::int', ['1'])
      expect(await select(driver, 'select name from pg_prepared_statements')).toEqual([])
    })

    test('prepares a bounded number of them', async () => {
      const { driver } = open({ max: 2 })
      for (let n = 0; n < 300; n++) await driver.query(`select $1::int + ${n}`, ['1'])
      const count = 'select count(*)::int from pg_prepared_statements'
      expect(await select(driver, count)).toEqual([[256]])
    })

    test('again when a table was altered, for reads and for writes', async () => {
      const { pool, driver } = open({ max: 2 })
      const read = () => driver.query('select * from t where n = $1::int', ['1'])
      const write = () => driver.write('insert into t values ($1::int) returning *', ['1'])
      await write()
      expect(await read()).toEqual([{ n: 1, m: null }])
      await admin.write('alter table t add column added int')
      expect(await read()).toEqual([{ n: 1, m: null, added: null }])
      expect(pool.totalCount).toBe(0)
      await admin.write('alter table t drop column m')
      await driver.write('delete from t')
      expect(await write()).toEqual([{ n: 1, added: null }])
    })

    test('again when their plan was deallocated', async () => {
      const { driver } = open({ max: 2 })
      const read = () => driver.query('select n from t where n = $1::int', ['1'])
      await read()
      await driver.query('deallocate all')
      expect(await read()).toEqual([])
    })

    test('rejects with the error of the server, and keeps the connection', async () => {
      const { pool, driver } = open({ max: 2 })
      const pid = () => select(driver, 'select pg_backend_pid()')
      const before = await pid()
      await expect(driver.query('select 1 / $1::int', ['0'])).rejects.toMatchObject({
        code: '22012',
      })
      await driver.write('insert into t values (1)')
      await expect(driver.write('insert into t values (1)')).rejects.toMatchObject({
        code: '23505',
      })
      expect(await pid()).toEqual(before)
      expect(pool.totalCount).toBe(1)
    })
  })

  describe('transactions', () => {
    test('commit what they did, or nothing of it', async () => {
      const { driver } = open()
      expect(
        await driver.transaction((tx) => tx.query('insert into t values (1) returning n')),
      ).toEqual([{ n: 1 }])
      const refusal = new Error('not with me')
      const failing = driver.transaction(async (tx) => {
        await tx.query('insert into t values (2)')
        throw refusal
      })
      await expect(failing).rejects.toBe(refusal)
      await driver.write('insert into t values (3)')
      expect(await select(admin, 'select n from t order by n')).toEqual([[1], [3]])
    })

    test('reject when a statement failed, though the work went on', async () => {
      const { driver } = open()
      const careless = driver.transaction(async (tx) => {
        await tx.query('insert into t values (1)')
        await tx.query('insert into nowhere values (1)').catch((error) => error)
      })
      await expect(careless).rejects.toMatchObject({ code: '42P01' })
      expect(await select(admin, 'select n from t')).toEqual([])
    })

    test('lend nothing that can be used after their end', async () => {
      let late: SqlQueries | undefined
      await admin.transaction(async (tx) => {
        late = tx
      })
      await expect(late?.query('insert into t values (1)')).rejects.toMatchObject({
        code: 'CLOSED',
      })
      await expect(late?.script('insert into t values (1)')).rejects.toMatchObject({
        code: 'CLOSED',
      })
      expect(await select(admin, 'select n from t')).toEqual([])
    })

    test('reject when COMMIT is refused', async () => {
      await admin.write(
        'create table if not exists late (n int unique deferrable initially deferred)',
      )
      await admin.write('insert into late values (1)')
      const failing = admin.transaction((tx) => tx.query('insert into late values (1)'))
      await expect(failing).rejects.toMatchObject({ code: '23505' })
    })

    test('run at read committed, whatever the session says', async () => {
      const level = "select current_setting('transaction_isolation') as level"
      const { driver } = open({ max: 2 })
      await driver.query('set default_transaction_isolation to serializable')
      expect(await driver.transaction((tx) => tx.query(level))).toEqual([
        { level: 'read committed' },
      ])
    })

    test('may take longer than a statement, where they say so', async () => {
      const short = {
        lock_timeout: 50,
        statement_timeout: 100,
        query_timeout: 150,
        idle_in_transaction_session_timeout: 100,
      }
      const { driver } = open(short)
      const slow = (timeoutMs?: number) =>
        driver.transaction(
          (tx) => tx.query('select pg_sleep(0.3)'),
          timeoutMs === undefined ? {} : { timeoutMs },
        )
      await expect(slow()).rejects.toMatchObject({ code: '57014' })
      await expect(slow(200)).rejects.toMatchObject({ code: '57014' })
      await slow(5_000)
      const setting = "select current_setting('statement_timeout') as t"
      expect(await select(driver, setting)).toEqual([['100ms']])
      for (const wrong of [0, 1.5, Number.NaN, 1e12]) {
        await expect(slow(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
    })
  })

  describe('a session', () => {
    test('without synchronous_commit is refused at the start', async () => {
      await admin.write('create role careless login superuser')
      await admin.write('alter role careless set synchronous_commit to off')
      const careless = new URL(url)
      careless.username = 'careless'
      const driver = pgDriver({ pool: openPool(careless.href) })
      const opening = postgresSource<number, { m: number }>({
        driver,
        schema: 'public',
        table: 't',
        key: 'n',
        columns: { m: 'm' },
      })
      await expect(opening).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^pool: expected synchronous_commit on/),
      })
      await admin.write('drop role careless')
    })
  })
})
