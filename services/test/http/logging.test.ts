import { Writable } from 'node:stream'
import { CacheError } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { send, sendRaw } from './client.ts'
import { startApp } from './start-app.ts'

const secret = 'Marker-7f3a'

function memory(): {
  lines: () => Record<string, unknown>[]
  text: () => string
  stream: Writable
} {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const lines = () =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  return { lines, text: () => text, stream }
}

describe('the log', () => {
  test('says code, route and place of a failure, and nothing that its thrower put into words', async () => {
    const log = memory()
    const { url, parts } = await startApp({ logger: { level: 'trace', stream: log.stream } })
    const detail = `Key (email)=(${secret}@example.com) already exists.`
    const cause = Object.assign(new Error(secret), { code: 'XX000' })
    parts.script.failNext(
      Object.assign(new Error(`invalid input: "${secret}"`, { cause }), { code: '22P02', detail }),
    )
    await send(url, 'PUT', `/users/1`, {
      body: { name: secret, email: `${secret}@example.com` },
    })
    const failures = log.lines().filter(({ level }) => level === 50)
    expect(failures).toEqual([
      expect.objectContaining({
        msg: 'answered INTERNAL_ERROR',
        req: { method: 'PUT', route: '/users/:user_id' },
        err: expect.objectContaining({
          type: 'Error',
          message: '22P02',
          stack: expect.stringMatching(/^ +at .*logging\.test\.ts/),
          cause: expect.objectContaining({ message: 'XX000' }),
        }),
      }),
    ])
    expect(log.text()).not.toContain(secret)
  })

  test('never holds a name, an email, a body or a path of a request, at any level', async () => {
    const log = memory()
    const { url, parts, app } = await startApp({ logger: { level: 'trace', stream: log.stream } })
    const email = `${secret}@example.com`
    const attempts: (() => Promise<unknown>)[] = [
      () => send(url, 'POST', '/users', { body: { name: secret, email } }),
      () => send(url, 'POST', '/users', { body: { name: secret, email: secret } }),
      () => send(url, 'POST', '/users', { body: { [secret]: 1 } }),
      () =>
        send(url, 'POST', '/users', {
          body: `{"name": "${secret}"`,
          headers: { 'content-type': 'application/json' },
        }),
      () => send(url, 'POST', '/users', { body: secret, headers: { 'content-type': secret } }),
      () => send(url, 'GET', `/users/${email}`),
      () => send(url, 'GET', `/users/1?email=${email}`),
      () => send(url, 'GET', `/${secret}`),
      () => send(url, 'PATCH', `/users/${secret}`),
      () => send(url, 'GET', `/users/${secret}%zz`),
      () => send(url, 'GET', `/users/${secret.repeat(50)}`),
      () => send(url, 'GET', '/users/1', { headers: { 'if-none-match': secret } }),
      () => send(url, 'PUT', '/users/1', { headers: { 'if-match': secret } }),
      () => sendRaw(url, `${secret}\r\n\r\n`),
      () => sendRaw(url, `GET /users/1 HTTP/1.1\r\n${secret} x: y\r\n\r\n`),
    ]
    for (const attempt of attempts) await attempt()
    for (const error of [
      new Error(secret),
      Object.assign(new Error(secret), { code: '23505', detail: secret }),
      Object.assign(new Error(secret), { code: '08006' }),
      new CacheError('INVALID_VALUE', secret, { key: secret }),
      secret,
      { message: secret },
    ]) {
      parts.script.failNext(error)
      await send(url, 'PUT', '/users/1', { body: { name: secret, email } })
    }
    // What the framework might log by itself.
    app.log.error(new Error(secret))
    app.log.warn({ err: new Error(secret) })
    app.log.warn({ err: new Error(secret) }, secret)
    app.log.warn({ err: new Error(secret) }, `failed: ${secret}`)
    expect(log.lines().length).toBeGreaterThan(3)
    expect(log.text()).not.toContain(secret)
  })

  test('has no line for a request that went well', async () => {
    const log = memory()
    const { url } = await startApp({ logger: { level: 'info', stream: log.stream } })
    const before = log.lines().length
    await send(url, 'POST', '/users', { body: { name: 'Ada', email: 'ada@example.com' } })
    await send(url, 'GET', '/users/1')
    await send(url, 'GET', '/users/2')
    expect(log.lines().slice(before)).toEqual([])
  })

  test('has a warning for what may pass, and starts at the level that was asked for', async () => {
    const log = memory()
    const { url, parts } = await startApp({ logger: { level: 'error', stream: log.stream } })
    parts.script.failNext(new CacheError('LOAD_TIMEOUT', 'scripted'))
    await send(url, 'GET', '/users/1')
    expect(log.lines()).toEqual([])
    const verbose = memory()
    const other = await startApp({ logger: { level: 'warn', stream: verbose.stream } })
    other.parts.script.failNext(new CacheError('LOAD_TIMEOUT', 'scripted'))
    await send(other.url, 'GET', '/users/1')
    expect(verbose.lines()).toEqual([
      expect.objectContaining({ level: 40, msg: 'answered LOAD_TIMEOUT' }),
    ])
  })
})
