import { describe, expect, test } from 'vitest'
import type { Subject } from './contract-subject.ts'
import { expectProblem } from './expectations.ts'

interface Letter {
  readonly id: number
  readonly supersededBy: number | null
  readonly [field: string]: unknown
}

const waiting = { prefer: 'wait=10' }

/** What a service with a journal has beside: dead letters, a flush, and keys for repeated creations. */
export function journaling(subject: Subject): void {
  if (!subject.traits.hasJournal) {
    test('knows no dead letters', async () => {
      for (const [method, path] of [
        ['GET', '/admin/dead-letters'],
        ['POST', '/admin/dead-letters/1/retry'],
        ['DELETE', '/admin/dead-letters/1'],
        ['POST', '/admin/flush'],
      ] as const) {
        expectProblem(await subject.send(method, path), 'NOT_FOUND')
      }
    })
    return
  }
  describe('dead letters', () => deadLetters(subject))
  describe('/admin/flush', () => flushing(subject))
  describe('Idempotency-Key', () => repeating(subject))
}

function deadLetters(subject: Subject): void {
  const letterOf = async (id: number) => {
    const { text } = await subject.send('GET', '/admin/dead-letters')
    const { deadLetters } = JSON.parse(text) as { deadLetters: readonly Letter[] }
    return deadLetters.find((letter) => letter.id === id)
  }
  const retry = (id: number, init = {}) =>
    subject.send('POST', `/admin/dead-letters/${id}/retry`, { headers: waiting, ...init })
  const discard = (id: number) => subject.send('DELETE', `/admin/dead-letters/${id}`)
  /** A user whose change to an email that only the database knows of was refused. */
  const refused = async () => {
    const id = subject.freshId()
    const body = { name: 'Eve', email: `User${subject.freshId()}@example.com` }
    const before = await subject.send('GET', `/users/${id}`)
    const answer = await subject.send('PUT', `/users/${id}`, { body, headers: waiting })
    expectProblem(answer, 'DEAD_LETTERED')
    return { id, path: `/users/${id}`, body, before: JSON.parse(before.text) }
  }

  test('hold what the database refused; readers see the row as it was', async () => {
    const { id, path, body, before } = await refused()
    expect(JSON.parse((await subject.send('GET', path)).text)).toEqual(before)
    expect(await letterOf(id)).toEqual({
      ...{ id, ...body, operation: 'update', sqlstate: '23505', supersededBy: null },
      version: expect.any(Number),
      attempts: expect.any(Number),
      reason: expect.stringMatching(/users_email/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
  })

  test('are refused again when nothing has changed, and stay', async () => {
    const { id, path, before } = await refused()
    expectProblem(await retry(id), 'DEAD_LETTERED')
    expect(await letterOf(id)).toMatchObject({ id, sqlstate: '23505' })
    expect(JSON.parse((await subject.send('GET', path)).text)).toEqual(before)
  })

  test('are written when they are retried with something else', async () => {
    const { id, path } = await refused()
    const body = subject.freshDraft()
    const { status, headers, text } = await retry(id, { body })
    expect(status).toBe(200)
    expect(headers.get('write-status')).toBe('persisted')
    expect(headers.get('preference-applied')).toBe('wait=10')
    expect(JSON.parse(text)).toMatchObject({ id, ...body })
    const read = await subject.send('GET', path)
    expect(JSON.parse(read.text)).toEqual(JSON.parse(text))
    expect(read.headers.get('etag')).toBe(headers.get('etag'))
    expect(await letterOf(id)).toBeUndefined()
  })

  test('are written as they are once nothing is in their way', async () => {
    const id = subject.freshId()
    const holder = subject.freshId()
    const body = { name: 'Eve', email: `user${holder}@example.com` }
    const put = await subject.send('PUT', `/users/${id}`, { body, headers: waiting })
    expectProblem(put, 'DEAD_LETTERED')
    const gone = await subject.send('DELETE', `/users/${holder}`, { headers: waiting })
    expect(gone.status).toBe(204)
    const { status, text } = await retry(id)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ id, ...body })
    expect(await letterOf(id)).toBeUndefined()
  })

  test('of users that were never there are creations', async () => {
    const body = { name: 'Eve', email: `user${subject.freshId()}@example.com` }
    const created = await subject.send('POST', '/users', { body })
    expect(created.status).toBe(201)
    const { id } = JSON.parse(created.text)
    await subject.send('POST', '/admin/flush')
    expectProblem(await subject.send('GET', `/users/${id}`), 'USER_NOT_FOUND')
    const edited = await retry(id, { body: subject.freshDraft() })
    expect(edited.status).toBe(200)
    const read = await subject.send('GET', `/users/${id}`)
    expect(JSON.parse(read.text)).toEqual(JSON.parse(edited.text))
  })

  test('are superseded by a later write, and can only be discarded', async () => {
    const { id, path } = await refused()
    const put = await subject.send('PUT', path, { body: subject.freshDraft() })
    const version = Number(put.headers.get('etag')?.slice(1, -1))
    expect((await letterOf(id))?.supersededBy).toBe(version)
    expectProblem(await retry(id), 'SUPERSEDED')
    expectProblem(await retry(id, { body: subject.freshDraft() }), 'SUPERSEDED')
    expect((await discard(id)).status).toBe(204)
    expect(JSON.parse((await subject.send('GET', path)).text)).toEqual(JSON.parse(put.text))
  })

  test('cannot take an email that an accepted write has', async () => {
    const { id } = await refused()
    const { body } = await subject.create()
    expectProblem(await retry(id, { body: { name: 'Eve', email: body.email } }), 'EMAIL_TAKEN')
    expect(await letterOf(id)).toMatchObject({ id })
  })

  test('are forgotten when they are discarded', async () => {
    const { id, path, before } = await refused()
    expect((await discard(id)).status).toBe(204)
    expectProblem(await discard(id), 'DEAD_LETTER_NOT_FOUND')
    expectProblem(await retry(id), 'DEAD_LETTER_NOT_FOUND')
    expect(JSON.parse((await subject.send('GET', path)).text)).toEqual(before)
  })

  test('are counted as long as they are there', async () => {
    const count = async () =>
      JSON.parse((await subject.send('GET', '/stats')).text).journal.deadLetters
    const before = await count()
    const { id } = await refused()
    expect(await count()).toBe(before + 1)
    await discard(id)
    expect(await count()).toBe(before)
  })
}

function flushing(subject: Subject): void {
  test('answers when everything accepted before is in the database', async () => {
    const { path, body } = await subject.create()
    const { status, text } = await subject.send('POST', '/admin/flush')
    expect({ status, text }).toEqual({ status: 204, text: '' })
    const { journal } = JSON.parse((await subject.send('GET', '/stats')).text)
    expect(journal.dirty).toBe(0)
    await subject.send('POST', '/admin/cache/clear')
    const read = await subject.send('GET', path)
    expect(read.headers.get('cache-status')).toMatch(/fwd=miss/)
    expect(JSON.parse(read.text)).toEqual(body)
  })
}

function repeating(subject: Subject): void {
  let keys = 0
  const freshKey = () => {
    keys += 1
    return `"${Date.now()} ${keys}"`
  }
  const post = (key: string, body: object) =>
    subject.send('POST', '/users', { body, headers: { 'idempotency-key': key } })

  test('answers the same user to the same request, at once and later', async () => {
    const key = freshKey()
    const body = subject.freshDraft()
    const first = await post(key, body)
    expect(first.status).toBe(201)
    await subject.send('POST', '/admin/flush')
    await subject.send('POST', '/admin/cache/clear')
    for (const again of [await post(key, body), await post(key, body)]) {
      expect(again.status).toBe(201)
      expect(again.headers.get('location')).toBe(first.headers.get('location'))
      expect(JSON.parse(again.text)).toMatchObject({ id: JSON.parse(first.text).id, ...body })
    }
  })

  test('makes one user of many requests at once', async () => {
    const key = freshKey()
    const body = subject.freshDraft()
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(key, body)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(1)
  })

  test('is refused with another body, and makes no user', async () => {
    const key = freshKey()
    const first = await post(key, subject.freshDraft())
    const other = subject.freshDraft()
    expectProblem(await post(key, other), 'IDEMPOTENCY_KEY_REUSED')
    expect((await post(freshKey(), other)).status).toBe(201)
    expect((await subject.send('GET', first.headers.get('location') ?? '')).status).toBe(200)
  })

  test('of another user is another user', async () => {
    const [one, two] = [
      await post(freshKey(), subject.freshDraft()),
      await post(freshKey(), subject.freshDraft()),
    ]
    expect(one?.headers.get('location')).not.toBe(two?.headers.get('location'))
  })

  test('is 400 when it is none', async () => {
    expectProblem(await post('"', subject.freshDraft()), 'INVALID_HEADER')
  })
}
