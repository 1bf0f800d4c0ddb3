import { describe, expect, test } from 'vitest'
import { send } from './client.ts'
import { expectProblem } from './expectations.ts'
import { draft, startApp } from './start-app.ts'

describe('Cache-Status', () => {
  test.each([
    ['"read-through"; hit; ttl=283', { status: 'hit', ttlMs: 283_999 }],
    ['"read-through"; hit; ttl=0', { status: 'hit', ttlMs: 300 }],
    ['"read-through"; hit; ttl=-1', { status: 'stale', ttlMs: -300, isStale: true }],
    ['"read-through"; hit; ttl=-12', { status: 'stale', ttlMs: -11_200, isStale: true }],
    ['"read-through"; fwd=miss; stored', { status: 'miss', isStored: true }],
    ['"read-through"; fwd=miss', { status: 'miss' }],
    ['"read-through"; fwd=miss; collapsed', { status: 'miss', isCollapsed: true, isStored: true }],
    ['"read-through"; fwd=bypass', { status: 'bypass' }],
    ['"read-through"; fwd=bypass; detail=stale', { status: 'bypass', isStale: true }],
  ] as const)('says %s', async (expected, lookup) => {
    const { url, parts } = await startApp()
    await send(url, 'POST', '/users', { body: draft })
    parts.script.readNext(lookup)
    const { status, headers } = await send(url, 'GET', '/users/1')
    expect(status).toBe(200)
    expect(headers.get('cache-status')).toBe(expected)
  })

  test('says hit on a 404 from a negative entry, with its age', async () => {
    const { url, parts } = await startApp()
    parts.script.readNext({ status: 'negative', ttlMs: 29_000, ageMs: 1_900 })
    const answer = await send(url, 'GET', '/users/7')
    expectProblem(answer, 'USER_NOT_FOUND')
    expect(answer.headers.get('cache-status')).toBe('"read-through"; hit; ttl=29')
    expect(answer.headers.get('age')).toBe('1')
  })

  test('says miss on a 404 that was loaded, without an age', async () => {
    const { url, parts } = await startApp()
    parts.script.readNext({ status: 'miss', isStored: true })
    const { headers } = await send(url, 'GET', '/users/7')
    expect(headers.get('cache-status')).toBe('"read-through"; fwd=miss; stored')
    expect(headers.has('age')).toBe(false)
  })
})

describe('a read', () => {
  test('is served as it was cached, byte for byte', async () => {
    const { url, parts } = await startApp()
    const json = '{ "id":1,  "name":"\\u0041da" }'
    parts.script.readNext({ status: 'hit', json, version: 9_007_199_254_740_991 })
    const { text, headers } = await send(url, 'GET', '/users/1')
    expect(text).toBe(json)
    expect(headers.get('etag')).toBe('"9007199254740991"')
  })

  test('says its age in whole seconds, on hits only', async () => {
    const { url, parts } = await startApp()
    await send(url, 'POST', '/users', { body: draft })
    parts.script.readNext({ ageMs: 17_900 })
    expect((await send(url, 'GET', '/users/1')).headers.get('age')).toBe('17')
    parts.script.readNext({ status: 'miss' })
    expect((await send(url, 'GET', '/users/1')).headers.has('age')).toBe(false)
  })

  test('tells the time of the database from the rest, and no more than it took', async () => {
    const { url, parts } = await startApp()
    await send(url, 'POST', '/users', { body: draft })
    parts.script.readNext({ status: 'miss', isCollapsed: true, loadMs: 60_000 })
    const timing = (await send(url, 'GET', '/users/1')).headers.get('server-timing')
    const [, cacheMs, dbMs] = /^cache;dur=([0-9.]+), db;dur=([0-9.]+)$/.exec(timing ?? '') ?? []
    expect(Number(cacheMs)).toBe(0)
    expect(Number(dbMs)).toBeLessThan(60_000)
  })
})

describe('If-Match on a write', () => {
  test.each([
    ['"1"', [1]],
    ['"1", "2","3"', [1, 2, 3]],
    [', "1", , "2",', [1, 2]],
    ['W/"1", "2"', [2]],
    ['W/"1"', []],
    ['"abc"', []],
    ['"01"', []],
    ['"9007199254740993"', []],
    ['"a,b", "5"', [5]],
    ['*', undefined],
  ])('%s asks for the versions %j', async (header, versions) => {
    const { url, parts } = await startApp()
    await send(url, 'PUT', '/users/1', { body: draft, headers: { 'if-match': header } })
    expect(parts.calls).toEqual([`update 1 ${JSON.stringify(versions)}`])
  })

  test.each(['1', '"1', '1"', '"1" "2"', '"1", 2', '"a b"', 'w/"1"', '*, "1"', ''])(
    '%j is refused: no list of entity tags',
    async (header) => {
      const { url, parts } = await startApp()
      for (const method of ['PUT', 'DELETE']) {
        const init = { headers: { 'if-match': header }, ...(method === 'PUT' && { body: draft }) }
        expectProblem(await send(url, method, '/users/1', init), 'INVALID_HEADER')
      }
      expect(parts.calls).toEqual([])
    },
  )
})

test('If-None-Match on a write is not judged by a read that may be stale', async () => {
  const { url, parts } = await startApp()
  const { headers } = await send(url, 'POST', '/users', { body: draft })
  const tag = headers.get('etag') ?? ''
  const put = () => send(url, 'PUT', '/users/1', { body: draft, headers: { 'if-none-match': tag } })
  parts.script.readNext({ status: 'bypass', isStale: true })
  expectProblem(await put(), 'STORE_UNAVAILABLE')
  expectProblem(await put(), 'VERSION_CONFLICT')
})
