import { freePort } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Life } from '../chaos/life.ts'
import { openStage } from '../compare/open-stage.ts'
import { quantileOf } from '../compare/quantile.ts'
import type { Stage, SubjectTerms } from '../compare/stage.ts'
import { isControl, type RunningSubject, subjectNames } from '../compare/subject.ts'
import { subjectCommand } from '../compare/subject-command.ts'
import { statsOf } from '../compare/subject-stats.ts'

// Each starts processes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const terms: SubjectTerms = {
  ...{ users: 60, ttlMs: 60_000, writeDelayMs: 50, processes: 2, network: 'near' },
}
const json = { 'content-type': 'application/json' }

async function get(url: string | undefined, id: number) {
  const response = await fetch(`${url}/users/${id}`)
  const { name } = (await response.json()) as { readonly name: string }
  const status = response.headers.get('cache-status') ?? ''
  return {
    name,
    isHit: /; hit/.test(status),
    version: Number(response.headers.get('etag')?.slice(1, -1)),
  }
}

async function put(url: string | undefined, id: number, name: string): Promise<string | null> {
  const body = JSON.stringify({ name, email: `user${id}@example.com` })
  const response = await fetch(`${url}/users/${id}`, { method: 'PUT', headers: json, body })
  expect(response.status).toBe(200)
  return response.headers.get('write-status')
}

/** By the word of its processes. */
async function ownStatements(subject: RunningSubject): Promise<number> {
  const counts = await Promise.all(
    subject.urls.map(async (url) => (await statsOf(url)).database?.statements),
  )
  return counts.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)
}

describeWith(['redis', 'postgres'], 'a stage with servers', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage({ servers: 'real' })
  })
  afterAll(() => stage?.stop())
  const start = async (name: (typeof subjectNames)[number], more: Partial<SubjectTerms> = {}) => {
    const subject = await stage.start(name, { ...terms, ...more })
    onTestFinished(() => subject.stop())
    return subject
  }

  describe.each(subjectNames)('has %s', (name) => {
    let subject: RunningSubject
    beforeAll(async () => {
      subject = await stage.start(name, terms)
    })
    afterAll(() => subject?.stop())

    test('with as many statements as its processes count', async () => {
      expect(stage.countsStatements).toBe('database')
      const load = async (first: number, last: number) => {
        for (let id = first; id <= last; id += 1) {
          const url = subject.urls[id % 2]
          await get(url, id)
          await get(url, id)
          if (id % 3 === 0) await put(url, id, `Ada ${id}`)
        }
        await subject.settle()
      }
      // Connections are made, and asked what stands behind them.
      await load(2, 10)
      const before = { own: await ownStatements(subject), all: await subject.statements() }
      await load(11, 60)
      const own = (await ownStatements(subject)) - before.own
      const all = (await subject.statements()) - before.all
      expect(own).toBeGreaterThanOrEqual(50)
      // A driver of ours asks a new connection, and from time to time an old one, what time it is there.
      expect(Math.abs(all - own)).toBeLessThanOrEqual(isControl(name) ? 0 : 8)
    })

    test('in two processes over one cache and one database, which may be killed', async () => {
      const [one, other] = subject.urls
      expect(await get(one, 1)).toMatchObject({ name: 'User 1', isHit: false })
      expect((await get(other, 1)).isHit).toBe(name !== 'no-cache')
      const isBehind = name.endsWith('write-behind')
      expect(await put(one, 1, 'Ada')).toBe(isBehind ? 'accepted' : 'confirmed')
      await subject.settle()
      const { version } = await get(other, 1)
      expect(await subject.rows?.([1, 2, 4_711])).toEqual(
        new Map([
          [1, { name: 'Ada', version }],
          [2, { name: 'User 2', version: expect.any(Number) }],
          [4_711, { name: undefined, version: undefined }],
        ]),
      )
      await subject.clearCache()
      expect(await get(other, 1)).toMatchObject({ name: 'Ada', isHit: false })
      await subject.kill(0)
      await subject.restart(0)
      expect((await get(one, 1)).isHit).toBe(name !== 'no-cache')
    })
  })

  test('puts a network of some milliseconds between processes and servers, if asked', async () => {
    const near = await start('no-cache', { processes: 1 })
    const far = await start('no-cache', { processes: 1, network: 'far' })
    const timesMs = { near: [] as number[], far: [] as number[] }
    const timed = async (network: 'near' | 'far', url: string | undefined) => {
      const begunAt = performance.now()
      await get(url, 1)
      timesMs[network].push(performance.now() - begunAt)
    }
    for (let read = 0; read < 50; read += 1) {
      await timed('near', near.urls[0])
      await timed('far', far.urls[0])
    }
    // 0 to 5 ms each way: 5 ms.
    expect(quantileOf(timesMs.far, 0.5) - quantileOf(timesMs.near, 0.5)).toBeGreaterThan(2.5)
  })

  test('shows what a process loses that dies between the SET and the RPUSH of a tutorial', async () => {
    const redisPort = stage.redis?.port ?? 0
    const databaseUrl = (await stage.postgres?.createDatabase('dies')) ?? ''
    const life = () =>
      Life.start({
        ...{ redisPort, databaseUrl, hashes: new Map(), patienceMs: 5_000, connections: 1 },
        pickPort: freePort,
        command({ port, redis, database }) {
          const where = { REDIS_URL: redis, DATABASE_URL: database, KEY_PREFIX: 'dies:' }
          const command = subjectCommand('naive-write-behind', terms, where)
          return { ...command, environment: { ...command.environment, PORT: String(port) } }
        },
      })
    const read = async ({ exchange }: Life) => {
      const { body } = await exchange.send({ method: 'GET', path: '/users/1' })
      return (JSON.parse(body) as { readonly name: string }).name
    }
    const [dying, other] = await Promise.all([life(), life()])
    onTestFinished(async () => void (await Promise.all([dying.end(), other.end()])))
    expect(await read(other)).toBe('User 1')
    dying.arm('after-set-before-push')
    const body = { name: 'Ada', email: 'user1@example.com' }
    await expect(dying.exchange.send({ method: 'PUT', path: '/users/1', body })).rejects.toThrow()
    expect(dying.hasMetFailpoint).toBe(true)
    expect(await read(other)).toBe('Ada')
    await other.exchange.send({ method: 'POST', path: '/admin/cache/clear' })
    expect(await read(other)).toBe('User 1')
  })

  test('leaves no process and no database of a subject that was stopped', async () => {
    const subject = await stage.start('naive', terms)
    await subject.stop()
    await Promise.all(subject.urls.map((url) => expect(get(url, 1)).rejects.toThrow()))
    await expect(subject.rows?.([1])).rejects.toThrow()
    const server = new pg.Client({ connectionString: stage.postgres?.url })
    await server.connect()
    const { rows } = await server.query("select from pg_database where datname like 'naive\\_%'")
    await server.end()
    expect(rows).toHaveLength(0)
  })
})
