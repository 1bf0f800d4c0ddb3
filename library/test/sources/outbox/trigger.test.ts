import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import type { FlushableSource } from 'caching-patterns'
import {
  migrate,
  outboxTriggerSql,
  pgDriver,
  postgresSource,
  type SqlDriver,
} from 'caching-patterns/postgres'
import { type ContractValue, sourceContract } from 'caching-patterns/testing'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { openDatabase, select } from '../database.ts'
import { openPool, patient } from '../pg-pools.ts'
import { inTime, itemsKey, itemsTable, openItems, takeRecorded } from './rig.ts'

let schemas = 0

/** What holds on every driver. */
function triggering(open: () => SqlDriver): void {
  let driver: SqlDriver
  let schema: string
  beforeAll(async () => {
    driver = open()
    schema = `triggering_${++schemas}`
    const trigger = outboxTriggerSql({ schema, ...itemsKey })
    // Twice: it may run again.
    await migrate(driver, { schema, migrations: [itemsTable, trigger, trigger] })
  })
  /** SQL as from psql: it knows nothing of versions, nor of the outbox. */
  const sql = (text: string) => driver.transaction((tx) => tx.script(text))
  const rows = () => takeRecorded(driver, schema)
  const items = () => `${schema}.items`
  const versionOf = async (id: number) => {
    const found = await select(driver, `select version::text from ${items()} where id = ${id}`)
    return Number(found[0]?.[0])
  }
  let ids = 1_000
  const item = async () => {
    const id = ++ids
    await sql(`insert into ${items()} (id, name) values (${id}, 'item ${id}')`)
    await rows()
    return id
  }

  test('an UPDATE that leaves the version gets a higher one, which is recorded', async () => {
    const id = await item()
    const before = await versionOf(id)
    await sql(`update ${items()} set name = 'by hand' where id = ${id}`)
    const version = await versionOf(id)
    expect(version).toBeGreaterThan(before)
    expect(await rows()).toEqual([`${id}@${version}`])
  })

  test('a version that an UPDATE lowers, or takes away, is drawn anew', async () => {
    const id = await item()
    for (const wrong of ['version - 1', '0', 'null']) {
      const before = await versionOf(id)
      await sql(`update ${items()} set version = ${wrong} where id = ${id}`)
      const version = await versionOf(id)
      expect(version).toBeGreaterThan(before)
      expect(await rows()).toEqual([`${id}@${version}`])
    }
  })

  test('a version that the statement draws itself stays, and is recorded', async () => {
    const id = await item()
    const drawn = `nextval('${schema}.cache_version')`
    await sql(`update ${items()} set name = 'versioned', version = ${drawn} where id = ${id}`)
    const version = await versionOf(id)
    expect(await rows()).toEqual([`${id}@${version}`])
    expect(await select(driver, `select ${drawn}::text`)).toEqual([[String(version + 1)]])
  })

  test('an INSERT and a DELETE are recorded with a version above all that the row had', async () => {
    const id = ++ids
    await sql(`insert into ${items()} (id, name) values (${id}, 'new')`)
    const version = await versionOf(id)
    const [inserted = ''] = await rows()
    expect(inserted.startsWith(`${id}@`)).toBe(true)
    expect(Number(inserted.split('@')[1])).toBeGreaterThan(version)
    await sql(`delete from ${items()} where id = ${id}`)
    const [deleted = ''] = await rows()
    expect(deleted.startsWith(`${id}@`)).toBe(true)
    expect(Number(deleted.split('@')[1])).toBeGreaterThan(Number(inserted.split('@')[1]))
  })

  test('every row of a statement is recorded, and none of one that is rolled back', async () => {
    const [one, two] = [await item(), await item()]
    await sql(`update ${items()} set parent = null where id in (${one}, ${two})`)
    const recorded = await rows()
    expect(recorded.map((row) => Number(row.split('@')[0])).sort()).toEqual([one, two])
    await expect(
      sql(`update ${items()} set parent = null; select 1 / 0 from ${items()}`),
    ).rejects.toThrow('division by zero')
    expect(await rows()).toEqual([])
  })

  test('a key that changes is recorded as both', async () => {
    const id = await item()
    const moved = ++ids
    await sql(`update ${items()} set id = ${moved} where id = ${id}`)
    const version = await versionOf(moved)
    expect((await rows()).sort()).toEqual([`${id}@${version}`, `${moved}@${version}`])
  })

  test('what the source writes is recorded once', async () => {
    const source = await openItems(driver, schema)
    const key = await source.nextKey()
    const value = { name: 'once', parent: null } as Parameters<typeof source.put>[1]
    const inserted = await source.insert(key, value, inTime())
    expect(await rows()).toEqual([`${key}@${inserted.version}`])
    const writes = [
      () => source.update(key, { name: 'twice' }, inTime()),
      () => source.update(key, (current) => current, inTime()),
      () => source.put(key, value, inTime()),
      () => source.delete(key, inTime()),
      () => source.put(key, value, inTime()),
    ]
    for (const write of writes) {
      const { version } = (await write()) as { version: number }
      expect(await rows()).toEqual([`${key}@${version}`])
    }
  })

  test('what a write of the source changes beside its row is recorded, too', async () => {
    const source = await openItems(driver, schema)
    const [parent, child] = [await item(), await item()]
    await sql(`update ${items()} set parent = ${parent} where id = ${child}`)
    await rows()
    const deleted = (await source.delete(parent, inTime())) as { version: number }
    const recorded = (await rows()).sort()
    expect(recorded).toEqual([
      `${parent}@${deleted.version}`,
      expect.stringMatching(new RegExp(`^${child}@`)),
    ])
  })

  test('a claim of the source ends with its transaction', async () => {
    const source = await openItems(driver, schema)
    const id = await item()
    const written = (await source.update(id, { name: 'claimed' }, inTime())) as { version: number }
    await sql(`update ${items()} set parent = null where id = ${id}`)
    const version = await versionOf(id)
    expect(version).toBeGreaterThan(written.version)
    expect(await rows()).toEqual([`${id}@${written.version}`, `${id}@${version}`])
  })

  test('a source without the option is recorded by the trigger, at the versions that it returns', async () => {
    const source = await openItems(driver, schema, {})
    const key = await source.nextKey()
    await source.insert(key, { name: `plain ${key}` }, inTime())
    expect((await rows()).length).toBeGreaterThan(0)
    const { version } = (await source.update(key, { parent: null }, inTime())) as {
      version: number
    }
    expect(await versionOf(key)).toBe(version)
    expect(await rows()).toEqual([`${key}@${version}`])
  })
}

