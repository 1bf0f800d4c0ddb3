import { CacheError, type ErrorCode } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import type { ProblemCode } from '../../http/codes.ts'
import { type Answer, parseRaw, send, sendRaw } from './client.ts'
import { expectProblem } from './expectations.ts'
import { draft, startApp } from './start-app.ts'

describe('an error of a cache', () => {
  const expected: Record<ErrorCode, ProblemCode> = {
    INVALID_ARGUMENT: 'INTERNAL_ERROR',
    INVALID_KEY: 'INTERNAL_ERROR',
    INVALID_VALUE: 'INTERNAL_ERROR',
    UNSUPPORTED: 'INTERNAL_ERROR',
    VERSION_NOT_REACHED: 'INTERNAL_ERROR',
    WRITE_UNCONFIRMED: 'INTERNAL_ERROR',
    LOAD_TIMEOUT: 'LOAD_TIMEOUT',
    LOAD_OVERLOADED: 'LOAD_OVERLOADED',
    STORE_TIMEOUT: 'STORE_TIMEOUT',
    STORE_UNAVAILABLE: 'STORE_UNAVAILABLE',
    WRITE_TIMEOUT: 'WRITE_TIMEOUT',
    WRITE_OUTCOME_UNKNOWN: 'WRITE_OUTCOME_UNKNOWN',
    VERSION_CONFLICT: 'VERSION_CONFLICT',
    JOURNAL_FULL: 'JOURNAL_FULL',
    DEAD_LETTERED: 'DEAD_LETTERED',
    NO_DEAD_LETTER: 'DEAD_LETTER_NOT_FOUND',
    SUPERSEDED: 'SUPERSEDED',
    VALUE_TAKEN: 'EMAIL_TAKEN',
    IDEMPOTENCY_KEY_REUSED: 'IDEMPOTENCY_KEY_REUSED',
    CLOSED: 'CLOSED',
  }

  test.each(Object.entries(expected) as [ErrorCode, ProblemCode][])(
    '%s is answered as %s, without its words',
    async (code, problem) => {
      const { url, parts } = await startApp()
      parts.script.failNext(new CacheError(code, 'secret words'))
      const answer = await send(url, 'PUT', '/users/1', { body: draft })
      expectProblem(answer, problem)
      expect(answer.text).not.toContain('secret')
    },
  )

  test('says when to try again, in whole seconds, at least one', async () => {
    const { url, parts } = await startApp()
    const retryAfter = async (retryAfterMs?: number) => {
      const details = retryAfterMs === undefined ? {} : { retryAfterMs }
      parts.script.failNext(new CacheError('LOAD_OVERLOADED', 'scripted', details))
      return (await send(url, 'GET', '/users/1')).headers.get('retry-after')
    }
    expect(await retryAfter(2_100)).toBe('3')
    expect(await retryAfter(5)).toBe('1')
    expect(await retryAfter()).toBe('1')
    parts.script.failNext(new CacheError('JOURNAL_FULL', 'scripted', { retryAfterMs: 7_400 }))
    const full = await send(url, 'POST', '/users', { body: draft })
    expectProblem(full, 'JOURNAL_FULL')
    expect(full.headers.get('retry-after')).toBe('8')
  })
})

describe('an error of a database', () => {
  test.each([
    ['23505', 'EMAIL_TAKEN'],
    ['08006', 'SOURCE_UNAVAILABLE'],
    ['25006', 'SOURCE_UNAVAILABLE'],
    ['28P01', 'SOURCE_UNAVAILABLE'],
    ['3D000', 'SOURCE_UNAVAILABLE'],
    ['40001', 'SOURCE_UNAVAILABLE'],
    ['53300', 'SOURCE_UNAVAILABLE'],
    ['55P03', 'SOURCE_UNAVAILABLE'],
    ['57P01', 'SOURCE_UNAVAILABLE'],
    ['ECONNREFUSED', 'SOURCE_UNAVAILABLE'],
    ['42P01', 'INTERNAL_ERROR'],
    ['22001', 'INTERNAL_ERROR'],
  ] as const)('%s is answered as %s, without its words', async (code, problem) => {
    const { url, parts } = await startApp()
    parts.script.failNext(Object.assign(new Error('secret relation at 10.0.0.1'), { code }))
    const answer = await send(url, 'PUT', '/users/1', { body: draft })
    expectProblem(answer, problem)
    expect(answer.text).not.toMatch(/secret|10\.0\.0\.1|at .*\.ts/)
  })

  test('that a load was given up for by its own time limit is answered as LOAD_TIMEOUT', async () => {
    const { url, parts } = await startApp()
    parts.script.failNext(new DOMException('secret', 'TimeoutError'))
    expectProblem(await send(url, 'GET', '/users/1'), 'LOAD_TIMEOUT')
  })

  test.each([undefined, 'text', Object.assign(new Error('no'), { statusCode: 600 })])(
    'that is no error at all is a 500 (%s)',
    async (thrown) => {
      const { url, parts } = await startApp()
      parts.script.failNext(thrown)
      expectProblem(await send(url, 'GET', '/users/1'), 'INTERNAL_ERROR')
    },
  )
})

describe('malformed HTTP', () => {
  const problemOf = async (url: string, text: string): Promise<Answer> =>
    parseRaw(await sendRaw(url, text))

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an invalid header', 'GET / HTTP/1.1\r\nHost: x\r\na b: c\r\n\r\n'],
    [
      'two lengths',
      'POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    ],
    [
      'a chunk without a length',
      'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['no Host', 'GET /users/1 HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ])('is a 400 problem: %s', async (_, text) => {
    const { url, parts } = await startApp()
    expectProblem(await problemOf(url, text), 'BAD_REQUEST')
    expect(parts.calls).toEqual([])
  })

  test('with headers past 16 KiB is a 431 problem', async () => {
    const { url } = await startApp()
    const long = `GET /users/1 HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`
    expectProblem(await problemOf(url, long), 'HEADERS_TOO_LARGE')
  })

  test('that does not arrive in time is a 408 problem', async () => {
    const { url, app } = await startApp()
    expect(app.server.requestTimeout).toBe(60_000)
    app.server.once('connection', (socket) => {
      const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      socket.once('data', () => app.server.emit('clientError', late, socket))
    })
    expectProblem(await problemOf(url, 'POST /users HTTP/1.1\r\n'), 'REQUEST_TIMEOUT')
  })

  test('an Expect that nobody knows is ignored', async () => {
    const { url } = await startApp()
    const request =
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n'
    expect((await problemOf(url, request)).status).toBe(200)
  })
})
