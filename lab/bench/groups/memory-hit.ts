import { readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { LRUCache } from 'lru-cache'
import type { Comparison } from '../comparison.ts'
import type { Defer, Group, Subject } from '../group.ts'
import { hitsOnly } from '../hits-only.ts'
import { calls } from '../this-process.ts'
import { drawUsers, type User } from '../users.ts'

const ttlMs = 3_600_000
/** A thousand entries stay in the caches of a processor: the code is measured. Ten thousand do not: their memory is. */
const sizes = [1_000, 10_000]
const kinds = ['number', 'string'] as const
type Kind = (typeof kinds)[number]

/** What an in-process hit costs over the bare cache below it: versions, times, figures, one frozen value for all. */
export const memoryHit: Group = {
  name: 'memory-hit',
  title: 'await get(key) of a hit in this process, one after the other',
  needs: [],
  async open(defer) {
    const subjects: Subject[] = []
    const comparisons: Comparison[] = []
    for (const size of sizes) {
      for (const kind of kinds) {
        const users = usersBy(kind, size)
        const label = `${size} ${kind} keys`
        const pair = [
          bare(`lru-cache, ${label}`, users),
          await ours(`get(), ${label}`, users, defer),
        ]
        subjects.push(...pair)
        comparisons.push(ratio(`get(), ${label}`, `lru-cache, ${label}`, 0.4))
      }
      const label = `${size} number keys`
      subjects.push(bare(`lru-cache with ttl, ${label}`, usersBy('number', size), ttlMs))
      comparisons.push(ratio(`get(), ${label}`, `lru-cache with ttl, ${label}`))
    }
    return { subjects, comparisons }
  },
}

function usersBy(kind: Kind, count: number): ReadonlyMap<string | number, User> {
  const users = drawUsers(count)
  return kind === 'number' ? users : new Map([...users.values()].map((user) => [user.email, user]))
}

function ratio(subject: string, baseline: string, target?: number): Comparison {
  const measure = 'throughput-ratio'
  return { measure, subject, baseline, ...(target !== undefined && { target }) }
}

/** Behind an async function, as a cache that may have to load is. */
function bare<Key extends string | number>(
  name: string,
  users: ReadonlyMap<Key, User>,
  ttl?: number,
): Subject {
  const cache = new LRUCache<Key, User>({ max: 50_000, ...(ttl !== undefined && { ttl }) })
  for (const [key, user] of users) cache.set(key, user)
  return calls({
    name,
    keys: [...users.keys()],
    inFlight: 1,
    call: async (key) => cache.get(key),
    expected: (key) => users.get(key),
  })
}

async function ours<Key extends string | number>(
  name: string,
  users: ReadonlyMap<Key, User>,
  defer: Defer,
): Promise<Subject> {
  const cache = readThrough<Key, User>({
    name: 'users',
    store: memoryStore(),
    source: { load: async (key) => users.get(key) },
    ttl: ttlMs,
  })
  defer(() => cache.close())
  const keys = [...users.keys()]
  await cache.warm(keys)
  const get = (key: Key) => cache.get(key)
  const subject = calls({ name, keys, inFlight: 1, call: get, expected: (key) => users.get(key) })
  return hitsOnly(subject, async () => (await cache.stats()).reads)
}
