import { describe, expect, test } from 'vitest'
import { parseRaw, sendRaw } from './client.ts'
import type { Subject } from './contract-subject.ts'
import { expectProblem } from './expectations.ts'

const wrongIds = [
  ...['abc', '0', '-1', '1.5', '1e3', '01', '0x10', '9007199254740993', '9007199254740992'],
  ...['%00', '+1', '%201', '1%20', '1,000', '1_000', '٣', '%31%2f', '1'.repeat(101), 'NaN'],
]

const draft = { name: 'Ada', email: 'ada@example.com' }

/** Bodies that are JSON, and no user; the text says what the answer names. */
const wrongBodies: readonly [what: string, body: unknown, names: RegExp][] = [
  ['no name', { email: draft.email }, /name: expected .*received nothing/],
  ['no email', { name: 'Ada' }, /email: expected .*received nothing/],
  ['neither', {}, /name: .*email: /],
  ['an unknown field', { ...draft, role: 'admin' }, /received also "role"/],
  ['an id', { ...draft, id: 1 }, /received also "id"/],
  ['__proto__', '{"name":"Ada","email":"a@example.com","__proto__":{}}', /"__proto__"/],
  ['a number as name', { ...draft, name: 1 }, /name: expected .*received a number/],
  ['null as name', { ...draft, name: null }, /name: expected .*received null/],
  ['a list as name', { ...draft, name: ['Ada'] }, /name: expected .*received an array/],
  ['a boolean as email', { ...draft, email: true }, /email: expected .*received a boolean/],
  ['an object as email', { ...draft, email: {} }, /email: expected .*received an object/],
  ['an empty name', { ...draft, name: '' }, /received text of 0 characters/],
  ['a blank name', { ...draft, name: ' \u3000\u00a0' }, /received text of 3 characters, all blank/],
  ['a name of 201', { ...draft, name: 'x'.repeat(201) }, /received text of 201 characters/],
  ['a name of 201 astral', { ...draft, name: '😀'.repeat(201) }, /received text of 201/],
  ['NUL in a name', '{"name":"A\\u0000da","email":"a@example.com"}', /control character/],
  ['a newline in a name', { ...draft, name: 'A\nda' }, /control character/],
  ['DEL in a name', { ...draft, name: 'A\u007fda' }, /control character/],
  ['C1 in a name', { ...draft, name: 'A\u0085da' }, /control character/],
  ['a lone high surrogate', '{"name":"A\\ud83d","email":"a@example.com"}', /unpaired surrogate/],
  ['a lone low surrogate', '{"name":"\\ude00A","email":"a@example.com"}', /unpaired surrogate/],
  [
    'surrogates in the wrong order',
    '{"name":"\\ude00\\ud83d","email":"a@example.com"}',
    /unpaired/,
  ],
  ['NUL in an email', '{"name":"Ada","email":"a\\u0000@example.com"}', /email: /],
  ['a surrogate in an email', '{"name":"Ada","email":"\\ud83d@example.com"}', /email: /],
  ['an empty email', { ...draft, email: '' }, /email: /],
  ['an email without @', { ...draft, email: 'ada.example.com' }, /email: /],
  ['an email without a name', { ...draft, email: '@example.com' }, /email: /],
  ['an email without a domain', { ...draft, email: 'ada@' }, /email: /],
  ['an email with a blank', { ...draft, email: 'ada lovelace@example.com' }, /email: /],
  ['blanks around an email', { ...draft, email: ' ada@example.com ' }, /email: /],
  ['a newline after an email', { ...draft, email: 'ada@example.com\n' }, /email: /],
  ['two @', { ...draft, email: 'ada@home@example.com' }, /email: /],
  ['two dots', { ...draft, email: 'ada..l@example.com' }, /email: /],
  [
    'an email of 321',
    { ...draft, email: `${'a'.repeat(309)}@example.com` },
    /received text of 321/,
  ],
  ['a list', [draft], /body: expected a JSON object .*received an array/],
  ['text', '"Ada"', /body: .*received text/],
  ['null', 'null', /body: .*received null/],
  ['a number', '1', /body: .*received a number/],
]

