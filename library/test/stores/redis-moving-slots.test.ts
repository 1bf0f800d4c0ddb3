import { setTimeout as wait } from 'node:timers/promises'
import { type LocalRedis, startRedisCluster } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { type RedisStore, redisClusterOptions, redisStore } from 'caching-patterns/redis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { slotOf } from '../../src/stores/redis/slot.ts'

const content = { ttlMs: 60_000, softTtlMs: 60_000, graceMs: 0, deltaMs: 0 }

describeWith(['redisCluster'], 'a cluster whose slots move', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  const undo: (() => unknown)[] = []
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(async () => {
    for (const each of undo) await each()
    await cluster.stop()
  })

  async function open() {
    const client = createCluster(redisClusterOptions(cluster.urls))
    const store = redisStore({ client })
    await client.connect()
    undo.push(() => client.destroy())
    return store
  }

  async function send(node: LocalRedis, ...args: string[]): Promise<unknown> {
    const client = createClient({ url: node.url })
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }

  async function ownerOf(slot: number): Promise<LocalRedis> {
    for (const node of cluster.nodes) {
      const shards = (await send(node, 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
      const own = shards.find(([from, to]) => from <= slot && slot <= to)
      const owner = cluster.nodes.find(({ port }) => port === own?.[2][1])
      if (owner !== undefined) return owner
    }
    throw new Error(`nobody has slot ${slot}`)
  }

  /** As a resharding does: announces the move, moves the keys one by one, and closes it. */
  async function move(slot: number, from: LocalRedis, to: LocalRedis): Promise<void> {
    const [fromId, toId] = await Promise.all(
      [from, to].map((node) => send(node, 'CLUSTER', 'MYID')),
    )
    await send(to, 'CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', `${fromId}`)
    await send(from, 'CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', `${toId}`)
    for (let passes = 0; passes < 20; passes++) {
      const keys = (await send(from, 'CLUSTER', 'GETKEYSINSLOT', `${slot}`, '100')) as string[]
      if (keys.length === 0) break
      await send(from, 'MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...keys)
    }
    for (const node of [to, from, ...cluster.nodes]) {
      await send(node, 'CLUSTER', 'SETSLOT', `${slot}`, 'NODE', `${toId}`)
    }
  }

  test('the slot of a key is the one that the servers say', async () => {
    const [node] = cluster.nodes as [LocalRedis]
    for (const key of [
      '',
      'a',
      '{a}b',
      'a{b}c',
      '{}a',
      '{a',
      'é€\u{1F600}',
      '{a}}b',
      '123456789',
    ]) {
      expect([key, slotOf(key)]).toEqual([key, await send(node, 'CLUSTER', 'KEYSLOT', key)])
    }
  })

  test('serves nothing older than an acknowledged invalidation, and soon serves hits again', {
    timeout: 60_000,
  }, async () => {
    const key = 'moving:1:k'
    const slot = slotOf(`{${key}}`)
    const home = await ownerOf(slot)
    const away = cluster.nodes.find((node) => node !== home) as LocalRedis
    const [writing, reading, idle] = await Promise.all([open(), open(), open()])
    let row = 1
    let acknowledged = 1
    let refusals = 0
    let isOver = false
    const stale: string[] = []
    const hits: RedisStore[] = []

    const write = async () => {
      while (!isOver) {
        row++
        const written = row
        for (;;) {
          const failure = await Promise.resolve(writing.invalidate(key)).catch((error) => error)
          if (failure === undefined) break
          refusals++
          await wait(1)
        }
        acknowledged = Math.max(acknowledged, written)
        await wait(Math.random() * 10)
      }
    }
    const read = async (store: RedisStore, name: string) => {
      for (let i = 0; !isOver; i++) {
        const atLeast = acknowledged
        try {
          const state = await store.get(key)
          if (state?.kind === 'value') {
            hits.push(store)
            if (state.version < atLeast) stale.push(`${name}: ${state.version} after ${atLeast}`)
          } else if ((await store.acquire(key, `${name}${i}`, 3_000)) === 'acquired') {
            const version = row
            await wait(Math.random() * 3)
            await store.fill(key, `${name}${i}`, { ...content, json: '1', version })
          }
        } catch {
          refusals++
          await wait(1)
        }
      }
    }
    const running = [write(), read(writing, 'a'), read(reading, 'b'), read(reading, 'c')]
    try {
      await vi.waitFor(() => expect(hits.length).toBeGreaterThan(100), { timeout: 10_000 })
      // there, and back: entries that were left behind in between must not come back to life
      await move(slot, home, away)
      hits.length = 0
      await vi.waitFor(() => expect(hits.length).toBeGreaterThan(300), { timeout: 10_000 })
      await move(slot, away, home)
      // one that has not looked since before the move finds its way too
      running.push(read(idle, 'd'))
      hits.length = 0
      await vi.waitFor(() => expect(new Set(hits).size).toBe(3), { timeout: 10_000 })
    } finally {
      isOver = true
      await Promise.all(running)
    }
    expect(stale).toEqual([])
    expect(refusals).toBeGreaterThan(0)
    expect(acknowledged).toBeGreaterThan(10)
  })

  test('an entry that was moved with its slot comes back in no form when the slot does', {
    timeout: 60_000,
  }, async () => {
    const changes: Record<string, (store: RedisStore, key: string) => unknown> = {
      invalidate: (store, key) => store.invalidate(key),
      invalidateUpTo: (store, key) => store.invalidateUpTo(key, 2),
      end: (store, key) => store.end(key, null, { ...content, json: '2', version: 2 }),
      begin: (store, key) => store.begin(key, 'w', 60_000),
      clear,
    }
    // one slot for all: a hash tag ends with the first brace
    const keys = Object.keys(changes).map((name) => `returning}${name}`)
    const slot = slotOf('{returning}')
    const home = await ownerOf(slot)
    const away = cluster.nodes.find((node) => node !== home) as LocalRedis
    const store = await open()
    for (const key of keys) await fill(store, key)
    await move(slot, home, away)
    for (const [i, change] of Object.values(changes).entries()) {
      await vi.waitFor(() => change(store, keys[i] as string), { timeout: 10_000 })
    }
    await move(slot, away, home)
    const states = await vi.waitFor(() => store.getMany(keys), { timeout: 10_000 })
    expect(states.filter(Boolean)).toEqual([])
  })

  test('clears the keys of every master', async () => {
    const store = await open()
    const keys = Array.from({ length: 60 }, (_, i) => `cleared:1:${i}`)
    for (const key of keys) await fill(store, key)
    const seen = await store.getMany(keys)
    expect(seen.filter((state) => state?.kind === 'value')).toHaveLength(60)
    expect(await clear(store, 'cleared:1:')).toBeGreaterThanOrEqual(3)
    expect((await store.getMany(keys)).filter(Boolean)).toEqual([])
  })
})

async function fill(store: RedisStore, key: string): Promise<void> {
  expect(await store.acquire(key, 't', 60_000)).toBe('acquired')
  expect(await store.fill(key, 't', { ...content, json: '1', version: 1 })).toBe('stored')
}

/** Answers in how many steps. */
async function clear(store: RedisStore, prefix: string): Promise<number> {
  let steps = 0
  let from: string | undefined
  do {
    from = await store.clear(prefix, from)
    steps++
  } while (from !== undefined)
  return steps
}
