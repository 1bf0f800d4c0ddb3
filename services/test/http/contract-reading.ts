import { describe, expect, test } from 'vitest'
import { parseRaw, sendRaw } from './client.ts'
import type { Subject } from './contract-subject.ts'
import { expectProblem } from './expectations.ts'

/** `GET` and `HEAD` of a user. */
export function reading(subject: Subject): void {
  const { pattern } = subject.traits

  describe('GET /users/{user_id}', () => {
    test('answers the five fields of a user, with its version', async () => {
      const id = subject.freshId()
      const { status, headers, text } = await subject.send('GET', `/users/${id}`)
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^application\/json/)
      expect(headers.get('etag')).toMatch(/^"[1-9][0-9]*"$/)
      const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(JSON.parse(text)).toEqual({
        id,
        name: `User ${id}`,
        email: `user${id}@example.com`,
        createdAt: instant,
        updatedAt: instant,
      })
    })

    test('says miss and stored, then hit with ttl and age, and answers the same', async () => {
      const path = `/users/${subject.freshId()}`
      const miss = await subject.send('GET', path)
      expect(miss.headers.get('cache-status')).toBe(`"${pattern}"; fwd=miss; stored`)
      expect(miss.headers.has('age')).toBe(false)
      const hit = await subject.send('GET', path)
      const [, name, ttl] = /^"(.*)"; hit; ttl=(\d+)$/.exec(cacheStatusOf(hit)) ?? []
      expect(name).toBe(pattern)
      // The default TTL, five minutes, less the jitter of a tenth.
      expect(Number(ttl)).toBeGreaterThanOrEqual(265)
      expect(Number(ttl)).toBeLessThanOrEqual(300)
      expect(hit.headers.get('age')).toMatch(/^\d$/)
      expect(hit.text).toBe(miss.text)
      expect(hit.headers.get('etag')).toBe(miss.headers.get('etag'))
    })

    test('says how long cache and database took', async () => {
      const path = `/users/${subject.freshId()}`
      const form = /^cache;dur=(\d+(?:\.\d+)?), db;dur=(\d+(?:\.\d+)?)$/
      const db = async () =>
        Number(form.exec((await subject.send('GET', path)).headers.get('server-timing') ?? '')?.[2])
      expect(await db()).toBeGreaterThan(0)
      expect(await db()).toBe(0)
    })

    test('says collapsed to those who waited for a load of others', async () => {
      const path = `/users/${subject.freshId()}`
      // Pipelined, so that all have arrived before the first can be answered.
      const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n`
      const last = `${request}Connection: close\r\n\r\n`
      const requests = `${request}\r\n`.repeat(4).concat(last)
      const received = await sendRaw(subject.url(), requests)
      const answers = received.split(/(?=HTTP\/1\.1 )/).map(parseRaw)
      expect(answers.map(cacheStatusOf)).toEqual([
        `"${pattern}"; fwd=miss; stored`,
        ...Array(4).fill(`"${pattern}"; fwd=miss; collapsed`),
      ])
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    })

    test('loads once for all who come at once', async () => {
      const path = `/users/${subject.freshId()}`
      const answers = await Promise.all(Array.from({ length: 30 }, () => subject.send('GET', path)))
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
      const statuses = answers.map((answer) => cacheStatusOf(answer).replace(/ttl=\d+/, 'ttl'))
      const others = statuses.filter((status) => status !== `"${pattern}"; fwd=miss; stored`)
      expect(others.length).toBe(29)
      for (const status of others) {
        expect([`"${pattern}"; fwd=miss; collapsed`, `"${pattern}"; hit; ttl`]).toContain(status)
      }
    })

    test('is 404 for a user that does not exist, from the cache the second time', async () => {
      const path = subject.freshAbsence()
      const miss = await subject.send('GET', path)
      expectProblem(miss, 'USER_NOT_FOUND')
      expect(cacheStatusOf(miss)).toBe(`"${pattern}"; fwd=miss; stored`)
      const hit = await subject.send('GET', path)
      expectProblem(hit, 'USER_NOT_FOUND')
      expect(cacheStatusOf(hit)).toMatch(new RegExp(`^"${pattern}"; hit; ttl=\\d+$`))
      expect(hit.headers.get('age')).toBe('0')
      expect(hit.headers.has('etag')).toBe(false)
    })

    test('is 404 for the largest id', async () => {
      expectProblem(await subject.send('GET', '/users/9007199254740991'), 'USER_NOT_FOUND')
    })

    test.each([
      ['the tag', (tag: string) => tag],
      ['the tag, weak', (tag: string) => `W/${tag}`],
      ['any', () => '*'],
      ['a list', (tag: string) => `"0", ${tag}`],
      ['a list of weak tags', (tag: string) => `W/"x" ,W/${tag},"y"`],
    ])('is 304 when If-None-Match names its version: %s', async (_, header) => {
      const path = `/users/${subject.freshId()}`
      const { headers } = await subject.send('GET', path)
      const tag = headers.get('etag') ?? ''
      for (const method of ['GET', 'HEAD']) {
        const answer = await subject.send(method, path, {
          headers: { 'if-none-match': header(tag) },
        })
        expect({ status: answer.status, text: answer.text }).toEqual({ status: 304, text: '' })
        expect(answer.headers.get('etag')).toBe(tag)
        expect(cacheStatusOf(answer)).toMatch(/; hit; ttl=\d+$/)
        expect(answer.headers.get('age')).toMatch(/^\d+$/)
      }
    })

    test('is 304 on a miss too', async () => {
      const { path } = await subject.create()
      await subject.send('POST', '/admin/cache/clear')
      const answer = await subject.send('GET', path, { headers: { 'if-none-match': '*' } })
      expect(answer.status).toBe(304)
    })

    test.each(['"0"', 'W/"0"', '"0", "1x"', 'not a tag', '""'])(
      'is 200 when If-None-Match names another version: %s',
      async (header) => {
        const path = `/users/${subject.freshId()}`
        const answer = await subject.send('GET', path, { headers: { 'if-none-match': header } })
        expect(answer.status).toBe(200)
      },
    )

    test('is 404, not 304, when there is no user for If-None-Match', async () => {
      const init = { headers: { 'if-none-match': '*' } }
      expectProblem(await subject.send('GET', subject.freshAbsence(), init), 'USER_NOT_FOUND')
    })

    test('answers HEAD as GET, without the body', async () => {
      for (const path of [`/users/${subject.freshId()}`, subject.freshAbsence(), '/users/abc']) {
        await subject.send('GET', path)
        const get = await subject.send('GET', path)
        const head = await subject.send('HEAD', path)
        expect(head.text).toBe('')
        expect(head.status).toBe(get.status)
        for (const name of ['content-type', 'content-length', 'etag', 'age']) {
          expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)])
        }
        expect(head.headers.has('cache-status')).toBe(get.headers.has('cache-status'))
      }
    })
  })
}

function cacheStatusOf({ headers }: { headers: Headers }): string {
  return headers.get('cache-status') ?? ''
}
