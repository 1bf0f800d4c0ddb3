import { createCache, type StorageInputMemory, type StorageInputRedis } from 'async-cache-dedupe'
import type { Redis } from 'ioredis'
import { failFast, failFastPage, ioredis } from './ioredis-client.ts'
import type { Circumstances, Form, Peer, PeerCache, Row } from './peer.ts'

const page = 'https://github.com/mcollina/async-cache-dedupe'

// It keeps entries in memory or in Redis, never in both.
const redisAlone: Form = {
  name: 'default',
  tiers: 'Redis',
  settings: 'storage redis, clear(name, arg)',
  sources: [`${page}#createcacheopts`],
  open(circumstances) {
    const client = ioredis(circumstances.redisPort)
    const { cache, get, set } = open(circumstances, onRedis(client, false))
    return { get, set, invalidate: (key) => cache.clear('row', key) }
  },
}

const tuned: Form = {
  name: 'tuned',
  tiers: 'Redis',
  settings: 'invalidation by references, referencesTTL of the longest TTL; ioredis that fails fast',
  sources: [`${page}#invalidation`, failFastPage],
  open(circumstances) {
    const { redisPort, ttlMs } = circumstances
    const seconds = ttlMs / 1_000
    const client = ioredis(redisPort, failFast)
    const invalidation = { referencesTTL: seconds }
    const { cache, get, set } = open(circumstances, onRedis(client, invalidation), invalidation)
    return { get, set, invalidate: (key) => cache.invalidateAll(reference(key)) }
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'storage memory, all options at their defaults',
  sources: [`${page}#createcacheopts`],
  open(circumstances) {
    const { cache, get, set } = open(circumstances, { type: 'memory' })
    return { get, set, invalidate: (key) => cache.clear('row', key) }
  },
}

/** https://github.com/mcollina/async-cache-dedupe */
export const asyncCacheDedupe: Peer = {
  name: 'async-cache-dedupe',
  packages: ['async-cache-dedupe', 'ioredis'],
  forms: [redisAlone, tuned],
  inProcess: [inProcess],
}

type Invalidation = { referencesTTL: number } | false

function onRedis(client: Redis, invalidation: Invalidation): StorageInputRedis {
  return { type: 'redis', options: { client, invalidation } }
}

function open(
  { ttlMs, load }: Circumstances,
  storage: StorageInputRedis | StorageInputMemory,
  invalidation: Invalidation = false,
) {
  const seconds = ttlMs / 1_000
  const cache = createCache({ ttl: seconds, storage }).define(
    'row',
    { ...(invalidation && { references: (key: string) => [reference(key)] }) },
    (key: string) => load(key),
  )
  const get: PeerCache['get'] = (key) => cache.row(key)
  const references = (key: string) => (invalidation ? [reference(key)] : undefined)
  // Storage keys are the name of the function, a tilde, and the argument.
  const set = (key: string, row: Row) =>
    cache.set('row', `row~${key}`, row, seconds, references(key))
  return { cache, get, set }
}

function reference(key: string): string {
  return `row:${key}`
}
