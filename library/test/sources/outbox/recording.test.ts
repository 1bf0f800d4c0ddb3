import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import type { FlushableSource } from 'caching-patterns'
import { migrate, pgDriver, postgresSource, type SqlDriver } from 'caching-patterns/postgres'
import { type ContractValue, sourceContract } from 'caching-patterns/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { openDatabase, select } from '../database.ts'
import { flushOnce } from '../flush-once.ts'
import { openPool, patient } from '../pg-pools.ts'
import { inTime, itemsTable, openItems, recorded, takeRecorded } from './rig.ts'

type Source = Awaited<ReturnType<typeof openItems>>

let schemas = 0

/** What holds on every driver. */
function recording(open: () => SqlDriver): void {
  let driver: SqlDriver
  let schema: string
  let source: Source
  beforeAll(async () => {
    driver = open()
    schema = `recording_${++schemas}`
    await migrate(driver, { schema, migrations: [itemsTable] })
    source = await openItems(driver, schema)
  })
  const rows = () => takeRecorded(driver, schema)
  const key = async () => {
    const key = await source.nextKey()
    await source.insert(key, { name: `item ${key}` }, inTime())
    await rows()
    return key
  }
  const item = (name: string): Item => ({ name, parent: null }) as Item
  type Item = Parameters<Source['put']>[1]

  const writes: [what: string, write: (key: number) => Promise<unknown>][] = [
    ['a patch', (key) => source.update(key, { parent: null }, inTime())],
    ['an update by a function', (key) => source.update(key, (value) => value, inTime())],
    ['a put that replaces', (key) => source.put(key, item(`put ${key}`), inTime())],
    ['a delete', (key) => source.delete(key, inTime())],
  ]

  test.each(writes)('%s is recorded with its version', async (_, write) => {
    const one = await key()
    const written = (await write(one)) as { version: number }
    expect(await rows()).toEqual([`${one}@${written.version}`])
  })

  test('an insert and a put of a new row are recorded once, with the version that they end at', async () => {
    const [one, two] = [await source.nextKey(), await source.nextKey()]
    const inserted = await source.insert(one, item('inserted'), inTime())
    const put = await source.put(two, item('put'), inTime())
    expect(put).toMatchObject({ outcome: 'written', existed: false })
    const { version } = put as { version: number }
    expect(await rows()).toEqual([`${one}@${inserted.version}`, `${two}@${version}`])
  })

  test('a write at an expected version is recorded, and one that meets another version is not', async () => {
    const one = await key()
    const { version } = (await source.update(one, { parent: null }, inTime())) as {
      version: number
    }
    await rows()
    const stale = { ...inTime(), versions: [version - 1] }
    const value = item('expected')
    for (const write of [
      () => source.update(one, { name: 'never' }, stale),
      () => source.update(one, (value) => value, stale),
      () => source.put(one, value, stale),
      () => source.delete(one, stale),
    ]) {
      expect(await write()).toMatchObject({ outcome: 'conflict', version })
    }
    expect(await rows()).toEqual([])
    const put = await source.put(one, value, { ...inTime(), versions: [version] })
    expect(await rows()).toEqual([`${one}@${(put as { version: number }).version}`])
  })

  test('what is not written is not recorded: absent, too late, refused', async () => {
    const one = await key()
    const absent = await source.nextKey()
    const late = { deadlineAt: Date.now() - 1_000 }
    expect(await source.update(absent, { name: 'x' }, inTime())).toMatchObject({
      outcome: 'missing',
    })
    expect(await source.delete(absent, inTime())).toMatchObject({ outcome: 'missing' })
    const refused = [
      () => source.insert(absent, item('late'), late),
      () => source.put(absent, item('late'), late),
      () => source.put(one, item('late'), late),
      () => source.update(one, { name: 'late' }, late),
      () => source.update(one, (value) => value, late),
      () => source.delete(one, late),
    ]
    for (const write of refused)
      await expect(write()).rejects.toMatchObject({ code: 'WRITE_TIMEOUT' })
    const taken = await key()
    const { name } =
      (await source.load(taken, { signal: new AbortController().signal }))?.value ?? item('')
    for (const write of [
      () => source.insert(absent, item(name), inTime()),
      () => source.put(one, item(name), inTime()),
      () => source.update(one, { name }, inTime()),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: '23505' })
    }
    const failing = () => {
      throw new Error('mine')
    }
    await expect(source.update(one, failing, inTime())).rejects.toThrow('mine')
    expect(await rows()).toEqual([])
  })

  test('a flush records nothing', async () => {
    const one = await key()
    const [{ version = 0 } = {}] = await driver.query<{ version: number }>(
      `select version::int from ${schema}.items where id = ${one}`,
    )
    const json = JSON.stringify(item('flushed'))
    const flushed = await flushOnce(source, [{ key: one, version: version + 1, json }])
    expect(flushed).toEqual([{ outcome: 'applied' }])
    await flushOnce(source, [{ key: one, version: version + 2, json: null }])
    expect(await rows()).toEqual([])
  })

  test('without the option nothing is recorded', async () => {
    const plain = await openItems(driver, schema, {})
    expect(plain.outbox).toBeUndefined()
    const one = await plain.nextKey()
    await plain.insert(one, item('plain'), inTime())
    await plain.update(one, { name: 'plainer' }, inTime())
    await plain.delete(one, inTime())
    expect(await rows()).toEqual([])
  })

  test('a patch and a delete stay one statement', async () => {
    const one = await key()
    const sent: PropertyKey[] = []
    const counting = new Proxy(driver, {
      get(target, name) {
        sent.push(name)
        return Reflect.get(target, name)?.bind?.(target)
      },
    })
    const counted = await openItems(counting, schema)
    sent.length = 0
    await counted.update(one, { parent: null }, inTime())
    await counted.delete(one, inTime())
    expect(sent.filter((name) => name !== 'toServerTime')).toEqual(['write', 'write'])
    expect(await rows()).toHaveLength(2)
  })

  test('keys are recorded as they were given, of the table and the column that they are of', async () => {
    await driver.transaction((tx) =>
      tx.script(`create table ${schema}."It'ems" ("the ""id""" uuid primary key, alias text not null unique,
        version bigint not null)`),
    )
    const table = { driver, schema, table: "It'ems", outbox: true }
    const columns = { alias: 'alias' }
    const byId = await postgresSource<string, { alias: string }>({
      ...table,
      key: 'the "id"',
      columns,
    })
    const byAlias = await postgresSource<string, { alias: string }>({
      ...table,
      key: 'alias',
      columns,
    })
    const id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'
    await byId.insert(id, { alias: `"o'ne` }, inTime())
    const deleted = await byAlias.delete(`"o'ne`, inTime())
    expect(deleted).toMatchObject({ outcome: 'deleted' })
    expect(
      await select(driver, `select entity, key from ${schema}.cache_outbox order by id`),
    ).toEqual([
      [`"It'ems"."the ""id"""`, id],
      [`"It'ems"."alias"`, `"o'ne`],
    ])
    await rows()
  })

  test('the option is refused where migrate has made no outbox, and unless it is a boolean', async () => {
    const bare = `${schema}_bare`
    await driver.transaction((tx) =>
      tx.script(`create schema ${bare}; set local search_path to ${bare};
        create sequence cache_version; ${itemsTable}`),
    )
    await expect(openItems(driver, bare)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `outbox: expected a table (migrate makes it), received "\\"${bare}\\".cache_outbox"`,
    })
    const wrong = { outbox: 'yes' as unknown as boolean }
    await expect(openItems(driver, schema, wrong)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'outbox: expected true or false, received "yes"',
    })
  })
}

