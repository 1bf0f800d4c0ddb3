import { redisClusterOptions, redisOptions, redisStore } from 'caching-patterns/redis'
import { createClient, createCluster } from 'redis'
import { describe, expect, test } from 'vitest'

const url = 'redis://localhost'

function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'INVALID_ARGUMENT' })
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}

describe('redisOptions', () => {
  test('bounds every wait, and never gives up', () => {
    const { socket, ...rest } = redisOptions(url)
    expect(rest).toStrictEqual({
      url,
      RESP: 3,
      commandOptions: { timeout: undefined },
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      maintNotifications: 'disabled',
      pingInterval: 500,
    })
    const { reconnectStrategy, ...times } = socket
    expect(times).toEqual({ socketTimeout: 1_500, connectTimeout: 1_000, keepAlive: true })
    for (let retries = 0; retries < 2_000; retries++) {
      const delay = reconnectStrategy(retries)
      expect(delay).toBeGreaterThan(0)
      expect(delay).toBeLessThanOrEqual(300)
    }
    const delays = Array.from({ length: 20 }, () => reconnectStrategy(99))
    expect(new Set(delays).size).toBeGreaterThan(1)
  })

  test.each([
    'redis://localhost',
    'redis://localhost:6380/3',
    'rediss://user:p%40ss@[::1]:6379',
    'redis://:secret@10.0.0.1',
  ])('takes %s', (each) => {
    expect(redisOptions(each).url).toBe(each)
    expect(() => redisStore({ client: createClient(redisOptions(each)) })).not.toThrow()
  })

  test.each([
    ['localhost:6379', 'localhost:…'],
    ['http://:secret@localhost', 'http:…'],
    ['redis://:secret@localhost/users', 'redis://…@localhost/users'],
    ['redis://:secret%@localhost', 'redis://…@localhost'],
    ['redis://', 'redis://…@'],
    ['//:secret@localhost', 'text that is no URL'],
    ['redis://:secret@local host', 'text that is no URL'],
    ['', 'text that is no URL'],
    [undefined, 'undefined'],
    [6379, '6379'],
  ])('refuses %j, and shows no password', (given, shown) => {
    const message = refusal(() => redisOptions(given as string))
    expect(message).toContain('redisOptions: url: expected redis://')
    expect(message).toContain(shown)
    expect(message).not.toContain('secret')
  })
})

describe('redisClusterOptions', () => {
  test('gives the credentials and the TLS of the first to all', () => {
    const urls = ['rediss://user:p%40ss@a:1', 'rediss://b:2']
    const { rootNodes, defaults } = redisClusterOptions(urls)
    expect(rootNodes).toEqual([{ url: urls[0] }, { url: urls[1] }])
    expect(defaults).toMatchObject({ username: 'user', password: 'p@ss', socket: { tls: true } })
    const plain = redisClusterOptions([url]).defaults
    expect(plain).not.toHaveProperty('password')
    expect(plain.socket).not.toHaveProperty('tls')
  })

  test('refuses no URL, and a wrong one', () => {
    expect(refusal(() => redisClusterOptions([]))).toContain('one URL or more')
    expect(refusal(() => redisClusterOptions([url, 'nonsense']))).toContain('redis://')
  })
})

