import {
  type EventListener,
  refreshAhead,
  type Store,
  type VersionedSource,
} from 'caching-patterns'
import type { User, UserRepository } from '../http/port.ts'

export interface RefreshAheadParts {
  readonly store: Store
  readonly source: VersionedSource<number, User>
  readonly ttl: number
  readonly onEvent: EventListener
  /** Share of hits that are compared with the database. */
  readonly sampleStaleness: number
}

/** Values that are still read are reloaded in the background before they expire: hot keys do not miss. */
export function refreshAheadUsers(parts: RefreshAheadParts): UserRepository {
  const cache = refreshAhead<number, User>({ name: 'users', namespace: 'refresh-ahead', ...parts })
  return {
    // A hit, always, for a key that is read often enough; near its expiry a hit may start a reload.
    read: (id) => cache.lookup(id),
    // Writes go through to the database; then the entry is evicted, and a reload under way is dropped.
    create: (draft, options) => cache.create(draft, options),
    update: (id, draft, options) => cache.update(id, draft, options),
    delete: (id, options) => cache.delete(id, options),

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
