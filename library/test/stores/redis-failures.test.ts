import { readFileSync } from 'node:fs'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { hasCode, readThrough } from 'caching-patterns'
import { type RedisStore, redisOptions, redisStore } from 'caching-patterns/redis'
import { createClient } from 'redis'
import { expect, test, vi } from 'vitest'
import { fill, open, seen, start, undo, until, value } from './redis-own-server.ts'

describeWith(['redis'], 'a Redis that restarts', () => {
  test('is a cold cache, though its append-only file has brought the entries back', async () => {
    const server = await start({ durable: true })
    const { client, store } = await open(server)
    await fill(store)
    await store.begin('p', 'w', 60_000)
    expect(await store.get('k')).toMatchObject(seen)
    const stored = await client.dbSize()
    await server.kill()
    await server.restart()
    await until(() => store.get('k'))
    expect(await client.dbSize()).toBe(stored)
    expect(await store.getMany(['k', 'p'])).toEqual([undefined, undefined])
    expect(await store.end('p', 'w', value)).toEqual({ result: 'absent', markLost: true })
    await fill(store)
    expect(await store.get('k')).toMatchObject(seen)
  })

  test('goes on with a clear from the start', async () => {
    const server = await start({ durable: true })
    const { client, store } = await open(server)
    for (let i = 0; i < 50; i++) await fill(store, `a:${i}`)
    // more keys than one step looks at
    await Promise.all(Array.from({ length: 3_000 }, (_, i) => client.set(`other:${i}`, '')))
    const from = await store.clear('a:')
    expect(from).toBeTypeOf('string')
    await server.kill()
    await server.restart()
    await until(() => fill(store, 'a:new'))
    for (let next = from; next !== undefined; ) next = await store.clear('a:', next)
    expect(await store.get('a:new')).toBeUndefined()
    // nor is anything left of the first life
    expect(await client.keys('*a:*')).toEqual([])
  })

  test('rejects what was under way, and answers again without help', async () => {
    const server = await start()
    const { client, store } = await open(server)
    await fill(store)
    await server.pause()
    const underWay = [store.get('k'), store.invalidate('k'), store.getMany(['k'])]
    const settled = Promise.allSettled(underWay)
    await server.kill()
    for (const { status } of await settled) expect(status).toBe('rejected')
    await expect(store.get('k')).rejects.toThrow()
    await server.restart()
    await until(() => store.get('k'))
    expect(client.listenerCount('ready')).toBe(1)
  })
})

describeWith(['redis'], 'a connection', () => {
  test('that is cut fails what is under way, and nothing is sent again on the next', async () => {
    const server = await start()
    const { client, store } = await open(server)
    const { client: other } = await open(server)
    await fill(store)
    const id = await client.clientId()
    const underWay = Promise.allSettled(Array.from({ length: 200 }, () => store.get('k')))
    await other.sendCommand(['CLIENT', 'KILL', 'ID', String(id)])
    for (const each of await underWay) {
      if (each.status === 'fulfilled') expect(each.value).toMatchObject(seen)
    }
    await until(() => store.get('k'))
    expect(await client.clientId()).not.toBe(id)
    expect(await store.get('k')).toMatchObject(seen)
  })

  test('is not trusted with an answer to what an earlier one was asked', async () => {
    const server = await start()
    const { client, store } = await open(server)
    await fill(store)
    await store.get('k')
    const answers: ((text: string) => void)[] = []
    const send = vi.spyOn(client, 'sendCommand')
    send.mockImplementationOnce(() => new Promise((resolve) => answers.push(resolve as never)))
    const hit = store.get('k')
    send.mockImplementationOnce(() => new Promise((resolve) => answers.push(resolve as never)))
    const change = store.release('k', 't')
    await until(() => expect(answers).toHaveLength(2))
    const { client: other } = await open(server)
    const isBack = new Promise((resolve) => client.once('ready', resolve))
    await other.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
    await isBack
    for (const answer of answers) answer('N0000000000000005')
    await expect(hit).rejects.toThrow('earlier connection')
    await expect(change).rejects.toThrow('earlier connection')
  })

  test('with a wrong password never opens, and calls reject at once', async () => {
    const server = await start({ password: 'right' })
    const client = createClient(redisOptions(server.url.replace('right', 'wrong')))
    const store = redisStore({ client })
    const errors: string[] = []
    client.on('error', ({ message }: Error) => errors.push(message))
    const connecting = client.connect().catch(({ message }: Error) => message)
    undo.push(() => client.destroy())
    await until(() => expect(errors.join()).toContain('WRONGPASS'))
    await expect(store.get('k')).rejects.toSatisfy((error) => hasCode(error, 'STORE_UNAVAILABLE'))
    client.destroy()
    expect(await connecting).toContain('WRONGPASS')
    const { store: other } = await open(server)
    await fill(other)
  })

  test('over TLS works like any other', async () => {
    const server = await start({ tls: true })
    const { socket, ...options } = redisOptions(server.url)
    const ca = readFileSync(server.caPath ?? '')
    const client = createClient({ ...options, socket: { ...socket, tls: true, ca } })
    undo.push(() => client.destroy())
    const store = redisStore({ client })
    await client.connect()
    await fill(store)
    expect(await store.get('k')).toMatchObject(seen)
  })

  test('tells the time of the server', async () => {
    const { client, store } = await open(await start())
    await store.get('k')
    const [seconds, micros] = (await client.sendCommand(['TIME'])) as unknown as [string, string]
    const server = Number(seconds) * 1000 + Number(micros) / 1000
    expect(Math.abs(store.now() - server)).toBeLessThan(50)
    const step = vi.spyOn(Date, 'now').mockReturnValue(0)
    expect(Math.abs(store.now() - server)).toBeLessThan(500)
    step.mockRestore()
  })
})

describeWith(['redis'], 'a Redis that hangs', () => {
  interface User {
    readonly id: number
  }
  function cacheOn(store: RedisStore) {
    const cache = readThrough<number, User>({
      name: 'users',
      store,
      source: { load: async (id) => ({ id }) },
      ttl: '1m',
    })
    undo.push(() => cache.close())
    return cache
  }

  test('costs a read no more than its deadline', async () => {
    const server = await start()
    const { store } = await open(server)
    const cache = cacheOn(store)
    expect((await cache.lookup(1)).status).toBe('miss')
    expect((await cache.lookup(1)).status).toBe('hit')
    await server.pause()
    const startedAt = performance.now()
    expect(await cache.lookup(1)).toMatchObject({ status: 'bypass', value: { id: 1 } })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await server.resume()
    await until(async () => expect((await cache.lookup(1)).status).toBe('hit'))
  })

  test('costs no more while the client connects to it', async () => {
    const server = await start()
    await server.pause()
    const client = createClient(redisOptions(server.url))
    const cache = cacheOn(redisStore({ client }))
    const connecting = client.connect()
    undo.push(() => client.destroy())
    const startedAt = performance.now()
    expect(await cache.lookup(1)).toMatchObject({ status: 'bypass', value: { id: 1 } })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await server.resume()
    await connecting
    await until(async () => expect((await cache.lookup(1)).status).toBe('hit'))
  })
})
