import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { patternNames } from '../../http/port.ts'
import { send } from '../http/client.ts'
import { cleanUp, type ServiceProcess, startServices } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const seeded = 2_000
const ownerExpiryMs = 15_000

describeWith(['redis', 'postgres'], 'two processes on one Redis and one PostgreSQL', () => {
  let processes: [ServiceProcess, ServiceProcess]
  let urls: readonly Readonly<Record<string, string>>[]
  let database: pg.Pool

  // Each runs all five services; the tests below are their life, in order.
  beforeAll(async () => {
    const variables = {
      REDIS_URL: await freshRedis(),
      DATABASE_URL: await freshDatabase(),
      SEED_USERS: String(seeded),
    }
    processes = [startServices(patternNames, variables), startServices(patternNames, variables)]
    urls = await Promise.all(processes.map(({ ready }) => ready))
    database = new pg.Pool({ connectionString: variables.DATABASE_URL, max: 3 })
  })
  afterAll(async () => {
    await cleanUp()
    await database?.end()
  })

  const at = (process: number, pattern: string) => urls[process % 2]?.[pattern] ?? ''
  const draft = (name: string) => ({ name, email: `${name.replaceAll(' ', '.')}@example.com` })

  test('say what they run on, and what a crash of it would lose', async () => {
    for (const { output } of processes) {
      expect(output()).toMatch(/Store: Redis at 127\.0\.0\.1:\d+\/\d+\. Database: PostgreSQL at /)
      expect(output()).toContain('a crash of Redis loses all accepted writes')
    }
    const { text } = await send(at(0, 'write-behind'), 'GET', '/readyz')
    expect(JSON.parse(text)).toEqual({
      status: 'ok',
      reasons: [],
      warnings: [expect.stringMatching(/^a crash of Redis loses all accepted writes/)],
    })
    const other = await send(at(0, 'write-through'), 'GET', '/readyz')
    expect(JSON.parse(other.text)).toEqual({ status: 'ok', reasons: [] })
  })

  describe.each(patternNames)('%s', (pattern) => {
    let cold = seeded
    const get = (process: number, path: string) => send(at(process, pattern), 'GET', path)

    test('reads at once what the other has written, 200 times in turn', async () => {
      for (let turn = 0; turn < 200; turn++) {
        const [writer, reader] = [turn, turn + 1]
        const path = `/users/${1 + (turn % 10)}`
        // So that there is an old value to be read.
        await get(reader, path)
        const body = draft(`${pattern} ${turn}`)
        const written = await send(at(writer, pattern), 'PUT', path, { body })
        expect(written.status, written.text).toBe(200)
        const read = await get(reader, path)
        expect(JSON.parse(read.text), `turn ${turn}`).toMatchObject(body)
        if (turn % 10 !== 0) continue

        const created = await send(at(writer, pattern), 'POST', '/users', {
          body: draft(`${pattern} new ${turn}`),
        })
        const place = created.headers.get('location') ?? ''
        expect((await get(reader, place)).text).toBe(created.text)
        expect((await send(at(reader, pattern), 'DELETE', place)).status).toBe(204)
        expect((await get(writer, place)).status).toBe(404)
        expect((await get(reader, place)).status).toBe(404)
      }
    })

    test('loads a cold user once for 1,000 who come to both', async () => {
      await inFairRound((path) => statusesOf(1_000, path))
    })

    test('loads it once when that takes half a second', async () => {
      await inFairRound(async (path) => {
        const { isWaitedFor, over } = await lockUsers()
        const first = statusesOf(1, path)
        await vi.waitUntil(isWaitedFor, { interval: 5 })
        const startedAt = performance.now()
        const others = statusesOf(999, path)
        await over
        expect(performance.now() - startedAt).toBeGreaterThan(200)
        return { 200: ((await first)[200] ?? 0) + ((await others)[200] ?? 0) }
      })
    })

    /**
     * One load in all, for a user that nobody has read. A process that gets no core for 100 ms takes
     * its store for silent, and reads the database, as it should: such a round counts for nothing.
     */
    async function inFairRound(
      work: (path: string) => Promise<Record<number, number>>,
    ): Promise<void> {
      for (let round = 0; round < 10; round++) {
        const before = await figures()
        const statuses = await work(`/users/${cold--}`)
        const { loads, storeErrors } = await figures()
        if (storeErrors !== before.storeErrors) continue
        expect({ statuses, loads: loads - before.loads }).toEqual({
          statuses: { 200: 1_000 },
          loads: 1,
        })
        return
      }
      throw new Error('no round in which the store answered in time')
    }

    async function statusesOf(count: number, path: string): Promise<Record<number, number>> {
      const answers = await Promise.all(Array.from({ length: count }, (_, i) => get(i, path)))
      return tally(answers.map(({ status }) => status))
    }

    async function figures(): Promise<{ loads: number; storeErrors: number }> {
      const all = await Promise.all([get(0, '/stats'), get(1, '/stats')])
      const both = all.map(({ text }) => JSON.parse(text))
      const sum = (of: (stats: (typeof both)[0]) => number) =>
        both.reduce((total, stats) => total + of(stats), 0)
      return {
        loads: sum(({ loads }) => loads.total),
        storeErrors: sum((stats) => stats.storeErrors),
      }
    }

    /** Keeps readers waiting for 600 ms. By the server's clock: this process is busy meanwhile. */
    async function lockUsers() {
      const table = `${pattern.replaceAll('-', '_')}.users`
      const locks = async (isGranted: boolean) => {
        const { rowCount } = await database.query(
          `select from pg_locks where relation = '${table}'::regclass and granted = $1
             and (not granted or mode = 'AccessExclusiveLock')`,
          [isGranted],
        )
        return rowCount === 1
      }
      const over = database.query(
        `begin; lock table ${table} in access exclusive mode; select pg_sleep(0.6); commit`,
      )
      await vi.waitUntil(() => locks(true), { interval: 5 })
      return { isWaitedFor: () => locks(false), over }
    }
  })

  test('when one is killed the other answers everything, and persists what that had accepted', async () => {
    const [victim, survivor] = processes
    const accepted = new Map<number, string>()
    let isOver = false
    const bad: string[] = []
    let answered = 0

    /** Writes and reads in turn, until the end, or until nobody is there any more. */
    async function traffic(process: number, pattern: string, firstId: number): Promise<void> {
      const isOfVictim = process === 0
      for (let turn = 0; !isOver; turn++) {
        const id = firstId + (turn % 40)
        const body = draft(`${pattern} ${firstId} ${turn}`)
        const isWrite = turn % 4 === 0
        const [method, init] = isWrite ? (['PUT', { body }] as const) : (['GET', {}] as const)
        const isCounted = isOfVictim && isWrite && pattern === 'write-behind'
        // What it is doing when it dies may have happened, and so counts neither way.
        const name = accepted.get(id)
        if (isCounted) accepted.delete(id)
        try {
          const { status, text } = await send(at(process, pattern), method, `/users/${id}`, init)
          if (status >= 500 && !isOfVictim) bad.push(`${pattern}: ${status} ${text}`)
          if (isCounted && status === 200) accepted.set(id, body.name)
          else if (isCounted && name !== undefined) accepted.set(id, name)
          answered++
        } catch (error) {
          if (!isOfVictim) bad.push(`${pattern}: ${error}`)
          return
        }
      }
    }

    const running = patternNames.flatMap((pattern) => [
      traffic(0, pattern, 100),
      // What the victim is in the middle of others want too; in write-behind each key has one writer here.
      traffic(1, pattern, pattern === 'write-behind' ? 200 : 100),
      traffic(1, pattern, 300),
    ])
    await vi.waitUntil(() => accepted.size === 10 && answered > 1_000, { timeout: 20_000 })
    victim.kill('SIGKILL')
    await victim.ended
    const killedAt = performance.now()
    expect(await missing()).not.toEqual([])
    const answeredBefore = answered
    await vi.waitUntil(() => answered > answeredBefore + 1_000, { timeout: 20_000 })
    isOver = true
    await Promise.all(running)
    expect(bad).toEqual([])

    const timeout = 2 * ownerExpiryMs
    await vi.waitUntil(async () => (await missing()).length === 0, { timeout, interval: 100 })
    expect(performance.now() - killedAt).toBeLessThan(ownerExpiryMs + 10_000)
    survivor.kill('SIGTERM')
    expect((await survivor.ended).code, survivor.output()).toBe(0)

    /** What the victim has accepted, and the database does not hold. */
    async function missing(): Promise<string[]> {
      const { rows } = await database.query<{ name: string }>('select name from write_behind.users')
      const names = new Set(rows.map(({ name }) => name))
      return [...accepted.values()].filter((name) => !names.has(name))
    }
  })
})