const notJson: readonly [what: string, body: string | Uint8Array][] = [
  ['half an object', '{"name":"Ada"'],
  ['single quotes', "{'name':'Ada'}"],
  ['a trailing comma', '{"name":"Ada","email":"a@example.com",}'],
  ['NaN', '{"name":NaN}'],
  ['two objects', '{}{}'],
  ['a control character as it is', '{"name":"A\u0000da","email":"a@example.com"}'],
  ['no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
]

/** What is refused before a pattern is asked, each as a problem with its code. */
export function refusals(subject: Subject): void {
  const json = { 'content-type': 'application/json' }

  describe('an id', () => {
    test.each(wrongIds)(
      '%s is 400, and the answer says what was expected and what came',
      async (id) => {
        for (const method of ['GET', 'PUT', 'DELETE']) {
          const init = method === 'PUT' ? { body: subject.freshDraft() } : {}
          const { detail } = expectProblem(
            await subject.send(method, `/users/${id}`, init),
            'INVALID_ID',
          )
          expect(detail).toMatch(/^user_id: expected .*9007199254740991.*, received "/)
          if (/^[\w.+-]{1,20}$/.test(id)) expect(detail).toContain(`received "${id}"`)
        }
      },
    )
  })

  describe('a URL', () => {
    test.each(['/users/%zz', '/users/%', '/%zz', '/users/%ff', '/users/%c3%28'])(
      '%s is 400: it cannot be decoded',
      async (path) => {
        for (const method of ['GET', 'DELETE', 'POST']) {
          expectProblem(await subject.send(method, path), 'BAD_URL')
        }
      },
    )

    test.each([
      '/',
      '/user',
      '/users/1/',
      '/users/1/x',
      '/USERS/1',
      '//users/1',
      '/admin',
      '/stats/',
    ])('%s is 404: no such route', async (path) => {
      for (const method of ['GET', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
        expectProblem(await subject.send(method, path), 'NOT_FOUND')
      }
    })

    test('with query parameters is 400 on routes of users', async () => {
      const { path } = await subject.create()
      for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
        const init = method === 'PUT' || method === 'POST' ? { body: subject.freshDraft() } : {}
        const target = method === 'POST' ? '/users' : path
        expectProblem(await subject.send(method, `${target}?fields=name`, init), 'INVALID_QUERY')
      }
      expect((await subject.send('GET', `${path}?`)).status).toBe(200)
    })
  })

  describe('a body', () => {
    // Refused before anybody looks whether there is such a user.
    const targets = [
      ['POST', '/users'],
      ['PUT', '/users/1'],
    ] as const

    test.each(wrongBodies)('is 400 with %s', async (_, body, names) => {
      for (const [method, path] of targets) {
        const init = typeof body === 'string' ? { body, headers: json } : { body }
        const { detail } = expectProblem(await subject.send(method, path, init), 'INVALID_BODY')
        expect(detail).toMatch(names)
      }
    })

    test.each(notJson)('is 400 when it is no JSON: %s', async (_, body) => {
      for (const [method, path] of targets) {
        const answer = await subject.send(method, path, { body, headers: json })
        expectProblem(answer, 'INVALID_JSON')
      }
    })

    test('is 400 when it is missing', async () => {
      for (const [method, path] of targets) {
        expectProblem(await subject.send(method, path), 'INVALID_BODY')
        expectProblem(await subject.send(method, path, { headers: json }), 'INVALID_BODY')
      }
    })

    test('of 16 KiB is read, of one byte more it is 413', async () => {
      for (const [method, path] of targets) {
        const padded = (length: number) => JSON.stringify(subject.freshDraft()).padEnd(length)
        const fits = await subject.send(method, path, { body: padded(16_384), headers: json })
        expect(fits.status).toBe(method === 'POST' ? 201 : 200)
        for (const length of [16_385, 17 * 1024]) {
          const answer = await subject.send(method, path, { body: padded(length), headers: json })
          expectProblem(answer, 'BODY_TOO_LARGE')
        }
      }
    })

    test('of 17 KiB is 413 without a length, too', async () => {
      const chunk = `4400\r\n${'x'.repeat(0x4400)}\r\n0\r\n\r\n`
      const request =
        'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}`
      expectProblem(parseRaw(await sendRaw(subject.url(), request)), 'BODY_TOO_LARGE')
    })

    test.each([
      ...['text/plain', 'text/plain; charset=utf-8', 'application/xml', 'text/json'],
      ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
      ...['application/merge-patch+json', 'application/jsonx', 'json', '*/*'],
    ])('of type %s is 415', async (type) => {
      for (const [method, path] of targets) {
        const body = JSON.stringify(subject.freshDraft())
        const init = { body, headers: { 'content-type': type } }
        expectProblem(await subject.send(method, path, init), 'UNSUPPORTED_MEDIA_TYPE')
      }
    })

    test('of no type is 415', async () => {
      const body = JSON.stringify(draft)
      const request = `POST /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      expectProblem(parseRaw(await sendRaw(subject.url(), request)), 'UNSUPPORTED_MEDIA_TYPE')
    })

    test('that is refused changes nothing', async () => {
      const { path, etag, body } = await subject.create()
      await subject.send('PUT', path, { body: { ...draft, role: 'admin' } })
      const { text, headers } = await subject.send('GET', path)
      expect(JSON.parse(text)).toEqual(body)
      expect(headers.get('etag')).toBe(etag)
    })
  })

  describe('a method', () => {
    test.each([
      ['/users', ['POST']],
      ['/users/1', ['DELETE', 'GET', 'HEAD', 'PUT']],
      ['/users/abc', ['DELETE', 'GET', 'HEAD', 'PUT']],
      ['/stats', ['GET', 'HEAD']],
      ['/metrics', ['GET', 'HEAD']],
      ['/healthz', ['GET', 'HEAD']],
      ['/readyz', ['GET', 'HEAD']],
      ['/events', ['GET', 'HEAD']],
      ['/docs', ['GET', 'HEAD']],
      ['/openapi.json', ['GET', 'HEAD']],
      ['/admin/stats/reset', ['POST']],
      ['/admin/cache/clear', ['POST']],
    ])('that %s does not take is 405 with Allow', async (path, allowed) => {
      const all = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE']
      for (const method of all.filter((name) => !allowed.includes(name))) {
        // A body of whatever kind is not looked at.
        const init = ['GET', 'HEAD'].includes(method) ? {} : { body: '{', headers: json }
        const answer = await subject.send(method, path, init)
        expect([method, answer.status]).toEqual([method, 405])
        const allow = answer.headers.get('allow')?.split(', ').sort()
        expect(allow).toEqual(allowed)
        if (method !== 'HEAD') expectProblem(answer, 'METHOD_NOT_ALLOWED')
      }
    })
  })

  describe('HTTP', () => {
    test.each([
      ['no HTTP', 'hello\r\n\r\n', 'BAD_REQUEST'],
      ['no Host', 'GET /users/1 HTTP/1.1\r\nConnection: close\r\n\r\n', 'BAD_REQUEST'],
      [
        'long headers',
        `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
        'HEADERS_TOO_LARGE',
      ],
    ] as const)('that is malformed is a problem: %s', async (_, request, code) => {
      expectProblem(parseRaw(await sendRaw(subject.url(), request)), code)
    })
  })
}