describe('redisStore', () => {
  const { socket, ...good } = redisOptions(url)
  const defaultTimeout: object = { timeout: 5_000 }
  const typeMapping = { 36: Buffer }
  const lacking: [setting: string, options: object][] = [
    ['RESP', { ...good, socket, RESP: 2 }],
    ['commandOptions.timeout', { ...good, socket, commandOptions: undefined }],
    ['commandOptions.timeout', { ...good, socket, commandOptions: defaultTimeout }],
    [
      'commandOptions.typeMapping',
      { ...good, socket, commandOptions: { ...good.commandOptions, typeMapping } },
    ],
    ['disableOfflineQueue', { ...good, socket, disableOfflineQueue: false }],
    ['commandsQueueMaxLength', { ...good, socket, commandsQueueMaxLength: undefined }],
    ['maintNotifications', { ...good, socket, maintNotifications: 'auto' }],
    ['keyPrefix', { ...good, socket, keyPrefix: 'app:' }],
    ['pingInterval', { ...good, socket, pingInterval: undefined }],
    ['pingInterval', { ...good, socket, pingInterval: 1_500 }],
    ['socket.socketTimeout', { ...good, socket: { ...socket, socketTimeout: undefined } }],
    ['socket.reconnectStrategy', { ...good, socket: { ...socket, reconnectStrategy: undefined } }],
    ['socket.reconnectStrategy', { ...good, socket: { ...socket, reconnectStrategy: false } }],
    [
      'socket.reconnectStrategy',
      { ...good, socket: { ...socket, reconnectStrategy: (n: number) => n < 10 && 100 } },
    ],
  ]

  test.each(lacking)(
    'refuses a client whose %s does not fit, and says what does',
    (setting, options) => {
      const message = refusal(() => redisStore({ client: createClient({ ...options, url }) }))
      expect(message).toContain(`redisStore: client: ${setting}: expected`)
      expect(message).toContain('redisOptions(url)')
    },
  )

  test('refuses a cluster without the settings in its defaults', () => {
    const client = createCluster({ rootNodes: [{ url }] })
    const message = refusal(() => redisStore({ client }))
    expect(message).toContain('client: defaults.commandOptions.timeout: expected undefined')
    expect(message).toContain('redisClusterOptions(urls)')
    expect(redisStore({ client: createCluster(redisClusterOptions([url])) }).name).toBe('redis')
  })

  test('refuses what is no client, and partitions that are none', () => {
    expect(refusal(() => redisStore({ client: {} as never }))).toContain('a node-redis client')
    expect(refusal(() => redisStore({ client: undefined as never }))).toContain(
      'a node-redis client',
    )
    const client = createClient(redisOptions(url))
    for (const partitions of [0, 1.5, 1_025]) {
      expect(refusal(() => redisStore({ client, partitions }))).toContain('from 1 to 1,024')
    }
  })

  test('listens for errors once, however many stores share a client, and not beside the caller', () => {
    const client = createClient(redisOptions(url))
    for (let i = 0; i < 5; i++) redisStore({ client })
    expect(client.listenerCount('error')).toBe(1)
    expect(client.listenerCount('ready')).toBe(1)
    const own = createClient(redisOptions(url)).on('error', () => {})
    redisStore({ client: own })
    expect(own.listenerCount('error')).toBe(1)
    const cluster = createCluster(redisClusterOptions([url]))
    for (let i = 0; i < 5; i++) redisStore({ client: cluster })
    expect(cluster.listenerCount('error')).toBe(1)
  })

  test('rejects at once while the client is not connected', async () => {
    const store = redisStore({ client: createClient(redisOptions(url)) })
    await expect(store.get('k')).rejects.toThrow('there is no connection')
    await expect(store.invalidate('k')).rejects.toThrow('there is no connection')
    await expect(store.clear('k')).rejects.toThrow('there is no connection')
    const cluster = redisStore({ client: createCluster(redisClusterOptions([url])) })
    await expect(cluster.getMany(['k'])).rejects.toThrow('there is no connection')
    expect(Math.abs(store.now() - Date.now())).toBeLessThan(1_000)
  })

  test('refuses journals whose prefixes overlap', () => {
    const store = redisStore({ client: createClient(redisOptions(url)) })
    const limits = { maxKeys: 10, maxBytes: 10_000 }
    store.journal('a:b:', limits)
    expect(() => store.journal('a:b:', limits)).not.toThrow()
    expect(refusal(() => store.journal('a:', limits))).toContain('apart from a:b:')
    expect(refusal(() => store.journal('a:b:c:', limits))).toContain('apart from a:b:')
    expect(refusal(() => store.journal('x:', { ...limits, maxKeys: 0 }))).toContain('maxKeys')
  })
})
