import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CacheAside, cacheAside, type Lookup, readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { httpUsers, loadUser, type User } from '../../examples/sources/fetch.ts'

const ada = { id: 1, name: 'Ada', email: 'ada@example.test' }

let server: Server
let baseUrl: string
let requests: string[]
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeEach(async () => {
  requests = []
  answer = (_, response) => json(response, ada)
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

describe('a service behind fetch', () => {
  test('is asked once for what is cached, present or absent', async () => {
    await using users = readThrough<number, User>({ ...options(), source: httpUsers(baseUrl) })
    expect([await users.get(1), await users.get(1)]).toEqual([ada, ada])
    answer = (_, response) => response.writeHead(404).end('no such user')
    expect([await users.get(2), await users.get(2)]).toEqual([undefined, undefined])
    expect(requests).toEqual(['GET /users/1', 'GET /users/2'])
  })

  test('passes other answers on as errors, and caches none', async () => {
    await using users = readThrough<number, User>({ ...options(), source: httpUsers(baseUrl) })
    answer = (_, response) => response.writeHead(503).end('later')
    await expect(users.get(1)).rejects.toThrow(/users\/1 answered 503/)
    answer = (_, response) => json(response, ada)
    expect(await users.get(1)).toEqual(ada)
  })

  test('is left alone when nobody waits any longer', async () => {
    const loadDeadline = '50ms'
    const source = httpUsers(baseUrl)
    await using users = readThrough<number, User>({ ...options(), source, loadDeadline })
    const hungUp = new Promise((resolve) => {
      answer = (request) => request.once('close', resolve)
    })
    await expect(users.get(1)).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    await hungUp
  })

  test('is written inside mutate, which evicts what was cached', async () => {
    await using users = readThrough<number, User>({ ...options(), source: httpUsers(baseUrl) })
    await users.get(1)
    const { status } = await users.mutate([1], () =>
      fetch(`${baseUrl}users/1`, { method: 'PATCH', body: '{"name":"Ada Lovelace"}' }),
    )
    answer = (_, response) => json(response, { ...ada, name: 'Ada Lovelace' })
    expect(status).toBe('confirmed')
    expect((await users.get(1))?.name).toBe('Ada Lovelace')
  })
})

describe('a load that does as Cache-Control says', () => {
  async function loaded(headers: Record<string, string>): Promise<Lookup<User>> {
    answer = (_, response) => json(response, ada, headers)
    await using users: CacheAside<number, User> = cacheAside<number, User>(options())
    await users.lookupOrLoad(1, loadUser(baseUrl, 1))
    return await users.lookupOrLoad(1, loadUser(baseUrl, 1))
  }
  const secondsLeft = ({ ttlMs }: Lookup<User>) => Math.ceil(ttlMs / 1000)

  test.each([
    ['max-age=60', {}, 60],
    ['public, max-age=60, s-maxage=90', {}, 90],
    ['max-age=60', { age: '20' }, 40],
    ['Max-Age=60', { age: 'none' }, 60],
    ['max-age=99999999999', {}, 31_536_000],
  ])('keeps %s with %o for %i s', async (control, headers, seconds) => {
    const again = await loaded({ 'cache-control': control, ...headers })
    expect(again.status).toBe('hit')
    expect(secondsLeft(again)).toBe(seconds)
  })

  test.each([
    ['no-store', {}],
    ['private, max-age=60', {}],
    ['no-cache', {}],
    ['max-age=0', {}],
    ['max-age=60', { age: '60' }],
  ])('answers %s with %o, and does not store it', async (control, headers) => {
    const again = await loaded({ 'cache-control': control, ...headers })
    expect(again).toMatchObject({ status: 'miss', value: ada, isStored: false })
    expect(requests).toHaveLength(2)
  })

  test('keeps an answer that says nothing as long as the cache does', async () => {
    expect(secondsLeft(await loaded({}))).toBe(300)
  })
})

function options() {
  return { name: 'users', store: memoryStore(), ttl: '5m', jitter: 0 } as const
}

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
