import { startRedis } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { createClient } from 'redis'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectRedis } from '../real-redis.ts'
import { dirtyBytesOn, type RedisFacts, whyRoomIsShort } from '../redis-facts.ts'
import { type RedisWatch, watchRedis } from '../redis-watch.ts'

const MiB = 1024 * 1024
const fine: RedisFacts = {
  version: '7.0.15',
  isReplica: false,
  isClusterNode: false,
  servesAllSlots: true,
  evictionPolicy: 'noeviction',
  maxMemory: 0,
  appendfsync: 'always',
}
const evicting: RedisFacts = { ...fine, evictionPolicy: 'allkeys-lru' }
const forgetful: RedisFacts = { ...fine, appendfsync: 'everysec' }

const loses = expect.stringMatching(/^a crash of Redis loses up to 2 s/)
const evicts = expect.stringMatching(/maxmemory-policy allkeys-lru evicts writes/)

describe('a watched Redis', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function watched(atStart: readonly RedisFacts[] = [fine]) {
    let now = () => Promise.resolve(atStart)
    const told: string[] = []
    const watch = watchRedis({ facts: atStart, maxDirtyBytes: 64 * MiB, read: () => now() })
    watch.subscribe((warning, change) => told.push(`${change}: ${warning}`))
    return {
      watch,
      told,
      become: (...facts: readonly RedisFacts[]) => {
        now = () => Promise.resolve(facts)
      },
      fail: () => {
        now = () => Promise.reject(new Error('away'))
      },
      later: () => vi.advanceTimersByTimeAsync(30_000),
    }
  }

  test('is warned of as it was at the start, without telling anybody of a change', async () => {
    const { watch, told, later } = watched([forgetful])
    expect(watch.current()).toEqual([loses])
    await later()
    expect(watch.current()).toEqual([loses])
    expect(told).toEqual([])
  })

  test('is looked at every 30 s: what began and what ended is told once', async () => {
    const { watch, told, later, become } = watched()
    become(forgetful)
    await vi.advanceTimersByTimeAsync(29_900)
    expect(watch.current()).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    expect(watch.current()).toEqual([loses])
    await later()
    become(fine)
    await later()
    expect(watch.current()).toEqual([])
    expect(told).toEqual([
      expect.stringMatching(/^begins: a crash of Redis loses up to 2 s/),
      expect.stringMatching(/^ends: a crash of Redis loses up to 2 s/),
    ])
  })

  test('is a danger as long as it evicts what was accepted', async () => {
    const { watch, later, become } = watched()
    expect(watch.dangers()).toEqual([])
    become(evicting)
    await later()
    expect(watch.dangers()).toEqual([evicts])
    expect(watch.current()).toEqual([evicts])
    become(fine)
    await later()
    expect(watch.dangers()).toEqual([])
  })

  test('that does not answer is believed to be as it was', async () => {
    const { watch, later, fail, become } = watched([evicting])
    fail()
    await later()
    become()
    await later()
    expect(watch.dangers()).toEqual([evicts])
  })

  test('of several servers is warned of once for each way in which they are set', async () => {
    const { watch } = watched([fine, forgetful, forgetful, { ...fine, appendfsync: 'none' }])
    expect(watch.current()).toEqual([loses, expect.stringMatching(/appendonly no/)])
  })

  test('is warned of when its memory becomes too small for what may wait', async () => {
    const { watch, later, become } = watched([{ ...fine, maxMemory: 128 * MiB }])
    expect(watch.current()).toEqual([])
    become({ ...fine, maxMemory: 100 * MiB })
    await later()
    expect(watch.current()).toEqual([
      'accepted writes may take 64 MiB of Redis, which is more than half of its maxmemory: raise it, or restart',
    ])
  })

  test('is left alone when the watch is closed, and keeps no process alive', async () => {
    const { watch, later, become } = watched()
    watch.close()
    become(evicting)
    await later()
    expect(watch.dangers()).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the room for accepted writes', () => {
  const having = (...limits: readonly number[]) =>
    limits.map((maxMemory) => ({ ...fine, maxMemory: maxMemory * MiB }))

  test.each([
    ['64 MiB without a maxmemory', [0], 64],
    ['64 MiB where that is no more than half', [128], 64],
    ['half of a smaller maxmemory', [50], 25],
    ['half of what the masters of a cluster have together', [20, 20, 20], 30],
    ['no more than the smallest of them allows each', [100, 20, 100], 30],
  ] as const)('is %s', (_, limits, expected) => {
    expect(dirtyBytesOn(having(...limits))).toBe(expected * MiB)
  })

  test('is told of when it is less than usual', () => {
    expect(whyRoomIsShort(having(50), 25 * MiB)).toBe(
      'accepted writes may take 25 MiB, half of the maxmemory of Redis, instead of 64 MiB: raise it, and restart',
    )
    expect(whyRoomIsShort(having(0), 64 * MiB)).toBeUndefined()
    expect(whyRoomIsShort(having(128), 64 * MiB)).toBeUndefined()
  })
})

describeWith(['redis'], 'a Redis whose settings change', () => {
  test('is seen as it is set now', async () => {
    const server = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
    const admin = await createClient({ url: server.url }).connect()
    const redis = await connectRedis([server.url])
    const { facts, factsNow: read } = redis
    const watch: RedisWatch = watchRedis({ facts, maxDirtyBytes: dirtyBytesOn(facts), read })
    try {
      await watch.check()
      expect(watch.current()).toEqual([])
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
      await admin.sendCommand(['CONFIG', 'SET', 'appendfsync', 'everysec'])
      await admin.sendCommand(['CONFIG', 'SET', 'maxmemory', '50mb'])
      await watch.check()
      expect(watch.dangers()).toEqual([evicts])
      expect(watch.current()).toEqual([evicts, loses, expect.stringMatching(/more than half/)])
      expect(dirtyBytesOn(await read())).toBe(25 * MiB)
    } finally {
      watch.close()
      await redis.close()
      admin.destroy()
      await server.stop()
    }
  })
})

describeWith(['redisCluster'], 'a cluster', ({ redisCluster }) => {
  test('is known by all its masters, whichever were named', async () => {
    const [first = '', second = ''] = redisCluster.urls
    const redis = await connectRedis([first, second])
    try {
      const masters = redis.facts.length
      expect(masters).toBeGreaterThanOrEqual(3)
      for (const each of [...redis.facts, ...(await redis.factsNow())]) {
        expect(each).toMatchObject({ isReplica: false, isClusterNode: true })
        expect(each.appendfsync).not.toBe('unknown')
      }
    } finally {
      await redis.close()
    }
  })
})
