import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { migrate, pgDriver, postgresSource, type SqlDriver } from 'caching-patterns/postgres'
import { beforeAll, describe, expect, test } from 'vitest'
import { select } from './database.ts'
import { openPool } from './pg-pools.ts'

const impatient = {
  max: 2,
  query_timeout: 250,
  statement_timeout: 200,
  lock_timeout: 100,
  idle_in_transaction_session_timeout: 200,
}

describeWith(['postgres'], 'migrations of a real server', () => {
  let url: string
  let admin: SqlDriver
  beforeAll(async () => {
    url = await freshDatabase()
    admin = pgDriver({ pool: openPool(url) })
  })

  test('of eight processes that start at once run once each, however long the first takes', async () => {
    const drivers = Array.from({ length: 8 }, () => pgDriver({ pool: openPool(url, impatient) }))
    const migrations = [
      'create table steps (n int); insert into steps values (1); select pg_sleep(0.4)',
      'insert into steps values (2); select pg_sleep(0.4)',
    ]
    const all = await Promise.all(
      drivers.map((driver) => migrate(driver, { schema: 'at_once', migrations })),
    )
    expect(all.map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 2])
    expect(new Set(all.map(({ databaseId }) => databaseId)).size).toBe(1)
    expect(await select(admin, 'select n from at_once.steps order by n')).toEqual([[1], [2]])
    expect(await select(drivers[0] as SqlDriver, 'show statement_timeout')).toEqual([['200ms']])
  })

  test('wait for each other in one small pool, too', async () => {
    const pool = openPool(url, { ...impatient, connectionTimeoutMillis: 200 })
    const migrations = ['select pg_sleep(0.4)']
    const all = Array.from({ length: 4 }, () =>
      migrate(pgDriver({ pool }), { schema: 'one_pool', migrations }),
    )
    expect((await Promise.all(all)).map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 1])
  })

  test('end within their own time-out', async () => {
    const slow = { schema: 'slow', migrations: ['select pg_sleep(5)'], timeoutMs: 150 }
    await expect(migrate(admin, slow)).rejects.toMatchObject({ code: '57014' })
  })

  test.each([0, -1, 1.5, 86_400_001])('refuse a time-out of %s', async (timeoutMs) => {
    const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^timeoutMs: /) }
    await expect(migrate(admin, { schema: 'never', timeoutMs })).rejects.toMatchObject(refused)
  })

  describe('by a role of few rights', () => {
    const role = `few_rights_${process.pid}`
    let driver: SqlDriver
    beforeAll(async () => {
      await admin.write(`create role ${role} login`)
      const own = new URL(url)
      own.username = role
      driver = pgDriver({ pool: openPool(own.href) })
      return async () => {
        await admin.write(`drop owned by ${role}`)
        await admin.write(`drop role ${role}`)
      }
    })
    const refusal = async (schema: string, migrations: string[] = []) => {
      const error = await migrate(driver, { schema, migrations }).catch((refused) => refused)
      expect(error).toMatchObject({ code: '42501' })
      return String(error.message)
    }

    test('say in one line which grant is missing for the schema', async () => {
      const message = await refusal('not mine')
      expect(message).toMatch(
        /^migrate: role \S+ may not create the schema "not mine": grant create on database test_\w+ to \S+, or create the schema for it$/,
      )
      expect(message).toContain(role)
    })

    test('say in one line which grant is missing in the schema', async () => {
      await admin.write('create schema given')
      const expected = `migrate: role ${role} may not create tables in the schema "given": grant usage, create on schema "given" to ${role}`
      expect(await refusal('given')).toBe(expected)
      await admin.write(`grant create on schema given to ${role}`)
      expect(await refusal('given')).toBe(expected)
      await admin.write(`grant usage on schema given to ${role}`)
      expect(
        await migrate(driver, { schema: 'given', migrations: ['create table mine (n int)'] }),
      ).toMatchObject({ applied: 1 })
    })

    test('need no right to create where nothing is missing', async () => {
      const migrations = ['create table ready (n int)']
      const { databaseId } = await migrate(admin, { schema: 'ready', migrations })
      await admin.write(`grant usage on schema ready to ${role}`)
      await admin.write(`grant select on all tables in schema ready to ${role}`)
      expect(await migrate(driver, { schema: 'ready', migrations })).toEqual({
        applied: 0,
        databaseId,
      })
      expect(await refusal('ready', [...migrations, 'create table more (n int)'])).toContain(
        'ready',
      )
    })
  })

  test('leave a schema that a role of few rights can use', async () => {
    const role = `uses_${process.pid}`
    const items =
      'create table items (id int generated by default as identity primary key, name text, version bigint not null)'
    const migrations = [items]
    await migrate(admin, { schema: 'used', migrations })
    await admin.transaction((tx) =>
      tx.script(`create role ${role} login; grant usage on schema used to ${role};
        grant select on used.cache_meta, used.cache_migrations to ${role};
        grant usage, select on used.cache_version to ${role};
        grant usage on used.items_id_seq to ${role};
        grant select, insert, update, delete on used.items to ${role}`),
    )
    const own = new URL(url)
    own.username = role
    const driver = pgDriver({ pool: openPool(own.href) })
    await migrate(driver, { schema: 'used', migrations })
    const source = await postgresSource<number, { name: string }>({
      driver,
      schema: 'used',
      table: 'items',
      key: 'id',
      columns: { name: 'name' },
    })
    const context = { deadlineAt: Date.now() + 10_000 }
    const key = await source.nextKey()
    await source.insert(key, { name: 'one' }, context)
    expect(await source.update(key, { name: 'two' }, context)).toMatchObject({ outcome: 'written' })
    expect(await source.delete(key, context)).toMatchObject({ outcome: 'deleted' })
    await admin.write(`drop owned by ${role}`)
    await admin.write(`drop role ${role}`)
  })

  describe('the authority of a source', () => {
    const table = 'create table items (id int primary key, name text, version bigint not null)'
    const open = (schema: string) =>
      postgresSource<number, { name: string }>({
        driver: admin,
        schema,
        table: 'items',
        key: 'id',
        columns: { name: 'name' },
      })

    test('is the start of the id of its database', async () => {
      const { databaseId } = await migrate(admin, { schema: 'known', migrations: [table] })
      const { authority } = await open('known')
      expect(authority).toMatch(/^[0-9a-f]{12}$/)
      expect(databaseId.replaceAll('-', '').startsWith(authority ?? '-')).toBe(true)
    })

    test('is unknown where no migration ran', async () => {
      await admin.transaction((tx) =>
        tx.script(
          `create schema own; set local search_path to own; create sequence cache_version; ${table}`,
        ),
      )
      expect((await open('own')).authority).toBeUndefined()
    })
  })
})
