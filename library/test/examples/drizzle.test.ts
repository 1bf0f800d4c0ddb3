import { readThrough, writeThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { versionedSourceContract } from 'caching-patterns/testing'
import { sql } from 'drizzle-orm'
import { drizzle as drizzleOverPool } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleOverPGlite } from 'drizzle-orm/pglite'
import { describe, expect, test } from 'vitest'
import { type Database, drizzleUsers, type User } from '../../examples/sources/drizzle.ts'
import { versionedDrizzleUsers } from '../../examples/sources/drizzle-versioned.ts'
import { lost, outcomePromises, plainSourcePromises } from './plain-source-promises.ts'
import { asContractSource } from './users-contract.ts'
import { describeOverPGlite, describeOverPool, type UsersDatabase } from './users-database.ts'

const ada = { name: 'Ada', email: 'ada@example.test' }
const inTime = () => ({ deadlineAt: Date.now() + 60_000 })

describeOverPGlite(
  'a table behind Drizzle',
  (pglite): Database => drizzleOverPGlite(pglite),
  promises,
)
describeOverPool('a table behind Drizzle', (pool): Database => drizzleOverPool(pool), promises)

function promises(database: UsersDatabase<Database>) {
  describe('as values', () => {
    plainSourcePromises(database, drizzleUsers)
    outcomePromises(database, async (db) => drizzleUsers(db).insert?.(ada, inTime()), losingCommits)
  })

  describe('as values with versions', () => {
    const create = async () => ({
      source: asContractSource(versionedDrizzleUsers(database.client)),
    })
    for (const { title, run } of versionedSourceContract({ create })) test(title, run)

    outcomePromises(
      database,
      async (db) => {
        const source = versionedDrizzleUsers(db)
        return await source.insert(await source.nextKey(), ada, inTime())
      },
      losingCommits,
    )
  })

  test('stands behind read-through, whose mutate fences commits of your own', async () => {
    const source = drizzleUsers(database.client)
    const users = readThrough<number, User>({
      name: 'users',
      store: memoryStore(),
      source,
      ttl: '5m',
    })
    const { key } = await users.create(ada)
    expect(await users.get(key)).toMatchObject(ada)
    expect((await users.lookup(key)).status).toBe('hit')
    await users.mutate([key], async () => {
      await database.client.execute(sql`update users set name = 'Ada Lovelace' where id = ${key}`)
    })
    expect(await users.lookup(key)).toMatchObject({
      status: 'miss',
      value: { name: 'Ada Lovelace' },
    })
    await users.close()
  })

  test('stands behind write-through, which publishes what was committed', async () => {
    const source = versionedDrizzleUsers(database.client)
    const users = writeThrough<number, User>({
      name: 'users',
      store: memoryStore(),
      source,
      ttl: '5m',
    })
    const { key, version } = await users.create(ada)
    const updated = await users.update(key, { name: 'Ada Lovelace' }, { ifVersion: version })
    expect(await users.lookup(key)).toMatchObject({
      status: 'hit',
      value: { name: 'Ada Lovelace' },
      version: updated.version,
    })
    await users.delete(key)
    expect(await users.get(key)).toBeUndefined()
    await users.close()
  })
}

/** Every COMMIT is executed, and its answer lost. */
function losingCommits(db: Database): Database {
  return new Proxy(db, {
    get(target, property) {
      if (property !== 'transaction') return Reflect.get(target, property)
      return async (...parameters: Parameters<Database['transaction']>) => {
        await target.transaction(...parameters)
        throw lost
      }
    },
  })
}
