import {
  type Cache,
  type CacheEntry,
  cachified as cachedValue,
  createCacheEntry,
} from '@epic-web/cachified'
import { redisCacheAdapter } from 'cachified-redis-adapter'
import { LRUCache } from 'lru-cache'
import { createClient } from 'redis'
import type { Circumstances, Form, Peer, PeerCache } from './peer.ts'

const page = 'https://github.com/epicweb-dev/cachified'
const clientPage = 'https://github.com/redis/node-redis/blob/master/docs/client-configuration.md'

// Of one tier: the cache that it is given.
const redisAlone: Form = {
  name: 'default',
  tiers: 'Redis',
  settings: 'cachified-redis-adapter, all options at their defaults',
  sources: [`${page}#adapters`],
  async open(circumstances) {
    const client = createClient({ url: url(circumstances) })
    client.on('error', () => undefined)
    return cacheOf(redisCacheAdapter(await client.connect()), circumstances)
  },
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'Redis',
  settings:
    'node-redis with disableOfflineQueue, pingInterval, socketTimeout 1 s, reconnection for ever, not awaited at the start',
  sources: [clientPage],
  open(circumstances) {
    const client = createClient({
      url: url(circumstances),
      disableOfflineQueue: true,
      pingInterval: 300,
      socket: {
        connectTimeout: 1_000,
        socketTimeout: 1_000,
        reconnectStrategy: (retries) => Math.min(retries * 50, 500),
      },
    })
    client.on('error', () => undefined)
    client.connect().catch(() => undefined)
    return cacheOf(redisCacheAdapter(client), circumstances)
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'cache: an LRUCache of lru-cache, max 1000',
  sources: [`${page}#pre-configuring-cachified`],
  open: (circumstances) =>
    cacheOf(new LRUCache<string, CacheEntry>({ max: 1_000 }) as Cache, circumstances),
}

/** https://github.com/epicweb-dev/cachified */
export const cachified: Peer = {
  name: 'cachified',
  packages: ['@epic-web/cachified', 'cachified-redis-adapter', 'redis'],
  forms: [redisAlone, tuned],
  inProcess: [inProcess],
}

function cacheOf(cache: Cache, { ttlMs: ttl, load }: Circumstances): PeerCache {
  return {
    get: (key) => cachedValue({ cache, key, ttl, getFreshValue: () => load(key) }),
    invalidate: async (key) => cache.delete(key),
    set: async (key, row) => cache.set(key, createCacheEntry(row, { ttl })),
  }
}

function url({ redisPort }: Circumstances): string {
  return `redis://127.0.0.1:${redisPort}`
}
