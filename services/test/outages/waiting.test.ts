import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readEnvironment } from '../../environment.ts'
import { buildApp } from '../../http/app.ts'
import { type Wiring, wire } from '../../wiring.ts'
import { start } from '../../write-behind/main.ts'
import { send } from '../http/client.ts'
import { expectProblem } from '../http/expectations.ts'
import { outages } from './outages.ts'
import { type Servers, startServers } from './servers.ts'

// The servers are real, and so is the time that they are given.
vi.setConfig({ testTimeout: 30_000 })

describeWith(['redis', 'postgres'], 'write-behind, while PostgreSQL is away', () => {
  let servers: Servers
  let wiring: Wiring
  let app: Awaited<ReturnType<typeof buildApp>>
  let url: string
  let bringBack: () => Promise<unknown>
  let drafts = 0
  const draft = () => {
    drafts += 1
    return { name: 'Ada', email: `ada.${drafts}@example.com` }
  }

  // One life, in order.
  beforeAll(async () => {
    servers = await startServers()
    wiring = wire(readEnvironment({ SEED_USERS: '9', ...servers.environment }))
    app = await buildApp(await start(wiring), { admin: { isLoopback: true }, flushWithinMs: 500 })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
    for (const id of [1, 2, 3]) await send(url, 'GET', `/users/${id}`)
    bringBack = await outages.postgres['is killed'](servers)
  })
  afterAll(async () => {
    await app?.close()
    await wiring?.close()
    await servers?.stop()
  })

  const put = (id: number, wait: number) =>
    send(url, 'PUT', `/users/${id}`, { body: draft(), headers: { prefer: `wait=${wait}` } })

  test('answers accepted when the time that a client wants to wait is up', async () => {
    const startedAt = performance.now()
    const { status, headers } = await put(1, 1)
    expect(status).toBe(200)
    expect(headers.get('write-status')).toBe('accepted')
    expect(headers.has('preference-applied')).toBe(false)
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990)
  })

  test('creates users, with an Idempotency-Key one of many requests', async () => {
    const init = { body: draft(), headers: { 'idempotency-key': '"one"' } }
    const answers = []
    for (let request = 0; request < 3; request += 1)
      answers.push(await send(url, 'POST', '/users', init))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(1)
  })

  test('says after a while that a flush is not over, and that it goes on', async () => {
    expectProblem(await send(url, 'POST', '/admin/flush'), 'FLUSH_TIMEOUT')
  })

  test('answers who waits as soon as PostgreSQL is back', async () => {
    const waiting = put(2, 20)
    await bringBack()
    const { headers } = await waiting
    expect(headers.get('write-status')).toBe('persisted')
    expect(headers.get('preference-applied')).toBe('wait=20')
    await expect.poll(async () => (await send(url, 'POST', '/admin/flush')).status).toBe(204)
    const { journal } = JSON.parse((await send(url, 'GET', '/stats')).text)
    expect(journal).toMatchObject({ dirty: 0, deadLetters: 0, lost: 0 })
  })

  test('answers who waits when the service closes, although PostgreSQL is away', async () => {
    bringBack = await outages.postgres['is killed'](servers)
    const startedAt = performance.now()
    const waiting = put(3, 40)
    await expect
      .poll(async () => JSON.parse((await send(url, 'GET', '/stats')).text).journal.dirty)
      .toBe(1)
    const closed = app.close()
    const { status, headers } = await waiting
    expect(status).toBe(200)
    expect(headers.get('write-status')).toBe('accepted')
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    await closed
    await bringBack()
  })
})
