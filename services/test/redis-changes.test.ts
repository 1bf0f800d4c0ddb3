import { type LocalRedis, startRedis } from '@caching-patterns/local-servers'
import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import type { FastifyInstance } from 'fastify'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnvironment } from '../environment.ts'
import { buildApp } from '../http/app.ts'
import { logWarnings } from '../warning-log.ts'
import { type Wiring, wire } from '../wiring.ts'
import { start } from '../write-behind/main.ts'
import { send } from './http/client.ts'

describeWith(['redis', 'postgres'], 'write-behind on a Redis that somebody changes', () => {
  let redis: LocalRedis
  let wiring: Wiring
  let app: FastifyInstance
  let url: string
  let lines: { readonly level: number; readonly msg: string }[] = []

  // One life, in order. Of the clock only what is looked at every 30 s is stepped.
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const settings = { appendonly: 'yes', appendfsync: 'always', maxmemory: '100mb' }
    redis = await startRedis({ settings })
    const variables = { REDIS_URL: redis.url, DATABASE_URL: await freshDatabase() }
    wiring = wire(readEnvironment({ ...variables, SEED_USERS: '1' }))
    const parts = await start(wiring)
    const stream = { write: (line: string) => lines.push(JSON.parse(line)) }
    app = await buildApp(parts, { admin: { isLoopback: true }, logger: { stream } })
    logWarnings(parts, app.log)
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    vi.useRealTimers()
    await app?.close()
    await wiring?.close()
    await redis?.stop()
  })

  const json = async (path: string) => JSON.parse((await send(url, 'GET', path)).text)
  const set = async (name: string, value: string) => {
    const client = await createClient({ url: redis.url }).connect()
    await client.sendCommand(['CONFIG', 'SET', name, value])
    client.destroy()
    lines = []
    vi.advanceTimersByTime(30_000)
    await expect.poll(() => lines.length).toBeGreaterThan(0)
  }
  const little =
    'accepted writes may take 50 MiB, half of the maxmemory of Redis, instead of 64 MiB: raise it, and restart'

  test('takes half of its memory for accepted writes, and says so', async () => {
    expect(await json('/readyz')).toEqual({ status: 'ok', reasons: [], warnings: [little] })
    expect((await json('/stats')).warnings).toEqual([little])
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: little }))
  })

  test('warns when a crash begins to lose writes, and when that is over', async () => {
    const loses = expect.stringMatching(/^a crash of Redis loses up to 2 s of accepted writes/)
    await set('appendfsync', 'everysec')
    expect(lines).toMatchObject([{ level: 40, msg: loses }])
    expect(await json('/readyz')).toEqual({ status: 'ok', reasons: [], warnings: [loses, little] })
    await set('appendfsync', 'always')
    expect(lines).toMatchObject([{ level: 30, msg: expect.stringMatching(/^no longer: a crash/) }])
    expect((await json('/stats')).warnings).toEqual([little])
  })

  test('is degraded, and serves, while Redis evicts what was accepted', async () => {
    const evicts = expect.stringMatching(/^Redis: its maxmemory-policy allkeys-lfu evicts writes/)
    await set('maxmemory-policy', 'allkeys-lfu')
    expect(lines).toMatchObject([{ level: 40, msg: evicts }])
    const { status, text } = await send(url, 'GET', '/readyz')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ status: 'degraded', reasons: [evicts] })
    expect((await send(url, 'GET', '/users/1')).status).toBe(200)
    await set('maxmemory-policy', 'volatile-lfu')
    expect(await json('/readyz')).toMatchObject({ status: 'ok', reasons: [] })
  })

  test('is degraded by an accepted write that somebody removed, until the figures are reset', async () => {
    await send(url, 'GET', '/users/1')
    const body = { name: 'Ada', email: 'ada@example.com' }
    expect((await send(url, 'PUT', '/users/1', { body })).status).toBe(200)
    const client = await createClient({ url: redis.url }).connect()
    // The entry itself, and not what else is known of it.
    const entries = []
    for (const key of await client.keys('*users*')) {
      if ((await client.type(key)) === 'string' && /:1$/.test(key)) entries.push(key)
    }
    expect(entries).toHaveLength(1)
    await client.del(entries)
    client.destroy()
    const lost = [expect.stringMatching(/^1 accepted write is gone from the journal/)]
    const reasons = async () => (await json('/readyz')).reasons
    await expect.poll(reasons, { timeout: 5_000 }).toEqual(lost)
    const { status, text } = await send(url, 'GET', '/readyz')
    expect({ status, word: JSON.parse(text).status }).toEqual({ status: 200, word: 'degraded' })
    expect((await json('/stats')).journal.lost).toBe(1)
    await send(url, 'POST', '/admin/stats/reset')
    expect(await json('/readyz')).toMatchObject({ status: 'ok', reasons: [] })
  })
})
