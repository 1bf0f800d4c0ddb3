import { describe, expect, test } from 'vitest'
import type { Subject } from './contract-subject.ts'
import { expectProblem } from './expectations.ts'

/** `POST`, `PUT` and `DELETE` of users that are taken. */
export function writing(subject: Subject): void {
  describe('POST /users', () => creating(subject))
  describe('PUT /users/{user_id}', () => changing(subject))
  describe('DELETE /users/{user_id}', () => deleting(subject))
  describe('If-Match', () => conditions(subject))
  describe('an email', () => emails(subject))
}

function creating(subject: Subject): void {
  test('answers 201 with the user, its place, version and status', async () => {
    const draft = subject.freshDraft()
    const { status, headers, text } = await subject.send('POST', '/users', { body: draft })
    const user = JSON.parse(text)
    expect(status).toBe(201)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('location')).toBe(`/users/${user.id}`)
    expect(headers.get('etag')).toMatch(/^"[1-9][0-9]*"$/)
    expect(headers.get('write-status')).toBe(subject.traits.writeStatus)
    expect(user).toEqual({
      id: expect.any(Number),
      ...draft,
      createdAt: expect.any(String),
      updatedAt: user.createdAt,
    })
    expect(Math.abs(Date.parse(user.createdAt) - Date.now())).toBeLessThan(60_000)
  })

  test('makes a user that the next read finds as it was answered', async () => {
    const { path, etag, body } = await subject.create()
    const { status, headers, text } = await subject.send('GET', path)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual(body)
    expect(headers.get('etag')).toBe(etag)
  })

  test('makes a user at an id that was known to be absent', async () => {
    const { body } = await subject.create()
    const id = Number(body.id) + 1
    expectProblem(await subject.send('GET', `/users/${id}`), 'USER_NOT_FOUND')
    let created = await subject.create()
    // Ids may be drawn in blocks; the next ones come in order.
    while (Number(created.body.id) < id) created = await subject.create()
    expect((await subject.send('GET', created.path)).status).toBe(200)
    expect((await subject.send('GET', `/users/${id}`)).status).toBe(
      Number(created.body.id) === id ? 200 : 404,
    )
  })

  test.each([
    ['one character', 'A'],
    ['200 characters', 'x'.repeat(200)],
    ['200 characters outside the BMP', '😀'.repeat(200)],
    ['accents, quotes, slashes and signs', `Zoë "O'Neil" <\\/> 日本 \u2028 &amp;`],
    ['blanks around', '  Ada  '],
  ])('takes a name of %s, and answers it as given', async (_, name) => {
    const { email } = subject.freshDraft()
    const created = await subject.send('POST', '/users', { body: { name, email } })
    expect(created.status).toBe(201)
    const { id } = JSON.parse(created.text)
    const read = await subject.send('GET', `/users/${id}`)
    expect(JSON.parse(read.text)).toMatchObject({ name, email })
  })

  test('takes an email of 320 characters', async () => {
    const { name, email } = subject.freshDraft()
    const long = `${'a'.repeat(320 - email.length)}${email}`
    const { status, text } = await subject.send('POST', '/users', { body: { name, email: long } })
    expect({ status, email: JSON.parse(text).email }).toEqual({ status: 201, email: long })
  })

  test('takes a media type with a parameter, in any case', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
      const body = JSON.stringify(subject.freshDraft())
      const answer = await subject.send('POST', '/users', {
        body,
        headers: { 'content-type': type },
      })
      expect(answer.status).toBe(201)
    }
  })
}