describe('an outbox in PGlite', () => {
  let database: Awaited<ReturnType<typeof openDatabase>>
  beforeAll(async () => {
    database = await openDatabase()
    return () => database.pglite.close()
  })

  recording(() => database.driver)
})

describeWith(['postgres'], 'an outbox in PostgreSQL', () => {
  let url: string
  let driver: SqlDriver
  beforeAll(async () => {
    url = await freshDatabase()
    driver = pgDriver({ pool: openPool(url, patient) })
  })

  recording(() => driver)

  test('is refused to a role that may not insert into it', async () => {
    const role = `no_outbox_${process.pid}`
    await migrate(driver, { schema: 'kept', migrations: [itemsTable] })
    await driver.transaction((tx) =>
      tx.script(`create role ${role} login; grant usage on schema kept to ${role};
        grant select on kept.cache_meta, kept.cache_version to ${role};
        grant select on kept.items to ${role}`),
    )
    const own = new URL(url)
    own.username = role
    const poor = pgDriver({ pool: openPool(own.href) })
    await expect(openItems(poor, 'kept')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^outbox: expected the right to insert into it, /),
    })
    await driver.write(`drop owned by ${role}`)
    await driver.write(`drop role ${role}`)
  })

  test('holds what was committed, whatever was rolled back beside it', async () => {
    await migrate(driver, { schema: 'mixed', migrations: [itemsTable] })
    const source = await openItems(driver, 'mixed')
    const keys = await Promise.all(Array.from({ length: 4 }, () => source.nextKey()))
    for (const key of keys) await source.insert(key, { name: `item ${key}` }, inTime())
    await takeRecorded(driver, 'mixed')
    const writes = Array.from({ length: 200 }, (_, turn) =>
      source.update(
        keys[turn % 4] as number,
        (value) => {
          if (turn % 3 === 0) throw new Error('mine')
          return value
        },
        inTime(),
      ),
    )
    const written = (await Promise.allSettled(writes)).flatMap((result, turn) =>
      'value' in result && result.value.outcome === 'written'
        ? [`${keys[turn % 4]}@${result.value.version}`]
        : [],
    )
    expect(written).toHaveLength(133)
    expect((await recorded(driver, 'mixed')).sort()).toEqual(written.sort())
  })

  describe('leaves the contract of sources as it is', () => {
    const table = `create table items (id bigint generated by default as identity primary key,
      name text not null, count integer not null, version bigint not null)`
    let source: FlushableSource<number, ContractValue>
    beforeAll(async () => {
      await migrate(driver, { schema: 'contract', migrations: [table] })
      source = await postgresSource<number, ContractValue>({
        driver: pgDriver({ pool: openPool(url, { max: 8, ...patient }) }),
        schema: 'contract',
        table: 'items',
        key: 'id',
        columns: { name: 'name', count: 'count' },
        outbox: true,
      })
    })
    const cases = sourceContract({ create: async () => ({ source }) })
    for (const { title, run } of cases) test(title, run)
  })
})
