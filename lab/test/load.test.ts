import { afterEach, describe, expect, test } from 'vitest'
import { runLoad } from '../load/run-load.ts'
import type { Operation } from '../workloads/operation.ts'
import { type FakeTarget, fakeTarget, type Respond } from './fake-target.ts'
import { loadOn, operations } from './some-load.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(respond: Respond): Promise<FakeTarget> {
  const target = await fakeTarget(respond)
  closers.push(target.close)
  return target
}

const ok: Respond = (_, response) => response.end('{}')
const oneClient = { clients: 1 }

describe('an exchange', () => {
  test('of a read that may be old says so, past the cache as well as out of it', async () => {
    const labels = ['"x"; hit; ttl=-2', '"x"; fwd=bypass; detail=stale', '"x"; fwd=bypass']
    const target = await start((_, response, number) => {
      response.setHeader('cache-status', labels[number - 1] ?? '').end()
    })
    const { exchanges } = await loadOn([target], { operations: operations(3), pace: oneClient })
    const said = exchanges.map(({ isLabelledStale }) => isLabelledStale)
    expect(said).toEqual([true, true, undefined])
  })

  test('is sent by the method of its kind, with the user it is about', async () => {
    const target = await start(ok)
    const all = (['get', 'put', 'post', 'delete'] as const).map((kind) => ({
      kind,
      key: 7,
      bytes: 0,
    }))
    await loadOn([target], { operations: all.values(), pace: oneClient })
    expect(target.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /users/7',
      'PUT /users/7',
      'POST /users',
      'DELETE /users/7',
    ])
    const [get, put, post, remove] = target.received.map(({ body }) => body && JSON.parse(body))
    expect([get, remove]).toEqual(['', ''])
    expect(put).toEqual({ name: expect.any(String), email: 'user7@example.com' })
    expect(post.email).toMatch(/^[^@]+@example\.com$/)
  })

  test('writes a name that no other write has, in this load or another', async () => {
    const target = await start(ok)
    const writes = [...Array(20)].map((_, index): Operation => {
      return { kind: index % 2 === 0 ? 'put' : 'post', key: 1, bytes: 0 }
    })
    const loads = [writes.values(), writes.values()].map((each) =>
      loadOn([target], { operations: each, pace: { clients: 4 } }),
    )
    const names = (await Promise.all(loads)).flatMap(({ exchanges }) =>
      exchanges.map(({ name }) => name),
    )
    expect(new Set(names).size).toBe(40)
    const sent = target.received.map(({ body }) => JSON.parse(body))
    expect(new Set(sent.map(({ name }) => name))).toEqual(new Set(names))
    const posted = target.received.filter(({ method }) => method === 'POST')
    expect(new Set(posted.map(({ body }) => JSON.parse(body).email)).size).toBe(20)
  })

  test.each([150, 200, 331, 510])('writes a user whose JSON has %i bytes', async (bytes) => {
    const target = await start(ok)
    await loadOn([target], { operations: operations(3, 'put', bytes), pace: oneClient })
    const date = new Date().toISOString()
    for (const [index, { body }] of target.received.entries()) {
      const user = { id: index + 1, ...JSON.parse(body), createdAt: date, updatedAt: date }
      // The shortest have no room for more than a name of their own.
      expect(Math.abs(Buffer.byteLength(JSON.stringify(user)) - bytes)).toBeLessThanOrEqual(2)
      expect(user.name.length).toBeLessThanOrEqual(200)
    }
  })

  test('tells what its answer says', async () => {
    const target = await start(({ method }, response) => {
      if (method === 'GET') {
        response.setHeader('cache-status', '"x"; hit; ttl=9').setHeader('etag', '"41"').end('{}')
      } else if (method === 'POST') {
        response.setHeader('location', '/users/90').setHeader('write-status', 'confirmed')
        response.writeHead(201).end()
      } else response.setHeader('write-status', 'accepted').setHeader('etag', 'W/"42"').end('{}')
    })
    const all = (['get', 'post', 'put'] as const).map((kind) => ({ kind, key: 7, bytes: 0 }))
    const { exchanges } = await loadOn([target], { operations: all.values(), pace: oneClient })
    const [get, post, put] = exchanges
    const { url } = target
    expect(get).toMatchObject({ url, id: 7, status: 200, outcome: 'hit', version: 41 })
    expect([get?.name, get?.writeStatus, get?.error]).toEqual([undefined, undefined, undefined])
    expect(post).toMatchObject({ id: 90, status: 201, writeStatus: 'confirmed' })
    expect([post?.version, post?.outcome]).toEqual([undefined, undefined])
    expect(put).toMatchObject({ id: 7, version: 42, writeStatus: 'accepted' })
    for (const { dueAt, sentAt, endedAt } of exchanges) {
      expect(dueAt).toBeLessThanOrEqual(sentAt)
      expect(sentAt).toBeLessThan(endedAt)
    }
  })

  test('goes to each target in turn', async () => {
    const targets = [await start(ok), await start(ok), await start(ok)]
    await loadOn(targets, { operations: operations(30), pace: { clients: 5 } })
    expect(targets.map(({ received }) => received.length)).toEqual([10, 10, 10])
  })
})

