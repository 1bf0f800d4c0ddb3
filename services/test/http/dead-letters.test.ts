import { CacheError } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { patternNames } from '../../http/port.ts'
import { send } from './client.ts'
import { expectProblem } from './expectations.ts'
import { fakeParts } from './fake-users.ts'
import { draft, startApp } from './start-app.ts'

const start = async (options: Parameters<typeof startApp>[0] = {}) => {
  const { url, parts, app } = await startApp(options, fakeParts('write-behind'))
  const list = async () => JSON.parse((await send(url, 'GET', '/admin/dead-letters')).text)
  const retry = (id: number | string, init?: Parameters<typeof send>[3]) =>
    send(url, 'POST', `/admin/dead-letters/${id}/retry`, init)
  return { url, parts, app, list, retry, park: parts.journal.park }
}

const routes = [
  ['GET', '/admin/dead-letters'],
  ['POST', '/admin/dead-letters/1/retry'],
  ['DELETE', '/admin/dead-letters/1'],
  ['POST', '/admin/flush'],
] as const

describe('GET /admin/dead-letters', () => {
  test('lists the refused writes themselves, and nothing of the store', async () => {
    const { list, park } = await start()
    expect(await list()).toEqual({ total: 0, deadLetters: [] })
    park(4)
    park(2, { json: null, sqlstate: '23503', reason: 'is still referenced', supersededBy: 9 })
    const at = '2030-01-02T03:04:05.000Z'
    expect(await list()).toEqual({
      total: 2,
      deadLetters: [
        {
          ...{ id: 4, version: 7, operation: 'update', name: 'Ada 4', email: 'ada4@example.com' },
          ...{ sqlstate: '23505', attempts: 2, at, supersededBy: null },
          reason: 'duplicate key value violates unique constraint "users_email"',
        },
        {
          ...{ id: 2, version: 7, operation: 'delete', name: null, email: null },
          ...{ sqlstate: '23503', attempts: 2, at, supersededBy: 9 },
          reason: 'is still referenced',
        },
      ],
    })
  })

  test('lists a thousand at most, the oldest, and says how many there are', async () => {
    const { list, park } = await start()
    for (let id = 1; id <= 1_002; id += 1) park(id)
    const { total, deadLetters } = await list()
    expect(total).toBe(1_002)
    expect(deadLetters.map(({ id }: { id: number }) => id)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    )
  })
})

describe('POST /admin/dead-letters/{user_id}/retry', () => {
  test('writes the letter again without a body, and answers like a PUT', async () => {
    const { retry, list, park, parts } = await start()
    park(4)
    parts.script.writeNext('accepted')
    const { status, headers, text } = await retry(4)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('write-status')).toBe('accepted')
    expect(headers.get('etag')).toBe('"1"')
    expect(JSON.parse(text)).toMatchObject({ id: 4, name: 'Ada 4', email: 'ada4@example.com' })
    expect(await list()).toEqual({ total: 0, deadLetters: [] })
  })

  test('takes an empty body of type JSON for none', async () => {
    const { retry, park, parts } = await start()
    park(4)
    expect((await retry(4, { headers: { 'content-type': 'application/json' } })).status).toBe(200)
    expect(parts.calls).toEqual(['retryDeadLetter 4 undefined {}'])
  })

  test('writes what the body says in its place', async () => {
    const { retry, park } = await start()
    park(4)
    const body = { name: 'Eve', email: 'eve@example.com' }
    const { status, text } = await retry(4, { body })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ id: 4, ...body })
  })

  test('answers 204 to the retry of a delete, for which a body is refused', async () => {
    const { retry, park, parts, list } = await start()
    park(4, { json: null })
    const edited = await retry(4, { body: draft })
    expect(expectProblem(edited, 'INVALID_BODY').detail).toMatch(/expected none.*of a delete/)
    expect(parts.calls).toEqual(['deadLetters'])
    parts.script.writeNext('persisted')
    const { status, text, headers } = await retry(4, { headers: { prefer: 'wait=5' } })
    expect({ status, text }).toEqual({ status: 204, text: '' })
    expect(headers.get('write-status')).toBe('persisted')
    expect(headers.get('preference-applied')).toBe('wait=5')
    expect((await list()).total).toBe(0)
  })

  test('waits for the database when it is asked to', async () => {
    const { retry, park, parts } = await start()
    park(4)
    parts.script.writeNext('persisted')
    const { headers } = await retry(4, { headers: { prefer: 'wait=3' } })
    expect(headers.get('preference-applied')).toBe('wait=3')
    const terms = '{"durability":"persisted","within":"3s"}'
    expect(parts.calls).toEqual([`retryDeadLetter 4 undefined ${terms}`])
  })

  test('is 404 without a letter, with and without a body', async () => {
    const { retry } = await start()
    expectProblem(await retry(4), 'DEAD_LETTER_NOT_FOUND')
    expectProblem(await retry(4, { body: draft }), 'DEAD_LETTER_NOT_FOUND')
  })

  test('is 409 when the user was written since', async () => {
    const { retry, park } = await start()
    park(4, { supersededBy: 9 })
    expectProblem(await retry(4), 'SUPERSEDED')
  })

  test('is 409 when the email is taken, or the database refuses it again', async () => {
    const { retry, park, parts } = await start()
    park(4)
    for (const [code, problem] of [
      ['VALUE_TAKEN', 'EMAIL_TAKEN'],
      ['DEAD_LETTERED', 'DEAD_LETTERED'],
    ] as const) {
      parts.script.failNext(new CacheError(code, 'secret'))
      expectProblem(await retry(4), problem)
    }
  })

  test.each([
    ['an unknown field', { ...draft, role: 'admin' }, 'INVALID_BODY'],
    ['half a user', { name: 'Ada' }, 'INVALID_BODY'],
    ['null', 'null', 'INVALID_BODY'],
    ['no JSON', '{', 'INVALID_JSON'],
  ] as const)('is 400 with %s, and the letter stays', async (_, body, code) => {
    const { retry, park, list } = await start()
    park(4)
    const headers = { 'content-type': 'application/json' }
    expectProblem(await retry(4, { body, headers }), code)
    expect((await list()).total).toBe(1)
  })
})

