import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { type PgOptions, pgDriver, postgresSource, type SqlDriver } from 'caching-patterns/postgres'
import pg from 'pg'
import { beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { select } from './database.ts'
import { flushOnce } from './flush-once.ts'
import { openPool, patient } from './pg-pools.ts'

describeWith(['postgres'], 'calls over a pool of pg', () => {
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
  /** Holds a row, or the whole table, until it is let go. */
  const hold = async (lock: string) => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query(`begin; ${lock}`)
    return () => client.end()
  }
  const waitFor = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 10_000 })
  const sleeping = async (text: string) =>
    await waitFor(async () => {
      const ask = `select count(*)::int from pg_stat_activity where state = 'active' and query like '%${text}%' and pid <> pg_backend_pid()`
      expect(await select(admin, ask)).toEqual([[1]])
    })

  describe('whoever waits no longer', () => {
    const aborted = (text: RegExp | string) => expect.objectContaining({ message: text })

    test('is answered at once, and the connection comes back when it is idle', async () => {
      const { pool, driver } = open({ max: 2, ...patient })
      const nobody = new AbortController()
      const reading = driver.query('select pg_sleep(1), $1::text', ['a'], {
        signal: nobody.signal,
      })
      const outcome = expect(reading).rejects.toEqual(aborted('gone'))
      await sleeping('pg_sleep(1)')
      const at = performance.now()
      nobody.abort(new Error('gone'))
      await outcome
      expect(performance.now() - at).toBeLessThan(600)
      expect([pool.totalCount, pool.idleCount]).toEqual([1, 0])
      await waitFor(() => expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]))
    })

    test('sends nothing, before a connection is there', async () => {
      const { driver } = open({ max: 2 })
      const nobody = new AbortController()
      const { signal } = nobody
      const busy = driver.write('select pg_sleep(0.3)')
      const waiting = driver.write('insert into t values (1)', [], { signal })
      const outcome = expect(waiting).rejects.toEqual(aborted('gone'))
      nobody.abort(new Error('gone'))
      await outcome
      await busy
      await expect(driver.write('insert into t values (2)', [], { signal })).rejects.toEqual(
        aborted('gone'),
      )
      await driver.write('insert into t values (3)')
      expect(await select(admin, 'select n from t')).toEqual([[3]])
    })

    test('sends no load either, once the connection that it waited for is there', async () => {
      const { pool, driver } = open({ max: 2 })
      const nobody = new AbortController()
      const sent = vi.spyOn(pg.Client.prototype, 'query') as unknown as MockInstance<
        (statement: { text: string }) => void
      >
      const outcome = expect(
        driver.query('select 42', [], { signal: nobody.signal }),
      ).rejects.toEqual(aborted('gone'))
      nobody.abort(new Error('gone'))
      await outcome
      await waitFor(() => expect(pool.idleCount).toBe(1))
      const texts = sent.mock.calls.map(([{ text }]) => text)
      sent.mockRestore()
      expect(texts).not.toContain('select 42')
    })

    test('does not know what became of a write under way', async () => {
      const { driver } = open(patient)
      const nobody = new AbortController()
      const text = 'insert into t select 1 from pg_sleep(1)'
      const writing = driver.write(text, [], { signal: nobody.signal })
      const outcome = expect(writing).rejects.toMatchObject({
        code: 'WRITE_OUTCOME_UNKNOWN',
        cause: { message: 'gone' },
      })
      await sleeping('insert into t select')
      nobody.abort(new Error('gone'))
      await outcome
      await waitFor(async () => expect(await select(admin, 'select n from t')).toEqual([[1]]))
    })

    test('does not know what became of a transaction whose COMMIT is under way', async () => {
      const { driver } = open(patient)
      await admin.transaction((tx) =>
        tx.script(`create or replace function doze() returns trigger language plpgsql
            as $$ begin perform pg_sleep(1); return null; end $$;
          create constraint trigger dozing after insert on t deferrable initially deferred
            for each row execute function doze()`),
      )
      const nobody = new AbortController()
      const { signal } = nobody
      const writing = driver.transaction((tx) => tx.query('insert into t values (1)'), { signal })
      const outcome = expect(writing).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
      await sleeping('commit')
      nobody.abort(new Error('gone'))
      await outcome
      await waitFor(async () => expect(await select(admin, 'select n from t')).toEqual([[1]]))
    })

    test('ends a transaction before its next statement', async () => {
      const { pool, driver } = open({ max: 2, ...patient })
      await admin.write('create sequence sent')
      const nobody = new AbortController()
      const writing = driver.transaction(
        async (tx) => {
          await tx.query('insert into t select 1 from pg_sleep(1)')
          await tx.query("select nextval('sent')")
        },
        { signal: nobody.signal },
      )
      const outcome = expect(writing).rejects.toEqual(aborted('gone'))
      await sleeping('insert into t select')
      nobody.abort(new Error('gone'))
      await outcome
      await waitFor(() => expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]))
      expect(await select(admin, 'select n from t')).toEqual([])
      // A sequence is not rolled back: it was never asked.
      expect(await select(admin, 'select is_called from sent')).toEqual([[false]])
    })

    test('costs a signal one listener, for all of its calls', async () => {
      const { driver } = open()
      const { signal } = new AbortController()
      const add = vi.spyOn(signal, 'addEventListener')
      await Promise.all(Array.from({ length: 50 }, () => driver.query('select 1', [], { signal })))
      expect(add).toHaveBeenCalledTimes(1)
    })
  })

  describe('a deadline', () => {
    test('is not waited past for a connection', async () => {
      const { pool, driver } = open({ max: 2 })
      const busy = driver.write('select pg_sleep(0.8)')
      const at = performance.now()
      const late = { deadlineAt: Date.now() + 100 }
      const refused = { code: 'WRITE_TIMEOUT' }
      await Promise.all([
        expect(driver.write('insert into t values (1)', [], late)).rejects.toMatchObject(refused),
        expect(
          driver.transaction((tx) => tx.query('insert into t values (2)'), late),
        ).rejects.toMatchObject(refused),
      ])
      expect(performance.now() - at).toBeLessThan(700)
      await busy
      await waitFor(() => expect(pool.idleCount).toBe(pool.totalCount))
      expect(await select(admin, 'select n from t')).toEqual([])
    })

    test.each([3_600_000, -3_600_000])(
      'means the same instant on a server whose clock is %i ms away',
      async (aheadMs) => {
        await admin.transaction((tx) =>
          tx.script(`drop schema if exists away cascade; create schema away; create sequence away.cache_version;
            create table away.cache_epochs (journal text, partition int, epoch bigint, primary key (journal, partition));
            create table away.t (n int primary key, m int, version bigint not null)`),
        )
        // This process is ahead; the server, seen from it, is behind by as much.
        const clock = {
          now: () => Date.now() + aheadMs,
          after(delayMs: number, callback: () => void) {
            const timer = setTimeout(callback, delayMs)
            return () => clearTimeout(timer)
          },
        }
        const driver = pgDriver({ pool: openPool(url), clock })
        const source = await postgresSource<number, { n: number; m: number }>({
          driver,
          schema: 'away',
          table: 't',
          key: 'n',
          columns: { n: 'n', m: 'm' },
        })
        const soon = () => ({ deadlineAt: clock.now() + 5_000 })
        const past = () => ({ deadlineAt: clock.now() - 5 })
        const timeout = { code: 'WRITE_TIMEOUT' }
        await source.insert(1, { m: 1 }, soon())
        await flushOnce(source, [{ key: 2, version: 2, json: '{"m":2}' }], soon())
        expect(await source.update(1, { m: 2 }, soon())).toMatchObject({ outcome: 'written' })
        await expect(source.insert(3, { m: 3 }, past())).rejects.toMatchObject(timeout)
        await expect(source.update(1, { m: 3 }, past())).rejects.toMatchObject(timeout)
        await expect(source.delete(1, past())).rejects.toMatchObject(timeout)
        await expect(
          source.flush([{ key: 3, version: 3, json: '{"m":3}', partition: 0 }], {
            ...past(),
            fence: { journal: 'test:1:', epochs: new Map([[0, 1]]) },
          }),
        ).rejects.toMatchObject(timeout)
        const offset = (driver.toServerTime?.(clock.now()) ?? 0) - Date.now()
        expect(Math.abs(offset)).toBeLessThan(1_000)
      },
    )
  })

  describe('loads and writes', () => {
    test('do not starve each other', async () => {
      const { driver } = open({ max: 4, ...patient, connectionTimeoutMillis: 2_000 })
      const release = await hold('insert into t values (1)')
      const slow = Array.from({ length: 20 }, () =>
        driver.write('insert into t values (1)').catch((error) => error),
      )
      await sleepingWrites(3)
      const at = performance.now()
      expect(await driver.query('select 1 as n')).toEqual([{ n: 1 }])
      expect(performance.now() - at).toBeLessThan(1_900)
      await release()
      await Promise.all(slow)
    })

    const sleepingWrites = (count: number) =>
      waitFor(async () => {
        const ask = `select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into t%'`
        expect(await select(admin, ask)).toEqual([[count]])
      })
  })
})
