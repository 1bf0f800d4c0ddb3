import { startRedis } from '@caching-patterns/local-servers'
import { readThrough } from 'caching-patterns'
import { redisStore } from 'caching-patterns/redis'
import type { Comparison } from '../comparison.ts'
import type { Defer, Group, Subject } from '../group.ts'
import { hitsOnly } from '../hits-only.ts'
import { connectedClient } from '../redis-client.ts'
import { calls } from '../this-process.ts'
import { drawUsers, type User } from '../users.ts'

const count = 10_000

const names = {
  rawText: 'client.get(key)',
  text: '(await lookup(key)).json',
  rawValue: 'JSON.parse(await client.get(key))',
  value: 'await get(key)',
}

/** What a hit costs over the bare GET when nothing else is under way: the caller waits for each. */
export const redisHitAlone = redisHit('redis-hit-1', 1, [
  { measure: 'throughput-ratio', subject: names.text, baseline: names.rawText, target: 0.85 },
  { measure: 'throughput-ratio', subject: names.value, baseline: names.rawValue },
])

/** What a hit costs over the bare GET in a busy process: CPU time, which is what such a process lacks. */
export const redisHitMany = redisHit('redis-hit-64', 64, [
  { measure: 'added-cpu-us', subject: names.text, baseline: names.rawText, target: 1 },
  { measure: 'added-cpu-us', subject: names.value, baseline: names.rawValue, target: 1.5 },
  { measure: 'throughput-ratio', subject: names.text, baseline: names.rawText },
])

function redisHit(name: string, inFlight: number, comparisons: readonly Comparison[]): Group {
  return {
    name,
    title: `a hit on Redis, ${inFlight} under way, ${count} keys`,
    needs: ['Redis'],
    async open(defer) {
      const redis = await startRedis()
      defer(() => redis.stop())
      const users = drawUsers(count)
      const [rawText, rawValue] = await raw(redis.url, users, inFlight, defer)
      const [text, value] = await ours(redis.url, users, inFlight, defer)
      return { subjects: [rawText, text, rawValue, value], comparisons }
    },
  }
}

async function raw(
  url: string,
  users: ReadonlyMap<number, User>,
  inFlight: number,
  defer: Defer,
): Promise<readonly [Subject, Subject]> {
  const client = await connected(url, defer)
  const texts = new Map([...users].map(([id, user]) => [`raw:users:${id}`, JSON.stringify(user)]))
  await client.mSet([...texts])
  const get = (key: string) => client.get(key)
  const all = { keys: [...texts.keys()], inFlight, call: get }
  const parse = (text: string | null) => JSON.parse(text ?? '') as unknown
  return [
    calls({ ...all, name: names.rawText, expected: (key) => texts.get(key) }),
    calls({
      ...all,
      name: names.rawValue,
      read: parse,
      expected: (key) => parse(texts.get(key) ?? null),
    }),
  ]
}

async function ours(
  url: string,
  users: ReadonlyMap<number, User>,
  inFlight: number,
  defer: Defer,
): Promise<readonly [Subject, Subject]> {
  const cache = readThrough<number, User>({
    name: 'users',
    store: redisStore({ client: await connected(url, defer) }),
    source: { load: async (id) => users.get(id) },
    ttl: '1h',
  })
  defer(() => cache.close())
  const keys = [...users.keys()]
  await cache.warm(keys)
  const text = calls({
    name: names.text,
    keys,
    inFlight,
    call: (id) => cache.lookup(id),
    read: ({ json }) => json,
    expected: (id) => JSON.stringify(users.get(id)),
  })
  const value = calls({
    name: names.value,
    keys,
    inFlight,
    call: (id) => cache.get(id),
    expected: (id) => users.get(id),
  })
  const reads = async () => (await cache.stats()).reads
  return [await hitsOnly(text, reads), await hitsOnly(value, reads)]
}

async function connected(url: string, defer: Defer) {
  const client = await connectedClient(url)
  defer(() => client.close())
  return client
}