function changing(subject: Subject): void {
  test('answers 200 with the changed user, a new version and the status', async () => {
    const { path, etag, body } = await subject.create()
    const draft = subject.freshDraft()
    const { status, headers, text } = await subject.send('PUT', path, { body: draft })
    const user = JSON.parse(text)
    expect(status).toBe(200)
    expect(user).toEqual({ ...body, ...draft, updatedAt: expect.any(String) })
    expect(Date.parse(user.updatedAt)).toBeGreaterThanOrEqual(Date.parse(user.createdAt))
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('write-status')).toBe(subject.traits.writeStatus)
    const version = (tag: string | null) => Number(tag?.slice(1, -1))
    expect(version(headers.get('etag'))).toBeGreaterThan(version(etag))
  })

  test('is what every later read answers, cached before or not', async () => {
    for (const isCached of [true, false]) {
      const path = `/users/${subject.freshId()}`
      if (isCached) {
        await subject.send('GET', path)
        await subject.send('GET', path)
      }
      const written = await subject.send('PUT', path, { body: subject.freshDraft() })
      expect(written.status).toBe(200)
      for (let read = 0; read < 3; read += 1) {
        const { text, headers } = await subject.send('GET', path)
        expect(JSON.parse(text)).toEqual(JSON.parse(written.text))
        expect(headers.get('etag')).toBe(written.headers.get('etag'))
      }
    }
  })

  test('keeps its own email, also in another case', async () => {
    const { path, body } = await subject.create()
    for (const email of [body.email, body.email.toUpperCase()]) {
      const { status, text } = await subject.send('PUT', path, { body: { name: 'Ada', email } })
      expect({ status, email: JSON.parse(text).email }).toEqual({ status: 200, email })
    }
  })

  test('is 404 for a user that does not exist, and makes none', async () => {
    const path = subject.freshAbsence()
    const answer = await subject.send('PUT', path, { body: subject.freshDraft() })
    expectProblem(answer, 'USER_NOT_FOUND')
    expect(answer.headers.has('write-status')).toBe(false)
    expectProblem(await subject.send('GET', path), 'USER_NOT_FOUND')
  })
}

function deleting(subject: Subject): void {
  test('answers 204 with the status, and the user is gone', async () => {
    for (const { path } of [await subject.create(), { path: `/users/${subject.freshId()}` }]) {
      await subject.send('GET', path)
      const { status, text, headers } = await subject.send('DELETE', path)
      expect({ status, text }).toEqual({ status: 204, text: '' })
      expect(headers.get('write-status')).toBe(subject.traits.writeStatus)
      for (let read = 0; read < 2; read += 1) {
        expectProblem(await subject.send('GET', path), 'USER_NOT_FOUND')
      }
      expectProblem(await subject.send('DELETE', path), 'USER_NOT_FOUND')
      const put = await subject.send('PUT', path, { body: subject.freshDraft() })
      expectProblem(put, 'USER_NOT_FOUND')
    }
  })

  test('takes an empty body of any length header', async () => {
    const { path } = await subject.create()
    const headers = { 'content-type': 'application/json' }
    expect((await subject.send('DELETE', path, { headers })).status).toBe(204)
  })
}