describe('DELETE /admin/dead-letters/{user_id}', () => {
  test('forgets the letter; the second time there is none', async () => {
    const { url, park, list } = await start()
    park(4)
    const discard = () => send(url, 'DELETE', '/admin/dead-letters/4')
    const { status, text } = await discard()
    expect({ status, text }).toEqual({ status: 204, text: '' })
    expect((await list()).total).toBe(0)
    expectProblem(await discard(), 'DEAD_LETTER_NOT_FOUND')
  })
})

describe('POST /admin/flush', () => {
  test('answers when the journal says so, not before', async () => {
    const { url, parts } = await start()
    const release = parts.script.holdNext()
    let isAnswered = false
    const flushed = send(url, 'POST', '/admin/flush').finally(() => {
      isAnswered = true
    })
    await expect.poll(() => parts.calls).toEqual(['flush'])
    await send(url, 'GET', '/healthz')
    expect(isAnswered).toBe(false)
    release()
    const { status, text } = await flushed
    expect({ status, text }).toEqual({ status: 204, text: '' })
  })

  test('is 503 with a time to come back when the database takes too long', async () => {
    const { url, parts } = await start({ flushWithinMs: 50 })
    const release = parts.script.holdNext()
    const answer = await send(url, 'POST', '/admin/flush')
    const { detail } = expectProblem(answer, 'FLUSH_TIMEOUT')
    expect(detail).toMatch(/after 0\.05 s/)
    expect(answer.headers.get('retry-after')).toBe('5')
    release()
  })

  test('is 503 when the store is away', async () => {
    const { url, parts } = await start()
    parts.script.failNext(new CacheError('STORE_UNAVAILABLE', 'secret'))
    expectProblem(await send(url, 'POST', '/admin/flush'), 'STORE_UNAVAILABLE')
  })
})

describe('these routes', () => {
  test.each(patternNames.filter((name) => name !== 'write-behind'))(
    'are unknown to %s',
    async (pattern) => {
      const { url } = await startApp({}, fakeParts(pattern))
      for (const [method, path] of routes) expectProblem(await send(url, method, path), 'NOT_FOUND')
    },
  )

  test.each([
    ['FORBIDDEN', { isLoopback: false }],
    ['UNAUTHORIZED', { token: 'secret', isLoopback: true }],
  ] as const)('are %s to who may not use them', async (code, admin) => {
    const { url, parts, park } = await start({ admin })
    park(1)
    for (const [method, path] of routes) expectProblem(await send(url, method, path), code)
    expect(parts.calls).toEqual([])
  })

  test('take no query, and ids alone', async () => {
    const { url } = await start()
    for (const [method, path] of routes) {
      expectProblem(await send(url, method, `${path}?x=1`), 'INVALID_QUERY')
    }
    for (const id of ['0', 'abc', '01', '9007199254740992', '1'.repeat(150)]) {
      for (const [method, rest] of [
        ['POST', '/retry'],
        ['DELETE', ''],
      ]) {
        const answer = await send(url, `${method}`, `/admin/dead-letters/${id}${rest}`)
        const { detail } = expectProblem(answer, 'INVALID_ID')
        expect(detail).toContain(`received "${id.slice(0, 60)}`)
      }
    }
  })

  test('answer other methods with 405', async () => {
    const { url } = await start()
    for (const [path, allow] of [
      ['/admin/dead-letters', 'GET, HEAD'],
      ['/admin/dead-letters/1/retry', 'POST'],
      ['/admin/dead-letters/1', 'DELETE'],
      ['/admin/flush', 'POST'],
    ] as const) {
      const answer = await send(url, 'PATCH', path)
      expectProblem(answer, 'METHOD_NOT_ALLOWED')
      expect(answer.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allow)
    }
  })
})
