import { connect, type Socket } from 'node:net'
import type { CacheEvent } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { send } from './client.ts'
import { fakeStats } from './fake-users.ts'
import { startApp } from './start-app.ts'

interface Frame {
  readonly event: string
  readonly data: Record<string, unknown>
}

/** Listens to `/events`; `frames` grows as they come. */
async function listen(url: string) {
  const abort = new AbortController()
  const response = await fetch(`${url}/events`, { signal: abort.signal })
  const frames: Frame[] = []
  const ended = (async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      const complete = text.split('\n\n')
      text = complete.pop() ?? ''
      for (const frame of complete) {
        const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? []
        frames.push({ event, data: JSON.parse(data) })
      }
    }
    return 'ended'
  })()
  return { response, frames, ended, leave: () => abort.abort() }
}

const happened: readonly [CacheEvent, Frame][] = [
  [
    { type: 'flush', cache: 'users', rows: 3, durationMs: 4 },
    { event: 'flush', data: { rows: 3, durationMs: 4 } },
  ],
  [
    { type: 'refresh', cache: 'users', key: '42', outcome: 'failure', durationMs: 5, error: 'Ada' },
    { event: 'refresh', data: { userId: 42, outcome: 'failure', durationMs: 5 } },
  ],
  [
    { type: 'dead-letter', cache: 'users', key: 'cp:users:1:42', version: 7, sqlstate: '23505' },
    { event: 'dead-letter', data: { userId: 42, version: 7, sqlstate: '23505' } },
  ],
  [
    { type: 'dead-letter', cache: 'users', key: 'ada@example.com', version: 7, sqlstate: '23505' },
    { event: 'dead-letter', data: { version: 7, sqlstate: '23505' } },
  ],
  [
    { type: 'dead-letter-retried', cache: 'users', key: 'cp:users:1:42', version: 8 },
    { event: 'dead-letter-retried', data: { userId: 42, version: 8 } },
  ],
  [
    { type: 'dead-letter-discarded', cache: 'users', key: 'cp:users:1:42', version: 7 },
    { event: 'dead-letter-discarded', data: { userId: 42, version: 7 } },
  ],
  [
    { type: 'restamp', cache: 'users', key: 'cp:users:1:42', version: 9 },
    { event: 'restamp', data: { userId: 42, version: 9 } },
  ],
  [
    { type: 'fenced', cache: 'users', rows: 3 },
    { event: 'fenced', data: { rows: 3 } },
  ],
  [
    { type: 'journal-lost', cache: 'users', rows: 2 },
    { event: 'journal-lost', data: { rows: 2 } },
  ],
  [
    { type: 'flush-breaker', cache: 'users', state: 'half-open' },
    { event: 'flush-breaker', data: { state: 'half-open' } },
  ],
  [
    { type: 'breaker', cache: 'users', state: 'open' },
    { event: 'breaker', data: { state: 'open' } },
  ],
]
const untold: readonly CacheEvent[] = [
  { type: 'load', cache: 'users', key: '1', durationMs: 1, outcome: 'value' },
  { type: 'store-error', cache: 'users', operation: 'read', error: new Error('secret') },
  { type: 'flush-failure', cache: 'users', rows: 1, sqlstate: '08006', error: new Error('secret') },
]

describe('/events', () => {
  test('starts with the figures of /stats, and sends them again within two seconds', async () => {
    const { url } = await startApp()
    const { response, frames } = await listen(url)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toBe('no-store')
    await expect.poll(() => frames.length, { timeout: 2_000 }).toBeGreaterThanOrEqual(2)
    const stats = JSON.parse((await send(url, 'GET', '/stats')).text)
    for (const frame of frames) {
      expect(frame).toEqual({ event: 'stats', data: { ...stats, uptimeMs: expect.any(Number) } })
    }
    expect(stats).toMatchObject({ reads: fakeStats.reads })
  })

  test('tells what happened to every listener, and no key but the id of a user', async () => {
    const { url, parts } = await startApp()
    const clients = [await listen(url), await listen(url)]
    for (const event of [...untold, ...happened.map(([event]) => event)]) parts.emit(event)
    for (const { frames } of clients) {
      const told = () => frames.filter(({ event }) => event !== 'stats')
      await expect.poll(told).toEqual(happened.map(([, frame]) => frame))
    }
  })

  test('subscribes once for all listeners, and not without any', async () => {
    const { url, parts } = await startApp()
    expect(parts.listeners()).toBe(0)
    const clients = [await listen(url), await listen(url)]
    expect(parts.listeners()).toBe(1)
    for (const { leave, ended } of clients) {
      leave()
      await expect(ended).rejects.toThrow()
    }
    await expect.poll(() => parts.listeners()).toBe(0)
    const reads = () => parts.calls.filter((call) => call === 'stats').length
    const before = reads()
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(reads()).toBe(before)
  })

  test('ends when the service closes', async () => {
    const { url, app, parts } = await startApp()
    const { ended } = await listen(url)
    await app.close()
    expect(await ended).toBe('ended')
    expect(parts.listeners()).toBe(0)
  })

  test('drops frames for a client that does not read, and keeps telling the others', async () => {
    const { url, app, parts } = await startApp()
    const sockets: Socket[] = []
    app.server.on('connection', (socket) => sockets.push(socket))
    const asleep = connect(Number(new URL(url).port), '127.0.0.1')
    asleep.pause()
    asleep.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
    const awake = await listen(url)
    await expect.poll(() => sockets.length).toBe(2)
    const emit = (version: number) =>
      parts.emit({ type: 'dead-letter', cache: 'users', key: '1', version, sqlstate: large })
    const large = 'x'.repeat(16_384)
    let waiting = 0
    // 24 MiB: more than the buffers of both kernels.
    for (let version = 1; version <= 1_500; version += 1) {
      emit(version)
      waiting = Math.max(waiting, ...sockets.map(({ writableLength }) => writableLength))
      // The one who reads gets its turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(waiting).toBeGreaterThan(32 * 1024)
    expect(waiting).toBeLessThan(96 * 1024)
    const last = () => awake.frames.findLast(({ event }) => event === 'dead-letter')?.data.version
    await expect
      .poll(() => {
        emit(9_999)
        return last()
      })
      .toBe(9_999)
    asleep.destroy()
  })

  test('answers HEAD with its headers alone', async () => {
    const { url, parts } = await startApp()
    const { status, headers, text } = await send(url, 'HEAD', '/events')
    expect({ status, text }).toEqual({ status: 200, text: '' })
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(parts.listeners()).toBe(0)
  })
})
