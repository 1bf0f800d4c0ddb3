import { LRUCache } from 'lru-cache'
import type { Row } from '../../peers/peer.ts'
import { connectedClient } from '../redis-client.ts'
import { type Access, itself } from './access.ts'
import { rowOf } from './row-of.ts'

/** What is not a peer: the clients below, asked for what is certainly there. */
export const rawClient = 'raw client'

/** GET, MGET and JSON.parse on node-redis, tuned as our library asks for. */
export async function rawRedis(redisPort: number): Promise<Access> {
  const client = await connectedClient(`redis://127.0.0.1:${redisPort}`)
  const get = (key: string) => client.get(key)
  return {
    warm: (key) => client.set(key, JSON.stringify(rowOf(key))),
    value: { call: get, read: parse, shown: itself },
    text: { call: get, read: itself, shown: parse },
    many: {
      call: (keys) => client.mGet([...keys]),
      read: (texts) => (texts as readonly unknown[]).map(parse),
      shown: itself,
    },
  }
}

/** An LRU behind an async function, as a cache that may have to load is. */
export function rawMemory(): Access {
  const cache = new LRUCache<string, Row>({ max: 50_000 })
  return {
    warm: async (key) => cache.set(key, rowOf(key)),
    value: { call: async (key) => cache.get(key), read: itself, shown: itself },
    many: { call: async (keys) => keys.map((key) => cache.get(key)), read: itself, shown: itself },
  }
}

function parse(text: unknown): unknown {
  return JSON.parse(text as string)
}
