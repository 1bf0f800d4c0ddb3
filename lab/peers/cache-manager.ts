import { createKeyv } from '@keyv/redis'
import { createCache } from 'cache-manager'
import { CacheableMemory } from 'cacheable'
import { Keyv } from 'keyv'
import { nonBlockingPages, nonBlockingStore } from './non-blocking-store.ts'
import type { Circumstances, Form, Peer, PeerCache } from './peer.ts'

const page = 'https://github.com/jaredwray/cacheable/tree/main/packages/cache-manager'

const redisAlone: Form = {
  name: 'Redis alone',
  tiers: 'Redis',
  settings: 'stores: createKeyv, all options at their defaults',
  sources: ['https://www.npmjs.com/package/@keyv/redis#using-with-nestjs'],
  open: (circumstances) => cacheOf([createKeyv(url(circumstances))], circumstances),
}

const twoTiers: Form = {
  name: 'default',
  tiers: 'memory, Redis',
  settings: 'stores: CacheableMemory and createKeyv, all options at their defaults',
  sources: [`${page}#quick-start`],
  open: (circumstances) =>
    cacheOf([memory(circumstances), createKeyv(url(circumstances))], circumstances),
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'memory, Redis',
  settings: 'nonBlocking; @keyv/redis that does not block and ends silent connections',
  sources: [`${page}#options`, ...nonBlockingPages],
  open(circumstances) {
    const store = nonBlockingStore(circumstances.redisPort)
    return cacheOf([memory(circumstances), new Keyv({ store })], circumstances, true)
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'stores: CacheableMemory',
  sources: [`${page}#using-cacheablememory-or-lru-cache-as-storage-adapter`],
  open: (circumstances) => cacheOf([memory(circumstances)], circumstances),
}

/** https://github.com/jaredwray/cacheable */
export const cacheManager: Peer = {
  name: 'cache-manager',
  packages: ['cache-manager', 'keyv', '@keyv/redis'],
  forms: [redisAlone, twoTiers, tuned],
  inProcess: [inProcess],
}

function cacheOf(stores: Keyv[], { ttlMs, load }: Circumstances, nonBlocking = false): PeerCache {
  // The page of @keyv/redis has an application listen: #gracefully-handling-errors-and-timeouts
  for (const store of stores) store.on('error', () => undefined)
  const cache = createCache({ stores, ttl: ttlMs, nonBlocking })
  return {
    get: (key) => cache.wrap(key, () => load(key), ttlMs),
    invalidate: (key) => cache.del(key),
    set: (key, row) => cache.set(key, row, ttlMs),
    getMany: (keys) => cache.mget([...keys]),
  }
}

function memory({ ttlMs }: Circumstances): Keyv {
  return new Keyv({ store: new CacheableMemory({ ttl: ttlMs, lruSize: 5000 }) })
}

function url({ redisPort }: Circumstances): string {
  return `redis://127.0.0.1:${redisPort}`
}
