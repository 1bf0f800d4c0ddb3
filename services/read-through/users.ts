import { type EventListener, readThrough, type Store, type VersionedSource } from 'caching-patterns'
import type { User, UserRepository } from '../http/port.ts'

export interface ReadThroughParts {
  readonly store: Store
  readonly source: VersionedSource<number, User>
  readonly ttl: number
  readonly onEvent: EventListener
  /** Share of hits that are compared with the database. */
  readonly sampleStaleness: number
}

/** The service asks only the cache: it loads what it does not hold, one load at a time per key. */
export function readThroughUsers(parts: ReadThroughParts): UserRepository {
  const cache = readThrough<number, User>({ name: 'users', namespace: 'read-through', ...parts })
  return {
    // A hit, or a load by the cache: callers who come meanwhile wait for the same load.
    read: (id) => cache.lookup(id),
    // Writes go through to the database; then the entry is evicted, and the next read loads it.
    create: (draft, options) => cache.create(draft, options),
    update: (id, draft, options) => cache.update(id, draft, options),
    delete: (id, options) => cache.delete(id, options),

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