function conditions(subject: Subject): void {
  const write = (method: string, path: string, headers: Record<string, string>) =>
    subject.send(method, path, {
      headers,
      ...(method === 'PUT' ? { body: subject.freshDraft() } : {}),
    })

  describe.each([
    ['PUT', 200],
    ['DELETE', 204],
  ])('on %s', (method, success) => {
    test.each([
      ['the tag', (tag: string) => tag],
      ['any', () => '*'],
      ['a list', (tag: string) => `"0",${tag} , W/"1"`],
    ])('lets the write happen when it names the version: %s', async (_, header) => {
      const { path, etag } = await subject.create()
      expect((await write(method, path, { 'if-match': header(etag) })).status).toBe(success)
    })

    test.each([
      ['another version', () => '"1"'],
      ['a weak tag', (tag: string) => `W/${tag}`],
      ['no version', () => '"abc"'],
      ['a list of others', (tag: string) => `"0", "1", W/${tag}`],
      ['a number beyond 2^53', () => '"99999999999999999999"'],
    ])('is 412 and changes nothing when it names %s', async (_, header) => {
      const { path, etag, body } = await subject.create()
      const answer = await write(method, path, { 'if-match': header(etag) })
      expectProblem(answer, 'VERSION_CONFLICT')
      expect(answer.headers.has('write-status')).toBe(false)
      const read = await subject.send('GET', path)
      expect(JSON.parse(read.text)).toEqual(body)
      expect(read.headers.get('etag')).toBe(etag)
    })

    test('is 412 when the version has passed', async () => {
      const { path, etag } = await subject.create()
      const changed = await subject.send('PUT', path, { body: subject.freshDraft() })
      expectProblem(await write(method, path, { 'if-match': etag }), 'VERSION_CONFLICT')
      const now = changed.headers.get('etag') ?? ''
      expect((await write(method, path, { 'if-match': now })).status).toBe(success)
    })

    test('is 404, not 412, when there is no user', async () => {
      for (const header of ['"1"', '*', 'W/"1"', '"abc"']) {
        const answer = await write(method, subject.freshAbsence(), { 'if-match': header })
        expectProblem(answer, 'USER_NOT_FOUND')
      }
      const { path, etag } = await subject.create()
      await subject.send('DELETE', path)
      expectProblem(await write(method, path, { 'if-match': etag }), 'USER_NOT_FOUND')
    })

    test('is 400 when it is no list of tags', async () => {
      const { path, etag } = await subject.create()
      const unquoted = etag.replaceAll('"', '')
      expectProblem(await write(method, path, { 'if-match': unquoted }), 'INVALID_HEADER')
    })

    test('is 412 for If-None-Match: *, since a write needs a user', async () => {
      const { path } = await subject.create()
      expectProblem(await write(method, path, { 'if-none-match': '*' }), 'VERSION_CONFLICT')
    })

    test('is 412 when If-None-Match names the version, weakly compared, and else done', async () => {
      const { path, etag } = await subject.create()
      for (const header of [etag, `W/${etag}`, `"x", ${etag}`]) {
        const answer = await write(method, path, { 'if-none-match': header })
        expectProblem(answer, 'VERSION_CONFLICT')
      }
      expectProblem(await write(method, path, { 'if-none-match': 'x' }), 'INVALID_HEADER')
      const other = { 'if-none-match': '"x", W/"y"' }
      expectProblem(await write(method, subject.freshAbsence(), other), 'USER_NOT_FOUND')
      expect((await write(method, path, other)).status).toBe(method === 'PUT' ? 200 : 204)
    })
  })
}

function emails(subject: Subject): void {
  test('that is taken, in whatever case, is 409 on POST', async () => {
    const { body } = await subject.create()
    for (const email of [body.email, body.email.toLowerCase(), body.email.toUpperCase()]) {
      const answer = await subject.send('POST', '/users', { body: { name: 'Eve', email } })
      expectProblem(answer, 'EMAIL_TAKEN')
      expect(answer.text.toLowerCase()).not.toContain(email.toLowerCase())
    }
  })

  test('that is taken is 409 on PUT, and nothing changes', async () => {
    const { body } = await subject.create()
    const { path, body: mine } = await subject.create()
    const answer = await subject.send('PUT', path, {
      body: { name: 'Eve', email: body.email.toUpperCase() },
    })
    expectProblem(answer, 'EMAIL_TAKEN')
    expect(JSON.parse((await subject.send('GET', path)).text)).toEqual(mine)
  })

  test('is free again when its user is deleted, or has another', async () => {
    const headers = { prefer: 'wait=10' }
    const deleted = await subject.create()
    expect((await subject.send('DELETE', deleted.path, { headers })).status).toBe(204)
    const changed = await subject.create()
    const change = { body: subject.freshDraft(), headers }
    expect((await subject.send('PUT', changed.path, change)).status).toBe(200)
    for (const { email } of [deleted.body, changed.body]) {
      const answer = await subject.send('POST', '/users', { body: { name: 'Ada', email }, headers })
      expect(answer.status).toBe(201)
    }
  })

  test('that only the database knows of is 409 too, at the latest when it is asked', async () => {
    const email = `USER${subject.freshId()}@example.com`
    const headers = { prefer: 'wait=10' }
    const answer = await subject.send('POST', '/users', { body: { name: 'Eve', email }, headers })
    expectProblem(answer, subject.traits.hasJournal ? 'DEAD_LETTERED' : 'EMAIL_TAKEN')
    expect(answer.headers.has('preference-applied')).toBe(false)
    expect(answer.headers.has('write-status')).toBe(false)
  })
}