describe('the trigger of an outbox in PGlite', () => {
  let database: Awaited<ReturnType<typeof openDatabase>>
  beforeAll(async () => {
    database = await openDatabase()
    return () => database.pglite.close()
  })

  triggering(() => database.driver)
})

describeWith(['postgres'], 'the trigger of an outbox in PostgreSQL', () => {
  let url: string
  let driver: SqlDriver
  beforeAll(async () => {
    url = await freshDatabase()
    driver = pgDriver({ pool: openPool(url, patient) })
  })

  triggering(() => driver)

  test('needs no rights of whoever changes the table, but those on the table', async () => {
    const role = `by_hand_${process.pid}`
    const schema = 'by_hand'
    const migrations = [itemsTable, outboxTriggerSql({ schema, ...itemsKey })]
    await migrate(driver, { schema, migrations })
    await driver.transaction((tx) =>
      tx.script(`create role ${role} login; grant usage on schema ${schema} to ${role};
        grant select, insert, update, delete on ${schema}.items to ${role}`),
    )
    const own = new URL(url)
    own.username = role
    const client = new pg.Client({ connectionString: own.href })
    await client.connect()
    try {
      await client.query(`insert into ${schema}.items (id, name) values (7, 'seven')`)
      await client.query(`update ${schema}.items set name = 'eight' where id = 7`)
      await client.query(`delete from ${schema}.items where id = 7`)
      await expect(client.query(`select from ${schema}.cache_outbox`)).rejects.toThrow('denied')
    } finally {
      await client.end()
    }
    expect((await takeRecorded(driver, schema)).map((row) => row.split('@')[0])).toEqual([
      '7',
      '7',
      '7',
    ])
    await driver.write(`drop owned by ${role}`)
    await driver.write(`drop role ${role}`)
  })

  test('quotes names, and refuses those that are too long for a function', async () => {
    const schema = `it's "quoted"`
    const table = { schema, table: `the 'table'`, key: `the "key"`, versionColumn: `"v'` }
    const create = `create table "the 'table'" ("the ""key""" uuid primary key, """v'" bigint not null)`
    await migrate(driver, { schema, migrations: [create, outboxTriggerSql(table)] })
    const quoted = `"it's ""quoted"""`
    await driver.write(
      `insert into ${quoted}."the 'table'" values ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')`,
    )
    expect(await select(driver, `select entity, key from ${quoted}.cache_outbox`)).toEqual([
      [`"the 'table'"."the ""key"""`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ])
    expect(() => outboxTriggerSql({ schema, table: 'x'.repeat(60), key: 'id' })).toThrow(
      'table and key: expected a name of 1 to 63 bytes',
    )
  })

  describe.each([
    ['with the option', true],
    ['without it', false],
  ])('leaves the contract of a source %s as it is', (_, outbox) => {
    let source: FlushableSource<number, ContractValue>
    beforeAll(async () => {
      const schema = `contract_${outbox}`
      const place = { schema, table: 'items', key: 'id' }
      const table = `create table items (id bigint generated by default as identity primary key,
        name text not null, count integer not null, version bigint not null)`
      await migrate(driver, { schema, migrations: [table, outboxTriggerSql(place)] })
      source = await postgresSource<number, ContractValue>({
        driver: pgDriver({ pool: openPool(url, { max: 8, ...patient }) }),
        ...place,
        columns: { name: 'name', count: 'count' },
        outbox,
      })
    })
    for (const { title, run } of sourceContract({ create: async () => ({ source }) })) {
      test(title, run)
    }
  })
})
