import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { type PatternName, patternNames } from '../../http/port.ts'
import { type Running, serve } from '../../serve.ts'
import { send } from '../http/client.ts'
import { outages } from './outages.ts'
import { type Servers, startServers } from './servers.ts'

// The servers are real, and so is the time that they are given.
vi.setConfig({ testTimeout: 30_000 })

describeWith(['redis', 'postgres'], 'services whose servers go away', () => {
  let servers: Servers
  let running: Running
  let urls: ReadonlyMap<string, string>

  // One life, in order.
  beforeAll(async () => {
    servers = await startServers()
    const settings = { PORT: '0', SEED_USERS: '50', LOG_LEVEL: 'silent' }
    running = serve(patternNames, readEnvironment({ ...settings, ...servers.environment }))
    urls = new Map((await running.ready).map(({ name, url }) => [name, url]))
  })
  afterAll(async () => {
    await running?.close()
    await servers?.stop()
  })

  const ask = (pattern: PatternName, path: string) => send(urls.get(pattern) ?? '', 'GET', path)
  const ready = async (pattern: PatternName) => {
    const { status, text } = await ask(pattern, '/readyz')
    return { status, ...(JSON.parse(text) as { reasons: string[] }) }
  }
  const put = (pattern: PatternName, id: number) => {
    const body = { name: pattern, email: `${pattern}.${id}@example.com` }
    return send(urls.get(pattern) ?? '', 'PUT', `/users/${id}`, { body })
  }
  const allWell = { status: 'ok', reasons: [] }
  const untilWell = () =>
    Promise.all(
      patternNames.map((pattern) =>
        expect.poll(() => ready(pattern), { timeout: 10_000 }).toMatchObject(allWell),
      ),
    )
  /** What each is not ready for during an outage. */
  const reasonsDuring = async (
    server: 'redis' | 'postgres',
    outage: 'is frozen' | 'only reads',
  ) => {
    const end = await outages[server][outage](servers)
    try {
      return await Promise.all(patternNames.map(async (name) => [name, await ready(name)] as const))
    } finally {
      await end()
      await untilWell()
    }
  }

  test('are well while both are there, with nothing to warn of', async () => {
    for (const pattern of patternNames) {
      expect(await ready(pattern)).toEqual({ ...allWell, status: 'ok' })
    }
  })

  const withoutRedis: Readonly<Record<PatternName, string>> = {
    'cache-aside': 'reads load from the database, writes are unconfirmed',
    'read-through': 'reads load from the database, writes are unconfirmed',
    'write-through': 'reads load from the database, writes are refused',
    'write-behind': 'reads load from the database and may be stale, writes are refused',
    'refresh-ahead': 'reads load from the database, writes are unconfirmed',
  }

  test('are degraded without Redis, and say in which way', async () => {
    for (const [pattern, { status, reasons }] of await reasonsDuring('redis', 'is frozen')) {
      const words = withoutRedis[pattern]
      expect({ status, reasons }).toEqual({
        status: 'degraded',
        reasons: [`Redis did not answer within 500 ms: ${words}`],
      })
    }
  })

  test('are degraded by a Redis that has become a replica', async () => {
    const [, read] = await reasonsDuring('redis', 'only reads')
    expect(read?.[1].reasons).toEqual([
      'Redis cannot be reached, or refuses its work: reads load from the database, writes are unconfirmed',
    ])
  })

  test('are degraded without PostgreSQL, and say in which way', async () => {
    for (const [pattern, { status, reasons }] of await reasonsDuring('postgres', 'is frozen')) {
      const words =
        pattern === 'write-behind'
          ? 'hits are served and writes accepted as long as the journal has room, misses are refused'
          : 'hits are served, misses and writes are refused'
      expect({ status, reasons }).toEqual({
        status: 'degraded',
        reasons: [`PostgreSQL did not answer within 500 ms: ${words}`],
      })
    }
  })

  test('answer many probes at once with one question to each server', async () => {
    const ends = [
      await outages.redis['is frozen'](servers),
      await outages.postgres['is frozen'](servers),
    ]
    try {
      const startedAt = performance.now()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => ask('cache-aside', '/readyz')),
      )
      const ms = performance.now() - startedAt
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
      expect(JSON.parse(answers[0]?.text ?? '').reasons).toEqual([
        'Redis did not answer within 500 ms',
        'PostgreSQL did not answer within 500 ms',
      ])
      expect((await ask('cache-aside', '/healthz')).status).toBe(200)
      expect(ms).toBeLessThan(5_000)
    } finally {
      for (const end of ends) await end()
    }
    await untilWell()
  })

  test('are back after both were killed and started again', async () => {
    const ends = await Promise.all([
      outages.redis['is killed'](servers),
      outages.postgres['is killed'](servers),
    ])
    expect((await ready('write-through')).reasons).toEqual([
      'Redis cannot be reached, or refuses its work',
      'PostgreSQL cannot be reached, or refuses its work',
    ])
    await Promise.all(ends.map((end) => end()))
    await untilWell()
    for (const pattern of patternNames) {
      await expect.poll(async () => (await ask(pattern, '/users/1')).status).toBe(200)
      const writeStatus = async () => `${(await put(pattern, 5)).headers.get('write-status')}`
      await expect.poll(writeStatus).toMatch(/^(confirmed|accepted)$/)
    }
  })

  test('close although both are frozen, before a supervisor would kill', async () => {
    await put('write-behind', 6)
    const { redis, postgres } = servers
    redis.pause()
    postgres.pause()
    const startedAt = performance.now()
    await running.close()
    expect(performance.now() - startedAt).toBeLessThan(9_000)
    redis.resume()
    postgres.resume()
  })
})
