import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { migrate, type OutboxRow, pgDriver, type SqlDriver } from 'caching-patterns/postgres'
import { beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../database.ts'
import { openPool, patient } from '../pg-pools.ts'
import { inTime, itemsTable, openItems, takeRecorded } from './rig.ts'

/** What a relay is promised, on every driver. */
function taking(open: () => SqlDriver): void {
  const schema = 'taking'
  let driver: SqlDriver
  let source: Awaited<ReturnType<typeof openItems>>
  beforeAll(async () => {
    driver = open()
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
  const nothing = { after: '0', limit: 10 }

  test('are taken oldest first, no more than wanted, and behind a row; only what is done goes', async () => {
    const { outbox } = source
    if (outbox === undefined) throw new Error('no outbox')
    const one = await key()
    for (const name of ['a', 'b', 'c', 'd'])
      await source.update(one, { name: `${schema} ${name}` }, inTime())
    const taken: OutboxRow[][] = []
    const take = (after: string, limit: number, count: number) =>
      outbox.take({ after, limit }, async (rows) => {
        taken.push([...rows])
        return { done: rows.slice(0, count).map(({ id }) => id) }
      })
    await take('0', 3, 1)
    const [first] = taken
    expect(first?.map(({ key, version }) => `${key}@${version}`)).toHaveLength(3)
    const versions = first?.map(({ version }) => version) ?? []
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
    await take(first?.[1]?.id ?? '', 10, 0)
    expect(taken[1]?.map(({ version }) => version)).toEqual([versions[2], Number(versions[2]) + 1])
    expect(await rows()).toHaveLength(3)
    await take('0', 10, 0)
    expect(taken[2]).toEqual([])
  })

  test('are taken by nobody when the taker fails', async () => {
    const one = await key()
    await source.update(one, { parent: null }, inTime())
    const failing = source.outbox?.take(nothing, async () => {
      throw new Error('mine')
    })
    await expect(failing).rejects.toThrow('mine')
    expect(await rows()).toHaveLength(1)
  })

  test('show the age of the oldest', async () => {
    const one = await key()
    expect(await source.outbox?.oldestMs()).toBeUndefined()
    await source.update(one, { parent: null }, inTime())
    await driver.write(`update ${schema}.cache_outbox set created_at = now() - interval '1 hour'`)
    await source.update(one, { parent: null }, inTime())
    const hourMs = 3_600_000
    expect(await source.outbox?.oldestMs()).toBeGreaterThanOrEqual(hourMs)
    expect(await source.outbox?.oldestMs()).toBeLessThan(2 * hourMs)
    await rows()
  })

  test('are taken of their own table alone', async () => {
    const one = await key()
    await source.update(one, { parent: null }, inTime())
    await driver.write(`update ${schema}.cache_outbox set entity = '"others"."id"'`)
    expect(await source.outbox?.oldestMs()).toBeUndefined()
    const taken = await source.outbox?.take(nothing, async (rows) => ({ done: [], rows }))
    expect(taken?.rows).toEqual([])
    await rows()
  })
}

describe('rows of an outbox in PGlite', () => {
  let database: Awaited<ReturnType<typeof openDatabase>>
  beforeAll(async () => {
    database = await openDatabase()
    return () => database.pglite.close()
  })

  taking(() => database.driver)
})

describeWith(['postgres'], 'rows of an outbox in PostgreSQL', () => {
  let driver: SqlDriver
  beforeAll(async () => {
    driver = pgDriver({ pool: openPool(await freshDatabase(), patient) })
  })

  taking(() => driver)
})
