import { connectedClient } from '../bench/redis-client.ts'
import type { ControlEnvironment } from './environment.ts'

/** Where a control keeps texts by key, and a list of what waits. */
export interface ControlCache {
  get(key: string): Promise<string | null>
  set(key: string, text: string, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  /** All that was `set`. */
  clear(): Promise<void>
  /** At the end of the list of this name. */
  push(list: string, text: string): Promise<void>
  /** From its begin, at most so many. */
  pop(list: string, count: number): Promise<readonly string[]>
  length(list: string): Promise<number>
  /** The next number of this name. */
  next(name: string): Promise<number>
}

/** A Redis, or a Map in this process. */
export async function openCache({
  redisUrl,
  keyPrefix,
}: ControlEnvironment): Promise<ControlCache> {
  return redisUrl === undefined ? mapCache() : await redisCache(redisUrl, keyPrefix)
}

async function redisCache(url: string, prefix: string): Promise<ControlCache> {
  const client = await connectedClient(url)
  const keyOf = (key: string) => `${prefix}${key}`
  return {
    get: (key) => client.get(keyOf(key)),
    async set(key, text, ttlMs) {
      await client.set(keyOf(key), text, { expiration: { type: 'PX', value: ttlMs } })
    },
    async delete(key) {
      await client.del(keyOf(key))
    },
    async clear() {
      for await (const keys of client.scanIterator({ MATCH: keyOf('user:*'), COUNT: 1_000 })) {
        if (keys.length > 0) await client.unlink(keys)
      }
    },
    async push(list, text) {
      await client.rPush(keyOf(list), text)
    },
    // Of Redis 6.2: `client.lPopCount` says the same.
    pop: async (list, count) => (await client.lPopCount(keyOf(list), count)) ?? [],
    length: (list) => client.lLen(keyOf(list)),
    next: (name) => client.incr(keyOf(name)),
  }
}

/** Ends with the process, its list too. Numbers are those of the clock, so that no process draws what another one had. */
export function mapCache(now: () => number = Date.now): ControlCache {
  const entries = new Map<string, { readonly text: string; readonly expiresAt: number }>()
  const lists = new Map<string, string[]>()
  const numbers = new Map<string, number>()
  const listOf = (name: string) => {
    const list = lists.get(name) ?? []
    lists.set(name, list)
    return list
  }
  return {
    async get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return null
      if (entry.expiresAt > now()) return entry.text
      entries.delete(key)
      return null
    },
    async set(key, text, ttlMs) {
      entries.set(key, { text, expiresAt: now() + ttlMs })
    },
    async delete(key) {
      entries.delete(key)
    },
    clear: async () => entries.clear(),
    async push(list, text) {
      listOf(list).push(text)
    },
    pop: async (list, count) => listOf(list).splice(0, count),
    length: async (list) => listOf(list).length,
    async next(name) {
      const number = 1 + (numbers.get(name) ?? now() * 1_000)
      numbers.set(name, number)
      return number
    },
  }
}
