import { type LocalRedis, startRedis } from '@caching-patterns/local-servers'
import type { Content } from 'caching-patterns'
import { type RedisStore, redisStore } from 'caching-patterns/redis'
import { afterEach, expect, vi } from 'vitest'
import { connect } from './redis-rig.ts'

/** What a test undoes when it is over, the last first. */
export const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A Redis for one test, to be killed, paused or filled. */
export async function start(options?: Parameters<typeof startRedis>[0]): Promise<LocalRedis> {
  const server = await startRedis(options)
  undo.push(() => server.stop())
  return server
}

/** A store on it, with a client of its own. */
export async function open(server: LocalRedis) {
  const client = await connect(server.url)
  undo.push(() => client.destroy())
  return { client, store: redisStore({ client }) }
}

/** What `fill` stores. */
export const value: Content = {
  json: '"v"',
  version: 5,
  ttlMs: 60_000,
  softTtlMs: 60_000,
  graceMs: 0,
  deltaMs: 0,
}

/** What is seen of it. */
export const seen = { kind: 'value', version: 5, json: '"v"' }

export async function fill(store: RedisStore, key = 'k'): Promise<void> {
  expect(await store.acquire(key, 't', 60_000)).toBe('acquired')
  expect(await store.fill(key, 't', value)).toBe('stored')
}

export function until(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 5_000, interval: 10 })
}
