import { outcomeUnknown } from 'caching-patterns'
import { migrate, type PGliteClient, pgliteDriver } from 'caching-patterns/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase, select } from './database.ts'

let database: Awaited<ReturnType<typeof openDatabase>>
beforeAll(async () => {
  database = await openDatabase()
})
afterAll(() => database.pglite.close())

describe('the driver of PGlite', () => {
  beforeEach(() => database.pglite.exec('drop table if exists t; create table t (n int unique)'))

  test('answers queries, with parameters as text', async () => {
    const text = 'select $1::bigint + 1 as n, $2::text as t, $3::bigint[] as many'
    expect(await database.driver.query(text, ['41', null, '{1,2}'])).toEqual([
      { n: 42, t: null, many: [1, 2] },
    ])
  })

  test('commits what a transaction did, or nothing of it', async () => {
    const { driver } = database
    const result = await driver.transaction(async (tx) => {
      await tx.query('insert into t values (1)')
      return 'done'
    })
    expect(result).toBe('done')
    const refusal = new Error('not with me')
    const failing = driver.transaction(async (tx) => {
      await tx.query('insert into t values (2)')
      throw refusal
    })
    await expect(failing).rejects.toBe(refusal)
    expect(await select(driver, 'select n from t')).toEqual([[1]])
  })

  test('keeps a transaction apart from queries beside it, and blocks none for good', async () => {
    const { driver } = database
    const counts: unknown[] = []
    const transfer = driver.transaction(async (tx) => {
      for (let n = 0; n < 10; n++) {
        await tx.query(`insert into t values (${n})`)
        // Asked in the middle of the transaction, answered after it.
        void driver.query('select count(*)::int as n from t').then(([row]) => counts.push(row))
      }
    })
    await transfer
    expect(await select(driver, 'select count(*)::int from t')).toEqual([[10]])
    expect(counts).toEqual(Array(10).fill({ n: 10 }))
  })

  test('passes errors of the server on, without the values that were sent', async () => {
    const { driver } = database
    await driver.write('insert into t values ($1::int)', ['7'])
    const error = await driver.write('insert into t values ($1::int)', ['7']).catch((e) => e)
    expect(error).toMatchObject({ code: '23505' })
    expect(error).not.toHaveProperty('params')
  })

  test('sends nothing for a caller who is gone', async () => {
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(database.driver.query('select 1', [], { signal })).rejects.toThrow('gone')
  })
})

describe('the outcome of a write', () => {
  const lost = new Error('connection lost')
  const broken = (part: Partial<PGliteClient>): PGliteClient => ({
    closed: false,
    query: async () => ({ rows: [] }),
    transaction: (work) => work({ query: async () => ({ rows: [] }), exec: async () => [] }),
    ...part,
  })

  test('is unknown when nothing proves a rollback', async () => {
    const driver = pgliteDriver(broken({ query: () => Promise.reject(lost) }))
    await expect(driver.write('update')).rejects.toEqual(outcomeUnknown(lost))
    await expect(driver.write('update')).rejects.toMatchObject({ cause: lost })
  })

  test('is unknown when COMMIT failed, and only then', async () => {
    const commitFails = pgliteDriver(
      broken({
        async transaction(work) {
          await work({ query: async () => ({ rows: [] }), exec: async () => [] })
          throw lost
        },
      }),
    )
    await expect(commitFails.transaction(async () => {})).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
      cause: lost,
    })
    const statementFails = pgliteDriver(
      broken({
        transaction: (work) =>
          work({ query: () => Promise.reject(lost), exec: () => Promise.reject(lost) }),
      }),
    )
    await expect(statementFails.transaction((tx) => tx.query('update'))).rejects.toBe(lost)
  })

  test('is a rollback when COMMIT was refused', async () => {
    await database.pglite.exec(
      'create table late (n int unique deferrable initially deferred); insert into late values (1)',
    )
    const failing = database.driver.transaction((tx) => tx.query('insert into late values (1)'))
    await expect(failing).rejects.toMatchObject({ code: '23505' })
    expect(await select(database.driver, 'select n from late')).toEqual([[1]])
  })

  test('of a read is never in question', async () => {
    const driver = pgliteDriver(broken({ query: () => Promise.reject(lost) }))
    await expect(driver.query('select')).rejects.toBe(lost)
  })

  test('is known when the database was closed before', async () => {
    const driver = pgliteDriver(broken({ closed: true }))
    await expect(driver.write('update')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(driver.transaction(async () => {})).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('migrations', () => {
  const one = 'create table one (n int); insert into one values (1)'
  const two = 'create table two as select n + 1 as n from one'

  test('run once each, in order, in the schema', async () => {
    const { driver } = database
    expect(await migrate(driver, { schema: 'Mixed "case"', migrations: [one] })).toMatchObject({
      applied: 1,
    })
    const both = { schema: 'Mixed "case"', migrations: [one, two] }
    expect(await migrate(driver, both)).toMatchObject({ applied: 1 })
    expect(await migrate(driver, both)).toMatchObject({ applied: 0 })
    expect(await select(driver, 'select n from "Mixed ""case""".two')).toEqual([[2]])
  })

  test('may start many times at once', async () => {
    const options = { schema: 'at_once', migrations: [one, two] }
    const all = await Promise.all(
      Array.from({ length: 5 }, () => migrate(database.driver, options)),
    )
    expect(all.map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 0, 2])
    expect(new Set(all.map(({ databaseId }) => databaseId)).size).toBe(1)
  })

  test('write an id of the database that stays, and that no other schema has', async () => {
    const { driver } = database
    const { databaseId } = await migrate(driver, { schema: 'first_id' })
    expect(databaseId).toMatch(/^[0-9a-f-]{36}$/)
    expect(await migrate(driver, { schema: 'first_id' })).toMatchObject({ databaseId })
    expect((await migrate(driver, { schema: 'second_id' })).databaseId).not.toBe(databaseId)
  })

  test('leave nothing behind when one fails', async () => {
    const { driver } = database
    const failing = migrate(driver, { schema: 'failing', migrations: [one, 'create tabel'] })
    await expect(failing).rejects.toMatchObject({ code: '42601' })
    expect(await select(driver, `select from pg_namespace where nspname = 'failing'`)).toEqual([])
    await migrate(driver, { schema: 'failing', migrations: [one, two] })
  })

  test('leave the search path as it was', async () => {
    const { driver } = database
    const before = await select(driver, 'show search_path')
    await migrate(driver, { schema: 'path' })
    expect(await select(driver, 'show search_path')).toEqual(before)
  })

  test.each(['', 'a\0b', 'x'.repeat(64), 7])('refuse the schema %j', async (schema) => {
    const options = { schema: schema as string }
    await expect(migrate(database.driver, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
