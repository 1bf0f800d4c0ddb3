import { PGlite } from '@electric-sql/pglite'
import { pgliteDriver, type SqlDriver } from 'caching-patterns/postgres'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type PatternName, patternNames } from '../http/port.ts'
import { seededUsers, usersSource } from '../users-source.ts'

let pglite: PGlite
let driver: SqlDriver
beforeAll(async () => {
  pglite = await PGlite.create()
  driver = pgliteDriver(pglite)
  return () => pglite.close()
})
afterEach(async () => {
  for (const pattern of patternNames) {
    await pglite.exec(`drop schema if exists ${pattern.replaceAll('-', '_')} cascade`)
  }
})

const inTime = () => ({ deadlineAt: Date.now() + 10_000 })
const reading = { signal: new AbortController().signal }
const ids = async (pattern: string) =>
  (await pglite.query<{ id: number }>(`select id from ${pattern}.users order by id`)).rows.map(
    ({ id }) => id,
  )

describe('users', () => {
  test('are stamped with their instants, in milliseconds and UTC', async () => {
    const { source } = await usersSource(driver, 'read-through')
    const before = new Date().toISOString()
    const id = await source.nextKey()
    const { value } = await source.insert(id, { name: 'Ada', email: 'ada@example.com' }, inTime())
    expect(value).toEqual({
      id,
      name: 'Ada',
      email: 'ada@example.com',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: value.createdAt,
    })
    expect(value.createdAt >= before).toBe(true)
    expect((await source.load(id, reading))?.value).toEqual(value)
  })

  test('keep createdAt and move updatedAt when they change', async () => {
    const { source } = await usersSource(driver, 'read-through')
    await pglite.query(
      `insert into read_through.users (id, name, email, created_at, updated_at, version)
       values (7, 'Ada', 'ada@example.com', '2020-01-01Z', '2020-01-01Z', 1)`,
    )
    const changed = await source.update(7, { name: 'Eve' }, inTime())
    expect(changed).toMatchObject({
      outcome: 'written',
      value: { name: 'Eve', email: 'ada@example.com', createdAt: '2020-01-01T00:00:00.000Z' },
    })
    expect(changed.outcome === 'written' && changed.value.updatedAt > '2025').toBe(true)
  })

  test('have one email each, whatever its case', async () => {
    const { source } = await usersSource(driver, 'read-through')
    const add = async (email: string) =>
      source.insert(await source.nextKey(), { name: 'Ada', email }, inTime())
    await add('Ada@Example.com')
    await expect(add('ada@example.COM')).rejects.toMatchObject({ code: '23505' })
  })

  test('are apart for each pattern', async () => {
    const names: PatternName[] = ['cache-aside', 'write-behind']
    const [aside, behind] = await Promise.all(names.map((name) => usersSource(driver, name)))
    await aside?.seed(2)
    expect(await behind?.source.load(1, reading)).toBeUndefined()
    expect(await aside?.source.load(1, reading)).toMatchObject({ value: { name: 'User 1' } })
  })

  test('are found again by a later start', async () => {
    const first = await usersSource(driver, 'write-through')
    await first.seed(3)
    const { source } = await usersSource(driver, 'write-through')
    expect(await source.load(3, reading)).toMatchObject({
      value: { id: 3, name: 'User 3', email: 'user3@example.com' },
    })
  })
})

