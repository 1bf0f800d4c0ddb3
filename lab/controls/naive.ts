// Cache-aside as tutorials show it: GET; on a miss SELECT and SET with a TTL; a write commits, DELs, and answers. Its mistakes:
// - Whoever loads before a commit and SETs after its DEL leaves the older value until the TTL: nothing says whose SET is late.
// - All who miss at once load at once.
// - Who dies between commit and DEL leaves the older value until the TTL. When the DEL fails it does so too, and the write,
//   which is committed, is answered with an error.
// - An absent user is not remembered: whoever asks for one asks the database.
// - No deadline of its own for the cache: a Redis that does not answer delays each read until the connection gives up.
import type { ControlCache } from './cache.ts'
import type { Control } from './control.ts'
import type { UsersTable } from './users-table.ts'

export interface NaiveParts {
  readonly table: UsersTable
  readonly cache: ControlCache
  readonly ttlMs: number
}

/** Cache-aside, as tutorials show it. */
export function naive({ table, cache, ttlMs }: NaiveParts): Control {
  return {
    writeStatus: 'confirmed',
    async read(id) {
      const cached = await cache.get(`user:${id}`).catch(() => null)
      if (cached !== null) return { user: JSON.parse(cached), from: 'hit' }
      const user = await table.find(id)
      if (user === undefined) return { user, from: 'miss' }
      await cache.set(`user:${id}`, JSON.stringify(user), ttlMs).catch(() => undefined)
      return { user, from: 'stored' }
    },
    create: (draft) => table.insert(draft),
    async update(id, draft) {
      const user = await table.update(id, draft)
      if (user !== undefined) await cache.delete(`user:${id}`)
      return user
    },
    async remove(id) {
      const existed = await table.remove(id)
      if (existed) await cache.delete(`user:${id}`)
      return existed
    },
    clear: () => cache.clear(),
  }
}
