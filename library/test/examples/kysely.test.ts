import type { PGlite } from '@electric-sql/pglite'
import { readThrough, writeThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { versionedSourceContract } from 'caching-patterns/testing'
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { kyselyUsers, type User } from '../../examples/sources/kysely.ts'
import { type Database, versionedKyselyUsers } from '../../examples/sources/kysely-versioned.ts'
import { lost, outcomePromises, plainSourcePromises } from './plain-source-promises.ts'
import { asContractSource } from './users-contract.ts'
import { describeOverPGlite, describeOverPool, type UsersDatabase } from './users-database.ts'

const dbOver = (pool: PostgresPool) =>
  new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
const ada = { name: 'Ada', email: 'ada@example.test' }
const inTime = () => ({ deadlineAt: Date.now() + 60_000 })

describeOverPGlite('a table behind Kysely', poolOf, promises)
// Kysely's slice of a pool has cursors of its own type.
describeOverPool('a table behind Kysely', (pool) => pool as unknown as PostgresPool, promises)

function promises(database: UsersDatabase<PostgresPool>) {
  const db = () => dbOver(database.client)

  describe('as values', () => {
    plainSourcePromises(database, (pool) => kyselyUsers(dbOver(pool)))
    outcomePromises(
      database,
      async (pool) => kyselyUsers(dbOver(pool)).insert?.(ada, inTime()),
      losingCommits,
    )
  })

  describe('as values with versions', () => {
    const create = async () => ({ source: asContractSource(versionedKyselyUsers(db())) })
    for (const { title, run } of versionedSourceContract({ create })) test(title, run)

    outcomePromises(
      database,
      async (pool) => {
        const source = versionedKyselyUsers(dbOver(pool))
        return await source.insert(await source.nextKey(), ada, inTime())
      },
      losingCommits,
    )
  })

  test('stands behind read-through, whose mutate fences commits of your own', async () => {
    const source = kyselyUsers(db())
    const users = readThrough<number, User>({
      name: 'users',
      store: memoryStore(),
      source,
      ttl: '5m',
    })
    const { key } = await users.create(ada)
    expect(await users.get(key)).toMatchObject(ada)
    expect((await users.lookup(key)).status).toBe('hit')
    const { result, status } = await users.mutate([key], () =>
      db()
        .updateTable('users')
        .set({ name: 'Ada Lovelace' })
        .where('id', '=', key)
        .returning('name')
        .executeTakeFirst(),
    )
    expect({ result, status }).toEqual({ result: { name: 'Ada Lovelace' }, status: 'confirmed' })
    expect(await users.lookup(key)).toMatchObject({
      status: 'miss',
      value: { name: 'Ada Lovelace' },
    })
    await users.close()
  })

  test('stands behind write-through, which publishes what was committed', async () => {
    const source = versionedKyselyUsers(db())
    const users = writeThrough<number, User>({
      name: 'users',
      store: memoryStore(),
      source,
      ttl: '5m',
    })
    const { key, version } = await users.create(ada)
    expect(await users.lookup(key)).toMatchObject({ value: ada, version })
    const updated = await users.update(key, { name: 'Ada Lovelace' }, { ifVersion: version })
    expect(await users.lookup(key)).toMatchObject({
      status: 'hit',
      value: { name: 'Ada Lovelace' },
      version: updated.version,
    })
    await users.mutate([key], () =>
      db()
        .updateTable('users')
        .set({ name: 'Countess', version: sql<number>`nextval('user_versions')` })
        .where('id', '=', key)
        .execute(),
    )
    const after = await users.lookup(key)
    expect(after.value?.name).toBe('Countess')
    expect(after.version).toBeGreaterThan(updated.version)
    await users.close()
  })
}

/** A pool of one: PGlite is one connection. */
function poolOf(pglite: PGlite): PostgresPool {
  let free = Promise.resolve()
  return {
    async connect() {
      const turn = free
      let release = () => {}
      free = new Promise((resolve) => {
        release = resolve
      })
      await turn
      return { query: queryOf(pglite), release }
    },
    end: async () => {},
  }
}

type Query = Awaited<ReturnType<PostgresPool['connect']>>['query']

function queryOf(pglite: PGlite): Query {
  const query = async (text: string, parameters: readonly unknown[]) => {
    const { rows, affectedRows = 0 } = await pglite.query(text, [...parameters])
    return { command: 'SELECT', rowCount: affectedRows, rows }
  }
  return query as Query
}

/** Every COMMIT is executed, and its answer lost. */
function losingCommits(pool: PostgresPool): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect()
      const query = async (text: string, parameters: readonly unknown[]) => {
        const result = await client.query(text, parameters)
        if (text === 'commit') throw lost
        return result
      }
      return { query: query as Query, release: () => client.release() }
    },
    end: () => pool.end(),
  }
}
