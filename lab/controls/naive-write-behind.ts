// Write-behind as tutorials show it: SET, then RPUSH to a list, and the answer; a loop LPOPs a batch and writes its rows, one
// statement each, and sleeps when there is none. Its mistakes:
// - Who dies between SET and RPUSH shows a write that will never be in the database. Who dies with a batch in hand, or finds
//   the database away, or a row that it refuses, has lost what was acknowledged: nothing is put back.
// - Nothing tells an older row from a newer one: of two processes the later statement wins, not the later write.
// - An entry may expire, or be evicted, while its write waits: readers see the row from before it, and keep it. So they do when
//   they loaded before the write and SET after it.
// - Writes of one user do not coalesce. A taken email is found when the row is written, and the write is dropped.
import { setTimeout as delay } from 'node:timers/promises'
import type { ControlCache } from './cache.ts'
import type { Control, ControlRead, ControlUser } from './control.ts'
import type { UsersTable } from './users-table.ts'

export interface NaiveWriteBehindParts {
  readonly table: UsersTable
  readonly cache: ControlCache
  readonly ttlMs: number
  /** How long the loop sleeps; it keeps no process alive. */
  readonly delayMs: number
  /** Ids of new users are above it. */
  readonly seedUsers: number
}

/** `gone`: the row is to be deleted. */
type Queued = ControlUser | { readonly gone: number }

const queue = 'queue'
const batchSize = 100

/** Write-behind, as tutorials show it. Its loop begins at once, and ends with the process. */
export function naiveWriteBehind(parts: NaiveWriteBehindParts): Control {
  const { cache, ttlMs, seedUsers } = parts
  const isFlushing = flushForEver(parts)
  const push = (queued: Queued) => cache.push(queue, JSON.stringify(queued))
  const remember = (user: ControlUser) => cache.set(`user:${user.id}`, JSON.stringify(user), ttlMs)
  const read = (id: number) => readThrough(parts, id)
  return {
    writeStatus: 'accepted',
    read,
    async create({ name, email }) {
      const id = seedUsers + (await cache.next('ids'))
      const now = new Date().toISOString()
      const version = await nextVersion(cache)
      const user = { id, name, email, createdAt: now, updatedAt: now, version }
      await remember(user)
      await push(user)
      return user
    },
    async update(id, { name, email }) {
      const { user: before } = await read(id)
      if (before === undefined) return undefined
      const [updatedAt, version] = [new Date().toISOString(), await nextVersion(cache)]
      const user = { ...before, name, email, updatedAt, version }
      await remember(user)
      await push(user)
      return user
    },
    async remove(id) {
      const { user } = await read(id)
      if (user === undefined) return false
      await cache.delete(`user:${id}`)
      await push({ gone: id })
      return true
    },
    clear: () => cache.clear(),
    // The list first: what is taken out of it later is in hand when that is looked at.
    queue: async () => ({ waiting: await cache.length(queue), isFlushing: isFlushing() }),
  }
}

async function readThrough(
  { table, cache, ttlMs }: NaiveWriteBehindParts,
  id: number,
): Promise<ControlRead> {
  const cached = await cache.get(`user:${id}`).catch(() => null)
  if (cached !== null) return { user: JSON.parse(cached), from: 'hit' }
  const user = await table.find(id)
  if (user === undefined) return { user, from: 'miss' }
  await cache.set(`user:${id}`, JSON.stringify(user), ttlMs).catch(() => undefined)
  return { user, from: 'stored' }
}

/** Above those of the seed. */
async function nextVersion(cache: ControlCache): Promise<number> {
  return 1 + (await cache.next('versions'))
}

/** Returns what says whether a batch is in hand. */
function flushForEver({ table, cache, delayMs }: NaiveWriteBehindParts): () => boolean {
  let isFlushing = false
  const flush = async (text: string) => {
    const queued = JSON.parse(text) as Queued
    if ('gone' in queued) await table.remove(queued.gone)
    else await table.put(queued)
  }
  const loop = async () => {
    for (;;) {
      isFlushing = true
      const batch = await cache.pop(queue, batchSize).catch(() => [])
      for (const text of batch) await flush(text).catch(() => undefined)
      isFlushing = false
      if (batch.length === 0) await delay(delayMs, undefined, { ref: false })
    }
  }
  void loop()
  return () => isFlushing
}