describe('errors', () => {
  test('are counted by code and operation; no user, and nothing new, is none', async () => {
    const statuses = [200, 503, 404, 304, 503, 429]
    const target = await start((_, response, number) => {
      response.writeHead(statuses[number - 1] ?? 500).end()
    })
    const some = [...operations(5), ...operations(1, 'delete')]
    const { result } = await loadOn([target], { operations: some.values(), pace: oneClient })
    expect(result).toMatchObject({ requests: 6, absent: 1 })
    expect(result.kinds.get).toMatchObject({ requests: 5, errors: { 503: 2 } })
    expect(result.kinds.get.latencies.count).toBe(3)
    expect(result.kinds.delete).toMatchObject({ requests: 1, errors: { 429: 1 } })
    expect(result.kinds.delete.latencies).toMatchObject({ count: 0, histogram: '', meanMs: 0 })
  })

  test('on the wire have the names of the system', async () => {
    const cut = await start((_, response) => response.destroy())
    const gone = await fakeTarget(ok)
    await gone.close()
    const cutOff = await loadOn([cut], { operations: operations(2), pace: oneClient })
    expect(cutOff.result.kinds.get.errors).toEqual({ ECONNRESET: 2 })
    expect(cutOff.exchanges[0]).toMatchObject({ status: 0, error: 'ECONNRESET', id: undefined })
    const refused = await loadOn([gone], { operations: operations(3), pace: { perSecond: 500 } })
    expect(refused.result.kinds.get.errors).toEqual({ ECONNREFUSED: 3 })
  })

  test('of a client that got no answer do not follow each other at once', async () => {
    const gone = await fakeTarget(ok)
    await gone.close()
    const plan = { operations: operations(100_000), pace: oneClient, forMs: 300 }
    const { result } = await loadOn([gone], plan)
    expect(result.requests).toBeLessThanOrEqual(31)
    expect(result.requests).toBeGreaterThan(1)
  })

  test('are answers that come after the deadline, or never', async () => {
    const target = await start(({ path }, response) => {
      if (path === '/users/1') return
      setTimeout(() => response.end('{}'), path === '/users/2' ? 155 : 0)
    })
    const plan = { operations: operations(4), pace: oneClient, deadlineMs: 150 }
    const { result, exchanges } = await loadOn([target], plan)
    expect(result.kinds.get.errors).toEqual({ TIMEOUT: 2 })
    expect(exchanges.map(({ status }) => status)).toEqual([0, 0, 200, 200])
    for (const { dueAt, endedAt } of exchanges.slice(0, 2)) {
      expect(endedAt - dueAt).toBeGreaterThanOrEqual(150)
      expect(endedAt - dueAt).toBeLessThan(1_500)
    }
  })

  test('of a body that does not end are errors', async () => {
    const target = await start((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{')
    })
    const plan = { operations: operations(1), pace: oneClient, deadlineMs: 100 }
    expect((await loadOn([target], plan)).result.kinds.get.errors).toEqual({ TIMEOUT: 1 })
  })
})

describe('the hit ratio', () => {
  const answers = [
    [200, '"x"; hit; ttl=9'],
    [200, '"x"; fwd=miss; stored'],
    [200, '"x"; hit; ttl=-2'],
    [404, '"x"; hit; ttl=9'],
    [200, '"x"; fwd=bypass'],
    [200, '"x"; hit; ttl=8'],
    [503, '"x"; hit; ttl=8'],
    [200, 'somebody else'],
  ] as const

  test('is that of reads which were answered out of the cache', async () => {
    const target = await start((_, response, number) => {
      const [status, text] = answers[number - 1] ?? [500, '']
      response.setHeader('cache-status', text).writeHead(status).end()
    })
    const { result } = await loadOn([target], { operations: operations(8), pace: oneClient })
    const counts = Object.entries(result.reads).map(([name, { count }]) => [name, count])
    expect(Object.fromEntries(counts)).toEqual({
      hit: 2,
      miss: 1,
      stale: 1,
      negative: 1,
      bypass: 1,
    })
    expect(result.hitRatio).toBe(3 / 6)
  })

  test('is unknown where no answer says it', async () => {
    const target = await start(ok)
    const { result } = await loadOn([target], { operations: operations(2), pace: oneClient })
    expect(result.hitRatio).toBeUndefined()
  })
})

test.each([
  [{ urls: [] }, 'urls: expected at least one'],
  [{ pace: { clients: 0 } }, 'pace: expected a number above 0, received 0'],
  [{ pace: { perSecond: Number.NaN } }, 'received NaN'],
])('a plan with %j is refused', async (wrong, message) => {
  const plan = { urls: ['http://127.0.0.1:1'], operations: operations(1), pace: oneClient }
  await expect(runLoad({ ...plan, ...wrong })).rejects.toThrow(message)
})
