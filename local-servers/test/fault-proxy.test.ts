import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type FaultProxy, startFaultProxy, type Tap } from '@caching-patterns/local-servers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

/** Answers each chunk with "re:" and the chunk; keeps what it was asked. */
let asked: string[]
let server: Server
let opened: Socket[]
let proxy: FaultProxy

beforeEach(async () => {
  asked = []
  opened = []
  server = createServer((socket) => {
    opened.push(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      asked.push(String(chunk))
      socket.write(`re:${chunk}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await start()
})

afterEach(async () => {
  await proxy.stop()
  for (const socket of opened) socket.destroy()
  server.close()
})

function start(tap?: () => Tap): Promise<FaultProxy> {
  const { port } = server.address() as AddressInfo
  return startFaultProxy({ port, ...(tap && { tap }) })
}

/** A client's end: what it got, and how it ended. */
class End {
  readonly socket: Socket
  received = ''
  ended: string | undefined

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    opened.push(this.socket)
    this.socket.setEncoding('utf8').on('data', (text) => {
      this.received += text
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ??= error.code
    })
    this.socket.on('close', () => {
      this.ended ??= 'closed'
    })
  }

  async says(text: string, answer = `re:${text}`): Promise<void> {
    this.received = ''
    this.socket.write(text)
    await vi.waitFor(() => expect(this.received).toBe(answer))
  }

  async ends(how: string): Promise<void> {
    await vi.waitFor(() => expect(this.ended).toBe(how))
  }
}

function client(): End {
  return new End(proxy.port)
}

describe('a fault proxy', () => {
  test('passes on bytes in both directions, and closes after the client or the server', async () => {
    const first = client()
    await first.says('hello')
    const second = client()
    await second.says('there')
    expect(proxy.connections).toBe(2)
    first.socket.end()
    opened[3]?.end()
    await first.ends('closed')
    await second.ends('closed')
    await vi.waitFor(() => expect(proxy.connections).toBe(0))
  })

  test('makes a sender wait for a slow reader, and loses nothing', async () => {
    const end = client()
    await end.says('hello')
    end.received = ''
    end.socket.pause()
    const long = 'x'.repeat(20_000_000)
    opened[1]?.write(long)
    let before = -1
    await vi.waitFor(() => {
      const left = opened[1]?.writableLength ?? 0
      const stands = left === before
      before = left
      expect([stands, left]).toEqual([true, expect.toSatisfy((bytes) => bytes > 0)])
    })
    end.socket.resume()
    await vi.waitFor(() => expect(end.received.length).toBe(long.length), 10_000)
  })

  test('closes connections when the server is not there', async () => {
    server.close()
    await client().ends('closed')
  })

  test('refuses: ends open connections, lets nobody in, and listens again on its port', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'refuse' })
    await open.ends('ECONNRESET')
    await client().ends('ECONNREFUSED')
    expect(proxy.happened.refuse).toBe(1)
    await proxy.set(undefined)
    await client().says('again')
  })

  test('resets: open connections, and those that come', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'reset' })
    await open.ends('ECONNRESET')
    await client().ends('ECONNRESET')
    expect(proxy.happened.reset).toBe(2)
    await proxy.set(undefined)
    await client().says('again')
  })

  test('swallows as a black hole, and delivers late, in order, once it is lifted', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'black-hole' })
    const late = client()
    await vi.waitFor(() => expect(proxy.connections).toBe(2))
    open.socket.write('one')
    late.socket.write('two')
    await vi.waitFor(() => expect(proxy.happened['black-hole']).toBe(2))
    opened[1]?.write('unasked')
    await vi.waitFor(() => expect(proxy.happened['black-hole']).toBe(3))
    expect([asked, open.received, late.received]).toEqual([['hello'], 're:hello', ''])
    await proxy.set(undefined)
    await vi.waitFor(() => expect(late.received).toBe('re:two'))
    await vi.waitFor(() => expect(open.received).toBe('re:hellounaskedre:one'))
  })

  test('delivers what a client sent into a black hole before it gave up', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'black-hole' })
    open.socket.write('commit')
    await vi.waitFor(() => expect(proxy.happened['black-hole']).toBe(1))
    open.socket.destroy()
    await open.ends('closed')
    expect(asked).toEqual(['hello'])
    await proxy.set(undefined)
    await vi.waitFor(() => expect(asked).toEqual(['hello', 'commit']))
    await vi.waitFor(() => expect(proxy.connections).toBe(0))
  })

  test('delays both directions by the latency, and keeps the order', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'latency', ms: 40, jitterMs: 40 })
    open.received = ''
    const startedAt = performance.now()
    for (const text of ['a', 'b', 'c']) {
      open.socket.write(text)
      const { latency } = proxy.happened
      await vi.waitFor(() => expect(proxy.happened.latency).toBeGreaterThan(latency), {
        interval: 1,
      })
    }
    await vi.waitFor(() => expect(asked.join('')).toBe('helloabc'))
    await vi.waitFor(() => expect(open.received.replaceAll('re:', '')).toBe('abc'))
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(80)
    expect(proxy.happened.latency).toBeGreaterThanOrEqual(4)
    await proxy.set(undefined)
    await open.says('fast')
  })

  test('drops the reply of a request that was executed', async () => {
    const open = client()
    const idle = client()
    await open.says('hello')
    await idle.says('there')
    await proxy.set({ kind: 'drop-reply' })
    opened[3]?.write('unasked')
    await vi.waitFor(() => expect(idle.received).toBe('re:thereunasked'))
    open.received = ''
    open.socket.write('commit')
    await open.ends('ECONNRESET')
    expect([asked.at(-1), open.received, idle.ended]).toEqual(['commit', '', undefined])
    expect(proxy.happened['drop-reply']).toBe(1)
  })

  test('passes on the first bytes of a reply, and closes', async () => {
    const open = client()
    await open.says('hello')
    await proxy.set({ kind: 'partial-reply', bytes: 5 })
    await open.says('commit', 're:co')
    await open.ends('closed')
    expect(proxy.happened['partial-reply']).toBe(1)
  })

  test('shows bytes to its tap, which may cut the connection before a reply', async () => {
    const seen: string[] = []
    const tapped = await start(() => ({
      request: (chunk) => seen.push(`> ${chunk}`),
      reply: (chunk) => {
        seen.push(`< ${chunk}`)
        return String(chunk) === 're:commit' ? 'cut' : 'pass'
      },
    }))
    try {
      const open = new End(tapped.port)
      await open.says('hello')
      open.socket.write('commit')
      await open.ends('ECONNRESET')
      expect(seen).toEqual(['> hello', '< re:hello', '> commit', '< re:commit'])
      expect(open.received).toBe('re:hello')
    } finally {
      await tapped.stop()
    }
  })

  test('ends connections that one side has closed and the other has not', async () => {
    await proxy.set({ kind: 'black-hole' })
    const left = client()
    await vi.waitFor(() => expect(opened[1]).toBeDefined())
    // Never reads, and so does not hear of the end.
    opened[1]?.pause()
    left.socket.destroy()
    await left.ends('closed')
    await proxy.set(undefined)
    expect(proxy.connections).toBe(1)
    await proxy.stop()
    await vi.waitFor(() => expect(proxy.connections).toBe(0))
  })

  test('refuses numbers that are none, and to be used after its end', async () => {
    const latency = { kind: 'latency', ms: -1 } as const
    expect(() => proxy.set(latency)).toThrow('latency: ms must be a number from 0 on, received -1')
    await proxy.stop()
    await proxy.stop()
    await expect(proxy.set(undefined)).rejects.toThrow('was stopped')
    await client().ends('ECONNREFUSED')
  })
})