describe('seeding', () => {
  test('leaves the next id to the first new user', async () => {
    const { source, seed } = await usersSource(driver, 'cache-aside')
    expect(await seed(1000)).toBe(1000)
    expect(await source.nextKey()).toBe(1001)
  })

  test('leaves deleted users deleted, and adds only ids never drawn', async () => {
    const { source, seed } = await usersSource(driver, 'cache-aside')
    await seed(5)
    await source.delete(2, inTime())
    await source.delete(5, inTime())
    const id = await source.nextKey()
    await source.insert(id, { name: 'Ada', email: 'ada@example.com' }, inTime())
    await source.nextKey()
    expect(await seed(5)).toBe(0)
    expect(await seed(9)).toBe(2)
    expect(await ids('cache_aside')).toEqual([1, 3, 4, 6, 8, 9])
    expect(await source.nextKey()).toBe(10)
  })

  test('goes on above a row that came with an id of its own', async () => {
    const { source, seed } = await usersSource(driver, 'write-behind')
    const value = source.complete(20, { name: 'Ada', email: 'ada@example.com' }, undefined)
    const [epoch = 0] = await source.raiseEpochs('test', [0], inTime())
    const fence = { journal: 'test', epochs: new Map([[0, epoch]]) }
    const row = { key: 20, version: 5, json: JSON.stringify(value), partition: 0 }
    await source.flush([row], { ...inTime(), fence })
    expect(await seed(22)).toBe(2)
    expect(await ids('write_behind')).toEqual([20, 21, 22])
  })

  test('leaves out an email that somebody has taken', async () => {
    const { source, seed } = await usersSource(driver, 'cache-aside')
    await seed(1)
    await source.update(1, { email: 'USER3@example.com' }, inTime())
    expect(await seed(4)).toBe(2)
    expect(await ids('cache_aside')).toEqual([1, 2, 4])
  })

  test('does nothing for none', async () => {
    const { seed } = await usersSource(driver, 'cache-aside')
    expect(await seed(0)).toBe(0)
    expect(await ids('cache_aside')).toEqual([])
  })

  test('versions every user of its own', async () => {
    const { source, seed } = await usersSource(driver, 'cache-aside')
    await seed(100)
    const rows = await pglite.query<{ n: number; top: number }>(
      'select count(distinct version)::int as n, max(version)::int as top from cache_aside.users',
    )
    expect(rows.rows).toEqual([{ n: 100, top: expect.any(Number) }])
    const changed = await source.update(1, { name: 'Ada' }, inTime())
    expect(changed).toMatchObject({ version: (rows.rows[0]?.top ?? 0) + 1 })
  })

  test('takes seconds for 20,484 users in each of five schemas', async () => {
    const sources = []
    for (const pattern of patternNames) sources.push(await usersSource(driver, pattern))
    const startedAt = performance.now()
    for (const { seed } of sources) expect(await seed(20_484)).toBe(20_484)
    // 1.4 s on two idle cores; a statement for each user takes more than 20 s.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

describe('ids', () => {
  /** The embedded database under another name, which can go away. */
  function server(name: string) {
    let isAway = false
    const away: SqlDriver = {
      ...driver,
      name,
      query: async (...call) => {
        if (isAway) throw new Error('away')
        return await driver.query<never>(...call)
      },
    }
    return {
      driver: away,
      goAway: () => {
        isAway = true
      },
    }
  }
  const drawn = async () => {
    const { rows } = await pglite.query<{ top: number }>(
      "select pg_sequence_last_value('write_behind.users_id_seq')::int as top",
    )
    return rows[0]?.top ?? 0
  }

  test('are held ahead by write-behind for a server that goes away, from the seeded ones on', async () => {
    const { driver: postgres, goAway } = server('postgres')
    const options = { outbox: false, seedUsers: 40 }
    const { source } = await seededUsers(postgres, 'write-behind', options)
    await expect.poll(drawn).toBe(72)
    goAway()
    for (let id = 41; id <= 72; id += 1) expect(await source.nextKey()).toBe(id)
    await expect(source.nextKey()).rejects.toThrow('away')
    expect(await ids('write_behind')).toHaveLength(40)
  })

  test.each(['cache-aside', 'read-through', 'write-through', 'refresh-ahead'] as const)(
    'are drawn one by one by %s',
    async (pattern) => {
      const { driver: postgres, goAway } = server('postgres')
      const { source } = await seededUsers(postgres, pattern, { outbox: false, seedUsers: 0 })
      expect(await source.nextKey()).toBe(1)
      goAway()
      await expect(source.nextKey()).rejects.toThrow('away')
    },
  )

  test('are not held ahead for the embedded database', async () => {
    const { driver: embedded } = server('pglite')
    await seededUsers(embedded, 'write-behind', { outbox: false, seedUsers: 40 })
    await new Promise((resolve) => setImmediate(resolve))
    await pglite.query('select 1')
    expect(await drawn()).toBe(40)
  })
})

test('a ping answers while the database does, and rejects after it is closed', async () => {
  const other = await PGlite.create()
  const { ping } = await usersSource(pgliteDriver(other), 'cache-aside')
  await expect(ping()).resolves.toBeUndefined()
  await other.close()
  await expect(ping()).rejects.toMatchObject({ code: 'CLOSED' })
})
