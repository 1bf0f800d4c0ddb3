import { existsSync, readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type LocalRedis, type RedisOptions, startRedis } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../src/free-port.ts'
import { redisCommand } from '../src/redis-command.ts'
import { within } from '../src/within.ts'
import { isRunning } from './processes.ts'

let servers: LocalRedis[] = []
afterEach(async () => {
  for (const server of servers) await server.stop()
  servers = []
})

async function start(options: RedisOptions = {}): Promise<LocalRedis> {
  const server = await startRedis(options)
  servers.push(server)
  return server
}

/** What a socket says to one line. */
async function answer(socket: ReturnType<typeof connectPlain>, line: string): Promise<string> {
  socket.write(`${line}\r\n`)
  try {
    for await (const chunk of socket.setEncoding('utf8')) return String(chunk)
    return 'closed'
  } finally {
    socket.destroy()
  }
}

describeWith(['redis'], 'startRedis', () => {
  test('answers once it is started', async () => {
    const { url, port } = await start()
    expect(url).toBe(`redis://127.0.0.1:${port}`)
    expect(await redisCommand(url, 'PING')).toBe('PONG')
  })

  test('listens on 127.0.0.1 alone', async () => {
    const { port } = await start()
    await expect(redisCommand(`redis://127.0.0.2:${port}`, 'PING')).rejects.toThrow('ECONN')
  })

  test('passes settings on, which win over its own', async () => {
    const settings = { maxmemory: '4mb', 'maxmemory-policy': 'noeviction', appendonly: 'no' }
    const { url } = await start({ durable: true, settings })
    expect(await redisCommand(url, 'INFO', 'memory')).toContain('maxmemory:4194304\r\n')
    expect(await redisCommand(url, 'INFO', 'memory')).toContain('maxmemory_policy:noeviction')
    expect(await redisCommand(url, 'INFO', 'persistence')).toContain('aof_enabled:0')
  })

  test('quotes what a server says that refuses its settings', async () => {
    const refused = startRedis({ settings: { 'no-such-setting': '1' } })
    await expect(refused).rejects.toThrow(/redis-server ended with code 1[\s\S]*no-such-setting/)
  })

  test('takes another port when its own was taken in between', async () => {
    const { port: taken } = await start()
    const ports = [taken, taken, await freePort()]
    const { url, port } = await start({ pickPort: async () => ports.shift() ?? 0 })
    expect(port).not.toBe(taken)
    expect(ports).toEqual([])
    expect(await redisCommand(url, 'PING')).toBe('PONG')
  })

  test('gives up when every port is taken', async () => {
    const { port } = await start()
    let picked = 0
    const pickPort = async () => {
      picked += 1
      return port
    }
    await expect(startRedis({ pickPort })).rejects.toThrow(/address already in use/i)
    expect(picked).toBe(10)
  })
})

describeWith(['redis'], 'its password', () => {
  test('is demanded of everyone, and part of the URL', async () => {
    const { url, port } = await start({ password: 'p@ss/wörd' })
    await expect(redisCommand(`redis://127.0.0.1:${port}`, 'PING')).rejects.toThrow('NOAUTH')
    await expect(redisCommand(`redis://:no@127.0.0.1:${port}`, 'PING')).rejects.toThrow('WRONGPASS')
    expect(await redisCommand(url, 'PING')).toBe('PONG')
  })
})

describeWith(['redis'], 'its TLS', () => {
  test('has a certificate that the given file vouches for', async () => {
    const { url, port, caPath = '' } = await start({ tls: true })
    expect(url).toBe(`rediss://127.0.0.1:${port}`)
    const trusting = connectTls({ port, host: '127.0.0.1', ca: readFileSync(caPath) })
    expect(await answer(trusting, 'PING')).toBe('+PONG\r\n')
    const distrusting = connectTls({ port, host: '127.0.0.1' })
    await expect(answer(distrusting, 'PING')).rejects.toThrow('self-signed certificate')
  })

  test('is demanded of everyone', async () => {
    const { port } = await start({ tls: true })
    const plain = answer(connectPlain(port, '127.0.0.1'), 'PING').catch(String)
    expect(await plain).not.toContain('PONG')
  })
})

describeWith(['redis'], 'what it keeps', () => {
  test('is nothing, unless it is durable', async () => {
    const { url, restart } = await start()
    await redisCommand(url, 'SET', 'key', 'value')
    await restart()
    expect(await redisCommand(url, 'GET', 'key')).toBeNull()
  })

  test('is every acknowledged write, if it is', async () => {
    const { url, port, kill, restart } = await start({ durable: true })
    const policy = await answer(connectPlain(port, '127.0.0.1'), 'CONFIG GET appendfsync')
    expect(policy).toContain('always')
    await redisCommand(url, 'SET', 'key', 'zwölf\r\nBoxkämpfer')
    await kill()
    await restart()
    expect(await redisCommand(url, 'GET', 'key')).toBe('zwölf\r\nBoxkämpfer')
  })
})

describeWith(['redis'], 'its life', () => {
  test('goes on after a kill, on the same port, in another process', async () => {
    const redis = await start()
    const { pid, url } = redis
    await redis.kill()
    expect(isRunning(pid)).toBe(false)
    await expect(redisCommand(url, 'PING')).rejects.toThrow('ECONNREFUSED')
    await redis.restart()
    expect(redis.pid).not.toBe(pid)
    expect(await redisCommand(url, 'PING')).toBe('PONG')
  })

  test('waits for its port when somebody has it for a moment', async () => {
    const redis = await start()
    await redis.kill()
    const other = await startRedis({ pickPort: async () => redis.port })
    const restarted = redis.restart()
    expect(
      await within(
        300,
        restarted.then(() => 'restarted'),
      ),
    ).toBeUndefined()
    await other.stop()
    await restarted
    expect(await redisCommand(redis.url, 'PING')).toBe('PONG')
  })

  test('stands still while it is paused', async () => {
    const redis = await start()
    redis.pause()
    const pong = redisCommand(redis.url, 'PING')
    expect(await within(200, pong)).toBeUndefined()
    redis.resume()
    expect(await pong).toBe('PONG')
  })

  test('ends when it is stopped, paused or not, with its folder', async () => {
    const redis = await start({ tls: true })
    const { caPath = '' } = redis
    expect(existsSync(caPath)).toBe(true)
    redis.pause()
    await redis.stop()
    await redis.stop()
    expect(isRunning(redis.pid)).toBe(false)
    expect(existsSync(caPath)).toBe(false)
    await expect(redis.restart()).rejects.toThrow('was stopped')
  })

  test('is told by its last lines', async () => {
    const redis = await start()
    expect(redis.output()).toMatch(/ready to accept connections/i)
  })
})
