import { CacheError } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { preferredWait } from '../../http/preference.ts'
import { parseRaw, send, sendRaw } from './client.ts'
import { expectProblem } from './expectations.ts'
import { fakeParts } from './fake-users.ts'
import { draft, startApp } from './start-app.ts'

const startBehind = () => startApp({}, fakeParts('write-behind'))
const put = (url: string, headers: Record<string, string>) =>
  send(url, 'PUT', '/users/1', { body: draft, headers })

describe('Prefer', () => {
  test.each([
    ['wait=5', 5],
    ['wait=0', 0],
    ['WAIT=5', 5],
    ['wait = 5', 5],
    ['wait="5"', 5],
    ['wait="\\5"', 5],
    ['wait=007', 7],
    ['wait=5; reason="no, hurry"', 5],
    ['wait=5;', 5],
    ['respond-async, wait=5', 5],
    ['return=representation,wait=5 ,foo', 5],
    ['x="a, wait=9, \\" b", wait=5', 5],
    ['wait=5, wait=9', 5],
    [', ,wait=5', 5],
    ['wait=50', 50],
    ['wait=51', 50],
    ['wait=99999999999999999999999999', 50],
    ['wait=abc, wait=5', undefined],
    ['wait', undefined],
    ['wait=', undefined],
    ['wait=""', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait=1e3', undefined],
    ['wait=5 6', undefined],
    ['wait:5', undefined],
    ['waiting=5', undefined],
    ['x; wait=5', undefined],
    ['x="wait=5', undefined],
    ['', undefined],
  ])('%j asks to wait %j s', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds)
  })

  test('of several headers is one list', async () => {
    const { url, parts } = await startBehind()
    const request =
      'DELETE /users/1 HTTP/1.1\r\nHost: x\r\nPrefer: respond-async\r\nPrefer: wait=3\r\nConnection: close\r\n\r\n'
    expectProblem(parseRaw(await sendRaw(url, request)), 'USER_NOT_FOUND')
    expect(parts.calls).toEqual(['delete 1 undefined {"durability":"persisted","within":"3s"}'])
  })

  test('wait=N makes a write wait for the database, at most 50 s', async () => {
    const { url, parts } = await startBehind()
    const terms = (within: string) => `{"durability":"persisted","within":"${within}"}`
    await send(url, 'POST', '/users', { body: draft, headers: { prefer: 'wait=2' } })
    await put(url, { prefer: 'wait=3600', 'if-match': '"1"' })
    await send(url, 'DELETE', '/users/1', { headers: { prefer: 'wait=4' } })
    expect(parts.calls).toEqual([
      `create ${terms('2s')}`,
      `update 1 [1] ${terms('50s')}`,
      `delete 1 undefined ${terms('4s')}`,
    ])
  })

  test('that is absent, wait=0, or not understood waits for nothing', async () => {
    const { url, parts } = await startBehind()
    await send(url, 'POST', '/users', { body: draft })
    for (const prefer of ['wait=0', 'wait=soon', 'respond-async']) await put(url, { prefer })
    expect(parts.calls).toEqual(['create', ...Array(3).fill('update 1 undefined')])
  })

  test.each(['persisted', 'confirmed', 'unconfirmed'] as const)(
    'is applied to a write that is in the database: %s',
    async (status) => {
      const { url, parts } = await startBehind()
      for (const [prefer, applied] of [
        [{ prefer: 'wait=3' }, 'wait=3'],
        [{ prefer: 'wait=60' }, 'wait=50'],
        [{}, null],
      ] as const) {
        parts.script.writeNext(status)
        const { headers } = await send(url, 'POST', '/users', { body: draft, headers: prefer })
        expect(headers.get('write-status')).toBe(status)
        expect(headers.get('preference-applied')).toBe(applied)
      }
      parts.script.writeNext(status)
      const gone = await send(url, 'DELETE', '/users/1', { headers: { prefer: 'wait=3' } })
      expect(gone.headers.get('preference-applied')).toBe('wait=3')
      expect(gone.headers.get('write-status')).toBe(status)
    },
  )

  test('is not applied to a write that is still only accepted: then the time was up', async () => {
    const { url, parts } = await startBehind()
    await send(url, 'POST', '/users', { body: draft })
    parts.script.writeNext('accepted')
    const { status, headers } = await put(url, { prefer: 'wait=1' })
    expect(status).toBe(200)
    expect(headers.get('write-status')).toBe('accepted')
    expect(headers.has('preference-applied')).toBe(false)
  })

  test('is not applied to what was not written', async () => {
    const { url, parts } = await startBehind()
    const missing = await put(url, { prefer: 'wait=1' })
    expectProblem(missing, 'USER_NOT_FOUND')
    parts.script.failNext(new CacheError('DEAD_LETTERED', 'secret'))
    const refused = await put(url, { prefer: 'wait=1' })
    expectProblem(refused, 'DEAD_LETTERED')
    for (const { headers } of [missing, refused]) {
      expect(headers.has('preference-applied')).toBe(false)
    }
  })
})

describe('Idempotency-Key', () => {
  const post = (url: string, key: string) =>
    send(url, 'POST', '/users', { body: draft, headers: { 'idempotency-key': key } })
  const long = 'x'.repeat(255)

  test.each([
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"a b, c;d"', 'a b, c;d'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['YWJj+/==', 'YWJj+/=='],
    [`"${long}"`, long],
    [long, long],
  ])('%s is the key %s', async (header, idempotencyKey) => {
    const { url, parts } = await startBehind()
    expect((await post(url, header)).status).toBe(201)
    expect(parts.calls).toEqual([`create ${JSON.stringify({ idempotencyKey })}`])
  })

  test.each(['""', '', '"a', 'a"', '"a"b"', '"a\\b"', '"a", "b"', 'a b', '"ä"', `"${long}x"`])(
    '%s is refused, and nothing is written',
    async (header) => {
      const { url, parts } = await startBehind()
      expectProblem(await post(url, header), 'INVALID_HEADER')
      expect(parts.calls).toEqual([])
    },
  )

  test('goes with a preference to wait', async () => {
    const { url, parts } = await startBehind()
    const headers = { 'idempotency-key': '"k"', prefer: 'wait=2' }
    await send(url, 'POST', '/users', { body: draft, headers })
    const options = { durability: 'persisted', within: '2s', idempotencyKey: 'k' }
    expect(parts.calls).toEqual([`create ${JSON.stringify(options)}`])
  })

  test('that came with another body is 422', async () => {
    const { url, parts } = await startBehind()
    parts.script.failNext(new CacheError('IDEMPOTENCY_KEY_REUSED', 'secret'))
    expectProblem(await post(url, '"k"'), 'IDEMPOTENCY_KEY_REUSED')
  })

  test('is of write-behind alone: the others do not look at it', async () => {
    const { url, parts } = await startApp()
    for (const key of ['"k"', '"broken']) expect((await post(url, key)).status).toBe(201)
    expect(parts.calls).toEqual(['create', 'create'])
  })
})
