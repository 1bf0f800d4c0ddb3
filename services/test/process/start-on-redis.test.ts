import { type LocalRedis, startRedis } from '@caching-patterns/local-servers'
import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { createClient } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ServiceName } from '../../ports.ts'
import { type OddServer, rewritingProxy, silentServer, talkativeServer } from './odd-servers.ts'
import { refusal, refusalHere } from './refusal.ts'
import { cleanUp, startServices, temporaryFolder } from './service-process.ts'

// Starts take seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

describeWith(['redis', 'postgres'], 'a process refuses a REDIS_URL', ({ redis: shared }) => {
  let replica: LocalRedis
  let evicting: LocalRedis
  let guarded: LocalRedis
  let encrypted: LocalRedis
  let nodes: LocalRedis[]
  let odd: OddServer[] = []
  const { hostname, port } = new URL(shared.url)

  beforeAll(async () => {
    const lonely = { settings: { 'cluster-enabled': 'yes' } }
    ;[replica, evicting, guarded, encrypted, ...nodes] = (await Promise.all([
      startRedis({ settings: { replicaof: '127.0.0.1 1' } }),
      startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } }),
      startRedis({ password: 'hunter2' }),
      startRedis({ tls: true }),
      startRedis(lonely),
      startRedis(lonely),
    ])) as [LocalRedis, LocalRedis, LocalRedis, LocalRedis, ...LocalRedis[]]
  })
  afterAll(async () => {
    await cleanUp()
    await Promise.all([replica, evicting, guarded, encrypted, ...nodes].map((each) => each?.stop()))
    await Promise.all(odd.map((each) => each.close()))
  })

  /** The one line of a process that was refused. */
  async function lineFor(url: string, name: ServiceName = 'cache-aside'): Promise<string> {
    return oneLine(await refusalHere(name, { REDIS_URL: url }))
  }
  function oneLine(output: string): string {
    expect(output).toMatch(/^[^\n]+\n$/)
    expect(output).not.toMatch(/hunter2|wrong-one/)
    return output
  }
  const line = (where: string | number, words: string) =>
    `REDIS_URL: ${typeof where === 'number' ? `127.0.0.1:${where}` : where}: ${words}\n`
  const started = async (server: Promise<OddServer>) => {
    odd = [...odd, await server]
    return (await server).port
  }

  test('without the password that it asks for', async () => {
    const url = `redis://127.0.0.1:${guarded.port}`
    const words = 'asks for a password, and the URL has none: write redis://:password@host'
    expect(await lineFor(url)).toBe(line(guarded.port, words))
  })

  test('with a wrong password', async () => {
    const url = `redis://:wrong-one@127.0.0.1:${guarded.port}`
    const words = 'refuses user and password: check both in the URL'
    const output = oneLine(await refusal(['cache-aside'], { REDIS_URL: url }))
    expect(output).toBe(line(guarded.port, words))
  })

  test('with a password that nobody asked for', async () => {
    const words = 'asks for no password, and the URL has one: leave it out'
    expect(await lineFor(`redis://:hunter2@${hostname}:${port}`)).toBe(line(Number(port), words))
  })

  test('with a database that is not there', async () => {
    const url = `redis://127.0.0.1:${replica.port}/99`
    const words = 'has no database 99: name a lower number'
    expect(await lineFor(url)).toBe(line(`127.0.0.1:${replica.port}/99`, words))
  })

  test('where nobody listens', async () => {
    const words = 'refuses connections: check host and port, and whether it runs'
    expect(await lineFor('redis://127.0.0.1:1')).toBe(line(1, words))
  })

  test('of a host that has no address', async () => {
    const words = 'the host name cannot be resolved'
    expect(await lineFor('redis://cache.invalid')).toBe(line('cache.invalid:6379', words))
  })

  test('of a black hole, without waiting for ever', async () => {
    const hole = await started(silentServer())
    const words = 'no answer within 3.5 s: check host and port, firewalls, and whether it runs'
    const variables = { REDIS_URL: `redis://127.0.0.1:${hole}` }
    expect(oneLine(await refusal(['cache-aside'], variables))).toBe(line(hole, words))
  })

  test('of a server that has stopped', async () => {
    const words = 'no answer within 3.5 s: check host and port, firewalls, and whether it runs'
    guarded.pause()
    try {
      expect(await lineFor(guarded.url)).toBe(line(guarded.port, words))
    } finally {
      guarded.resume()
    }
  })

  test('of a server that is no Redis', async () => {
    const http = await started(talkativeServer())
    const words = 'is no Redis: its answer is none that a Redis gives'
    expect(await lineFor(`redis://127.0.0.1:${http}`)).toBe(line(http, words))
  })

  test('without TLS where nothing else is spoken', async () => {
    const words = 'speaks TLS alone: write rediss://'
    expect(await lineFor(`redis://127.0.0.1:${encrypted.port}`)).toBe(line(encrypted.port, words))
  })

  test('with TLS where none is spoken', async () => {
    const words = 'does not speak TLS: write redis://, or turn on TLS in the server'
    expect(await lineFor(`rediss://127.0.0.1:${port}`)).toBe(line(Number(port), words))
  })

  test('of a certificate by an authority that nobody knows', async () => {
    const words =
      'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): ' +
      'name its authority with NODE_EXTRA_CA_CERTS=<file>'
    expect(await lineFor(encrypted.url)).toBe(line(encrypted.port, words))
  })

  test('of a Redis before 6.2', async () => {
    const client = await createClient({ url: shared.url }).connect()
    const [said = '', own = ''] = /redis_version:([0-9]+\.[0-9]+)/.exec(await client.info()) ?? []
    await client.close()
    const older = said.replace(own, '6.0'.padStart(own.length, '0'))
    const proxy = await started(rewritingProxy(Number(port), said, older))
    const output = await lineFor(`redis://127.0.0.1:${proxy}`)
    expect(output).toMatch(/: expected Redis 6\.2 or newer, found 0*6\.0\.[0-9]+\n$/)
  })

  test('of a replica', async () => {
    const words = 'is a replica, which refuses writes (READONLY): name the primary server'
    expect(await lineFor(`redis://127.0.0.1:${replica.port}`)).toBe(line(replica.port, words))
  })

  test('of one node of a cluster, or of a cluster that is none', async () => {
    const [one, two] = nodes.map((node) => node.port)
    expect(await lineFor(`redis://127.0.0.1:${one}`)).toBe(
      line(one ?? 0, 'is a node of a cluster: name several of its nodes, separated by commas'),
    )
    const output = await refusalHere('cache-aside', {
      REDIS_URL: `redis://127.0.0.1:${port},redis://127.0.0.1:${two}`,
    })
    expect(output).toBe(
      line(Number(port), 'is no node of a cluster: name one server alone') +
        line(two ?? 0, 'its cluster does not serve all slots (CLUSTER INFO says more)'),
    )
  })
  test('that evicts what write-behind has accepted, for write-behind', async () => {
    const words =
      'its maxmemory-policy allkeys-lru evicts writes that write-behind has accepted: ' +
      'set noeviction or a volatile-* policy'
    expect(await lineFor(evicting.url, 'write-behind')).toBe(line(evicting.port, words))
    await starts({ REDIS_URL: evicting.url })
  })

  test('not when its authority is named', async () => {
    const { url, caPath = '' } = encrypted
    await starts({ REDIS_URL: url, NODE_EXTRA_CA_CERTS: caPath })
  })

  test('not for a wrong database, of which the lines stand beside each other', async () => {
    const output = await refusal(['cache-aside'], {
      REDIS_URL: 'redis://:hunter2@127.0.0.1:1',
      DATABASE_URL: 'postgres://app:hunter2@127.0.0.1:2/shop',
    })
    const words = 'refuses connections: check host and port, and whether it runs'
    expect(output).toBe(`${line(1, words)}DATABASE_URL: 127.0.0.1:2/shop: ${words}\n`)
  })

  async function starts(variables: Readonly<Record<string, string>>): Promise<void> {
    const services = startServices(['cache-aside'], {
      DATA_DIR: await temporaryFolder(),
      DATABASE_URL: await freshDatabase(),
      SEED_USERS: '1',
      ...variables,
    })
    await services.ready
    services.kill('SIGTERM')
    expect((await services.ended).code, services.output()).toBe(0)
  }
})
