import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { parseRaw, send, sendRaw } from './client.ts'
import { expectProblem } from './expectations.ts'
import { fakeParts, fakeStats } from './fake-users.ts'
import { draft, startApp } from './start-app.ts'

describe('admin routes', () => {
  const routes = ['/admin/stats/reset', '/admin/cache/clear']

  test('do their work on a loopback host when no token is set', async () => {
    const { url, parts } = await startApp()
    for (const route of routes) {
      const { status, text } = await send(url, 'POST', route)
      expect({ status, text }).toEqual({ status: 204, text: '' })
    }
    expect(parts.calls).toEqual(['resetStats', 'clear'])
  })

  test('are forbidden elsewhere when no token is set', async () => {
    const { url, parts } = await startApp({ admin: { isLoopback: false } })
    for (const route of routes) expectProblem(await send(url, 'POST', route), 'FORBIDDEN')
    expect(parts.calls).toEqual([])
  })

  test.each([undefined, 'Bearer wrong', 'Bearer ', 'Basic c2VjcmV0', 'secret', 'Bearer secret x'])(
    'ask for the token, on a loopback host too (Authorization: %s)',
    async (authorization) => {
      const { url, parts } = await startApp({ admin: { token: 'secret', isLoopback: true } })
      for (const route of routes) {
        const headers = authorization === undefined ? {} : { authorization }
        const answer = await send(url, 'POST', route, { headers })
        expectProblem(answer, 'UNAUTHORIZED')
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="admin"/)
      }
      expect(parts.calls).toEqual([])
    },
  )

  test('do their work for the bearer of the token', async () => {
    const { url, parts } = await startApp({ admin: { token: 'secret', isLoopback: false } })
    for (const scheme of ['Bearer', 'bearer']) {
      const headers = { authorization: `${scheme} secret` }
      expect((await send(url, 'POST', '/admin/cache/clear', { headers })).status).toBe(204)
    }
    expect(parts.calls).toEqual(['clear', 'clear'])
  })
})

describe('operations', () => {
  test('/stats holds what the service is and what its cache did', async () => {
    const { url } = await startApp()
    const { uptimeMs, ...rest } = JSON.parse((await send(url, 'GET', '/stats')).text)
    expect(rest).toEqual({
      pattern: 'read-through',
      store: 'memory',
      source: 'pglite',
      ...fakeStats,
      warnings: [],
    })
    expect(Number.isInteger(uptimeMs)).toBe(true)
  })

  test('/metrics is Prometheus text of the cache and the process', async () => {
    const { url } = await startApp()
    const { headers, text } = await send(url, 'GET', '/metrics')
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text).toContain('cache_gets_total{cache="users",result="miss"} 8')
    expect(text).toMatch(/^process_cpu_seconds_total \d/m)
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds \d/m)
    // of two scrapes in a row the second finds no sample of the event loop's delay
    const again = (await send(url, 'GET', '/metrics')).text
    const line = /^(#.*|[a-z_0-9]+(\{.*\})? (NaN|[+-]Inf|-?\d+(\.\d+)?(e[+-]?\d+)?)|)$/
    for (const each of again.split('\n')) expect(each).toMatch(line)
  })

  test.each([
    [200, { status: 'ok', reasons: [] }, { reads: true, writes: true, reasons: [] }],
    [
      200,
      { status: 'degraded', reasons: ['redis is away'] },
      { reads: true, writes: true, reasons: ['redis is away'] },
    ],
    [
      200,
      { status: 'degraded', reasons: ['no writes'] },
      { reads: true, writes: false, reasons: ['no writes'] },
    ],
  ])('/readyz is %i %j for %j', async (status, body, health) => {
    const { url, parts } = await startApp()
    parts.state = health
    const answer = await send(url, 'GET', '/readyz')
    expect({ status: answer.status, body: JSON.parse(answer.text) }).toEqual({ status, body })
  })

  test('/readyz is 503 when neither reads nor writes can be served, and says why', async () => {
    const { url, parts } = await startApp()
    parts.state = { reads: false, writes: false, reasons: ['starting'] }
    const answer = await send(url, 'GET', '/readyz')
    expectProblem(answer, 'NOT_READY')
    expect(JSON.parse(answer.text).reasons).toEqual(['starting'])
    expect((await send(url, 'GET', '/healthz')).text).toBe('{"status":"ok"}')
  })
})