describeWith(
  ['redis', 'postgres'],
  'eight processes that start at once on an empty database',
  () => {
    const users = 20_484
    afterAll(cleanUp)

    test('all come up, and seed once', async () => {
      const url = await freshDatabase()
      const variables = {
        REDIS_URL: await freshRedis(),
        DATABASE_URL: url,
        SEED_USERS: String(users),
      }
      const names = ['read-through', 'write-behind']
      const processes = Array.from({ length: 8 }, () => startServices(names, variables))
      const urls = await Promise.all(processes.map(({ ready }) => ready))
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      // three of the library's own; write-behind has a table for the holder of a journal, too
      for (const [schema, migrations] of [
        ['read_through', 4],
        ['write_behind', 5],
      ]) {
        const { rows } = await client.query(
          `select count(*)::int as users, max(id)::int as last, max(version)::int as version,
           (select count(*)::int from ${schema}.cache_migrations) as migrations
         from ${schema}.users`,
        )
        expect(rows).toEqual([{ users, last: users, version: users, migrations }])
      }
      await client.end()
      for (const all of urls) {
        for (const name of names) {
          const { status, text } = await send(all[name] ?? '', 'GET', `/users/${users}`)
          expect({ status, body: JSON.parse(text) }).toMatchObject({
            status: 200,
            body: { id: users },
          })
        }
      }
      for (const each of processes) each.kill('SIGTERM')
      for (const each of processes) expect((await each.ended).code, each.output()).toBe(0)
    })
  },
)

function tally(values: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}
