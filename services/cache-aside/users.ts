import type { EventListener, Store, VersionedSource } from 'caching-patterns'
import { CacheError, cacheAside } from 'caching-patterns'
import type { User, UserRepository } from '../http/port.ts'

export interface CacheAsideParts {
  readonly store: Store
  readonly source: VersionedSource<number, User>
  readonly ttl: number
  readonly onEvent: EventListener
  readonly sampleStaleness: number
}

/** The pattern by hand: this code asks the cache and the database; neither knows of the other. */
export function cacheAsideUsers({ source, ...options }: CacheAsideParts): UserRepository {
  const { authority, load: primary } = source
  const place = { name: 'users', namespace: 'cache-aside', authority, primary }
  const cache = cacheAside<number, User>({ ...place, ...options })
  const deadline = () => ({ deadlineAt: Date.now() + 2_000 })

  return {
    async read(id) {
      await using slot = await cache.acquire(id)
      if (slot.status === 'hit') return slot.lookup
      const row = await source.load(id, { signal: AbortSignal.timeout(2_000) })
      const version = row?.version ?? 0
      // Busy: somebody else fills this key, or writes it, so what was read may be old already.
      if (slot.status === 'busy') return await slot.pass(row?.value, { version })
      return await slot.fill(row?.value, { version })
    },

    // Commit, invalidate, acknowledge: so does `mutate`, after a commit that may have failed too.
    async create(draft) {
      const key = await source.nextKey()
      const commit = () => source.insert(key, draft, deadline())
      const { result, status } = await cache.mutate([key], commit)
      return { key, ...result, json: JSON.stringify(result.value), existed: false, status }
    },
    async update(id, draft, { ifVersion: versions } = {}) {
      const commit = () => source.update(id, draft, { ...deadline(), versions })
      const { result, status } = await cache.mutate([id], commit)
      if (result.outcome === 'conflict') throw conflict(id, result.version)
      if (result.outcome === 'missing') return { ...nothing, status }
      return { ...result, json: JSON.stringify(result.value), existed: true, status }
    },
    async delete(id, { ifVersion: versions } = {}) {
      const commit = () => source.delete(id, { ...deadline(), versions })
      const { result, status } = await cache.mutate([id], commit)
      if (result.outcome === 'conflict') throw conflict(id, result.version)
      if (result.outcome === 'missing') return { ...nothing, status }
      return { ...nothing, version: result.version, existed: true, status }
    },

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}

const nothing = { value: undefined, json: undefined, version: 0, existed: false }
const conflict = (key: number, version: number) =>
  new CacheError('VERSION_CONFLICT', `the row stands at version ${version}`, { key, version })