describe('what may end badly', () => {
  const stats = async (url: string) => JSON.parse((await send(url, 'GET', '/stats')).text)
  const ready = async (url: string) => JSON.parse((await send(url, 'GET', '/readyz')).text)
  const lost = (rows: number) => ({ type: 'journal-lost', cache: 'users', rows }) as const

  test('stands in /readyz and /stats as long as it lasts, and makes nothing degraded', async () => {
    const { url, parts } = await startApp()
    parts.warn('a crash loses much')
    expect(await ready(url)).toEqual({
      status: 'ok',
      reasons: [],
      warnings: ['a crash loses much'],
    })
    expect((await stats(url)).warnings).toEqual(['a crash loses much'])
    parts.warningTexts = []
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
    expect((await stats(url)).warnings).toEqual([])
  })

  test('a lost write degrades write-behind, in words, until the figures are reset', async () => {
    const { url, parts } = await startApp({}, fakeParts('write-behind'))
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
    parts.emit(lost(1))
    expect(await ready(url)).toEqual({
      status: 'degraded',
      reasons: [expect.stringMatching(/^1 accepted write is gone from the journal/)],
    })
    parts.emit(lost(2))
    expect((await ready(url)).reasons).toEqual([
      expect.stringMatching(/^3 accepted writes are gone .*POST \/admin\/stats\/reset/),
    ])
    await send(url, 'POST', '/admin/stats/reset')
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
  })

  test('a loss that the figures know of degrades it too, and silence of the figures does not', async () => {
    const parts = fakeParts('write-behind')
    const { url } = await startApp({}, parts)
    const { users } = parts
    const stats = vi.spyOn(users, 'stats')
    stats.mockImplementation(async () => ({ ...fakeStats, journal: { ...noJournal, lost: 4 } }))
    expect((await ready(url)).reasons).toEqual([expect.stringMatching(/^4 accepted writes/)])
    // The store counts for all who share it, and goes on: what is known already rings no more.
    await send(url, 'POST', '/admin/stats/reset')
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
    stats.mockImplementation(async () => ({ ...fakeStats, journal: { ...noJournal, lost: 5 } }))
    expect((await ready(url)).reasons).toEqual([expect.stringMatching(/^1 accepted write is/)])
    stats.mockImplementation(() => Promise.reject(new Error('away')))
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
    stats.mockImplementation(() => new Promise(() => undefined))
    const startedAt = performance.now()
    expect(await ready(url)).toEqual({ status: 'ok', reasons: [] })
    expect(performance.now() - startedAt).toBeLessThan(900)
  })

  test('the service stops listening for losses when it closes', async () => {
    const { app, parts } = await startApp({}, fakeParts('write-behind'))
    expect(parts.listeners()).toBe(1)
    await app.close()
    expect(parts.listeners()).toBe(0)
  })
})

describe('too much work', () => {
  test('of one client past its limit a minute is 429, probes excepted', async () => {
    const { url } = await startApp({ rateLimit: 3 })
    await send(url, 'POST', '/users', { body: draft })
    for (const path of ['/users/1', '/stats']) {
      expect((await send(url, 'GET', path)).status).toBe(200)
    }
    for (const path of ['/users/1', '/stats', '/metrics']) {
      const answer = await send(url, 'GET', path)
      expectProblem(answer, 'RATE_LIMITED')
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    }
    for (const path of ['/healthz', '/readyz']) {
      expect((await send(url, 'GET', path)).status).toBe(200)
    }
  })

  test('of the process is 503, probes excepted', async () => {
    const { url } = await startApp({ maxEventLoopDelayMs: 30, sampleIntervalMs: 10 })
    // One turn of the loop that lasts: the next sample sees it.
    const until = performance.now() + 300
    while (performance.now() < until) Math.hypot(1, 2)
    await new Promise((resolve) => setTimeout(resolve, 15))
    const [user, health] = await Promise.all([
      send(url, 'GET', '/users/1'),
      send(url, 'GET', '/healthz'),
    ])
    expectProblem(user, 'OVERLOADED')
    expect(health.status).toBe(200)
  })
})

describe('closing', () => {
  test('answers what is under way, then closes its connection and the users', async () => {
    const { url, app, parts } = await startApp()
    const release = parts.script.holdNext()
    const request = sendRaw(url, 'GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => parts.calls).toEqual(['read 7'])
    const closed = app.close()
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    expect(parts.calls).toEqual(['read 7'])
    const closing = withinASecond(closed)
    release()
    expectProblem(parseRaw(await request), 'USER_NOT_FOUND')
    await closing
    expect(parts.calls).toEqual(['read 7', 'close'])
  })

  test('closes connections that wait for a next request', async () => {
    const { url, app } = await startApp()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    const answered = new Promise((resolve) => socket.once('data', resolve))
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await answered
    await withinASecond(app.close())
    await ended
  })

  test('closes connections that never asked anything', async () => {
    const { url, app } = await startApp()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => app.server.once('connection', resolve))
    await withinASecond(app.close())
    await ended
  })

  test('cuts off a request that does not arrive', async () => {
    const { url, app } = await startApp()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    const arrived = new Promise((resolve) =>
      app.server.once('connection', (accepted) => accepted.once('data', resolve)),
    )
    socket.write('POST /users HTTP/1.1\r\nHost: x\r\nContent-Le')
    await arrived
    await app.close()
    await ended
  })

  test('says 503 on /readyz to a connection that is still busy', async () => {
    const { url, app, parts } = await startApp()
    const release = parts.script.holdNext()
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.write('GET /users/7 HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => parts.calls).toEqual(['read 7'])
    const closed = app.close()
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => app.server.listening).toBe(false)
    release()
    await closed
    await expect.poll(() => socket.readableEnded).toBe(true)
    const second = parseRaw(received.slice(received.lastIndexOf('HTTP/1.1 ')))
    expectProblem(second, 'NOT_READY')
    expect(JSON.parse(second.text).reasons).toEqual(['draining'])
    expect(second.headers.get('connection')).toBe('close')
  })
})

const noJournal = {
  ...{ dirty: 0, bytes: 0, oldestMs: 0, enqueued: 0, coalesced: 0, flushed: 0, retries: 0 },
  ...{ deadLetters: 0, fenced: 0, lost: 0, restamped: 0, drainRate: 0 },
  breaker: 'closed',
} as const

/** Long before the service cuts connections off. */
async function withinASecond(closed: PromiseLike<unknown>): Promise<void> {
  const startedAt = performance.now()
  await closed
  expect(performance.now() - startedAt).toBeLessThan(1_000)
}
