import {
  cacheAside,
  readThrough,
  type Source,
  type VersionedSource,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { type RedisStore, redisOptions, redisStore } from 'caching-patterns/redis'
import { createClient } from 'redis'
import type { Circumstances, Form, Peer, PeerCache, Row } from './peer.ts'

const sources = ['docs/real-servers.md#the-clients']

const readThroughForm: Form = {
  name: 'read-through',
  tiers: 'Redis',
  settings: 'readThrough over redisStore, redisOptions, all options at their defaults',
  sources,
  async open(circumstances) {
    const { ttlMs, load } = circumstances
    const rows: Source<string, Row> = { load, put: async (_key, row) => row }
    const store = await connectedStore(circumstances)
    const cache = readThrough({ name: 'rows', store, source: rows, ttl: ttlMs })
    return cacheOf(cache)
  },
}

// What an application does that would rather start without Redis than wait for it.
const notAwaited: Form = {
  name: 'not awaited',
  tiers: 'Redis',
  settings: 'readThrough as above; `connect` of the client is not awaited',
  sources,
  async open(circumstances) {
    const client = clientOf(circumstances)
    client.connect().catch(() => undefined)
    const { ttlMs, load } = circumstances
    const rows: Source<string, Row> = { load, put: async (_key, row) => row }
    const store = redisStore({ client })
    return cacheOf(readThrough({ name: 'rows', store, source: rows, ttl: ttlMs }))
  },
}

const cacheAsideForm: Form = {
  name: 'cache-aside',
  tiers: 'Redis',
  settings: 'cacheAside over redisStore, redisOptions, all options at their defaults',
  sources,
  async open(circumstances) {
    const { ttlMs, load } = circumstances
    const store = await connectedStore(circumstances)
    const cache = cacheAside<string, Row>({ name: 'rows', store, ttl: ttlMs })
    return {
      get: (key) => cache.getOrLoad(key, () => load(key)),
      invalidate: (key) => cache.invalidate(key),
      set: (key, row) => cache.mutate([key], async () => row),
    }
  },
}

const writeThroughForm: Form = {
  name: 'write-through',
  tiers: 'Redis',
  settings: 'writeThrough over redisStore, redisOptions, all options at their defaults',
  sources,
  async open(circumstances) {
    const { ttlMs } = circumstances
    const store = await connectedStore(circumstances)
    const rows = versioned(circumstances)
    return cacheOf(writeThrough({ name: 'rows', store, source: rows, ttl: ttlMs }))
  },
}

const inProcess: Form = {
  name: 'in process',
  tiers: 'memory',
  settings: 'readThrough over memoryStore, all options at their defaults',
  sources: ['docs/read-through.md'],
  open({ ttlMs, load }) {
    const rows: Source<string, Row> = { load, put: async (_key, row) => row }
    return cacheOf(readThrough({ name: 'rows', store: memoryStore(), source: rows, ttl: ttlMs }))
  },
}

/** Ours. */
export const cachingPatterns: Peer = {
  name: 'caching-patterns',
  packages: ['caching-patterns', 'redis'],
  forms: [readThroughForm, notAwaited, cacheAsideForm, writeThroughForm],
  inProcess: [inProcess],
}

async function connectedStore(circumstances: Circumstances): Promise<RedisStore> {
  return redisStore({ client: await clientOf(circumstances).connect() })
}

function clientOf({ redisPort }: Circumstances) {
  const client = createClient(redisOptions(`redis://127.0.0.1:${redisPort}`))
  client.on('error', () => undefined)
  return client
}

interface WritingCache {
  get(key: string): Promise<unknown>
  invalidate(key: string): Promise<unknown>
  put(key: string, row: Row): Promise<unknown>
  getMany(keys: readonly string[]): Promise<unknown>
  lookup(key: string): Promise<{ readonly json: string | undefined }>
}

function cacheOf(cache: WritingCache): PeerCache {
  return {
    get: (key) => cache.get(key),
    invalidate: (key) => cache.invalidate(key),
    set: (key, row) => cache.put(key, row),
    getMany: (keys) => cache.getMany(keys),
    text: (key) => cache.lookup(key),
  }
}

/** The row has changed already when a scenario puts it. */
function versioned({ load }: Circumstances): VersionedSource<string, Row> {
  const refused = () => Promise.reject(new Error('rows of the peers are only loaded and put'))
  return {
    versioned: true,
    async load(key) {
      const value = await load(key)
      return { value, version: value.version }
    },
    put: async (_key, value) => ({
      outcome: 'written',
      value,
      version: value.version,
      existed: true,
    }),
    nextKey: refused,
    insert: refused,
    update: refused,
    delete: refused,
  }
}
