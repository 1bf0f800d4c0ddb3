import KeyvRedis, { createKeyv } from '@keyv/redis'
import { RedisMessageProvider } from '@qified/redis'
import { Cacheable } from 'cacheable'
import { nonBlockingPages, nonBlockingStore } from './non-blocking-store.ts'
import type { Circumstances, Form, Peer, PeerCache } from './peer.ts'

const page = 'https://github.com/jaredwray/cacheable/tree/main/packages/cacheable'

const redisAlone: Form = {
  name: 'Redis alone',
  tiers: 'Redis',
  settings: 'primary: createKeyv, all options at their defaults',
  sources: [`${page}#storage-tiering-and-caching`],
  open(circumstances) {
    const { redisPort, ttlMs } = circumstances
    return cacheOf(
      new Cacheable({ primary: createKeyv(url(redisPort)), ttl: ttlMs }),
      circumstances,
    )
  },
}

const twoTiers: Form = {
  name: 'default',
  tiers: 'memory, Redis',
  settings: 'secondary: KeyvRedis, all options at their defaults',
  sources: [`${page}#basic-usage`],
  open(circumstances) {
    const { redisPort, ttlMs } = circumstances
    const secondary = new KeyvRedis(url(redisPort))
    return cacheOf(new Cacheable({ secondary, ttl: ttlMs }), circumstances)
  },
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'memory, Redis',
  settings:
    "nonBlocking, throwErrors 'function'; @keyv/redis that does not block and ends silent connections",
  sources: [...nonBlockingPages, `${page}#get-or-set-memoization-function`],
  open(circumstances) {
    const { redisPort, ttlMs } = circumstances
    const secondary = nonBlockingStore(redisPort)
    const cache = new Cacheable({ secondary, nonBlocking: true, ttl: ttlMs })
    return cacheOf(cache, circumstances, { throwErrors: 'function' })
  },
}

const synchronised: Form = {
  name: 'tuned, sync',
  tiers: 'memory, Redis, bus',
  settings: 'as tuned, and sync by @qified/redis',
  sources: [`${page}#cacheablesync---distributed-updates`],
  open(circumstances) {
    const { redisPort, busPort, ttlMs } = circumstances
    const secondary = nonBlockingStore(redisPort)
    const qified = new RedisMessageProvider({ uri: url(busPort) })
    const cache = new Cacheable({ secondary, nonBlocking: true, sync: { qified }, ttl: ttlMs })
    return cacheOf(cache, circumstances, { throwErrors: 'function' })
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'all options at their defaults',
  sources: [`${page}#basic-usage`],
  open: (circumstances) => cacheOf(new Cacheable({ ttl: circumstances.ttlMs }), circumstances),
}

/** https://cacheable.org */
export const cacheable: Peer = {
  name: 'cacheable',
  packages: ['cacheable', '@keyv/redis', '@qified/redis'],
  forms: [redisAlone, twoTiers, tuned, synchronised],
  inProcess: [inProcess],
}

function cacheOf(
  cache: Cacheable,
  { ttlMs, load }: Circumstances,
  options: { throwErrors?: 'function' } = {},
): PeerCache {
  // Its page has an application listen: #hooks-and-events
  cache.on('error', () => undefined)
  for (const keyv of [cache.primary, cache.secondary]) keyv?.on('error', () => undefined)
  return {
    get: (key) => cache.getOrSet(key, () => load(key), { ttl: ttlMs, ...options }),
    invalidate: (key) => cache.delete(key),
    set: (key, row) => cache.set(key, row, ttlMs),
    getMany: (keys) => cache.getMany([...keys]),
  }
}

function url(port: number): string {
  return `redis://127.0.0.1:${port}`
}
