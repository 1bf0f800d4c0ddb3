import {
  type EventListener,
  type Store,
  type VersionedSource,
  writeThrough,
} from 'caching-patterns'
import type { User, UserRepository } from '../http/port.ts'

export interface WriteThroughParts {
  readonly store: Store
  readonly source: VersionedSource<number, User>
  readonly ttl: number
  readonly onEvent: EventListener
  /** Share of hits that are compared with the database. */
  readonly sampleStaleness: number
}

/** Every write is committed and then published: the next read is a hit with the new value. */
export function writeThroughUsers(parts: WriteThroughParts): UserRepository {
  const cache = writeThrough<number, User>({ name: 'users', namespace: 'write-through', ...parts })
  return {
    // While a write is in progress its key is marked: reads load from the database, and fill nothing.
    read: (id) => cache.lookup(id),
    // Mark, commit, publish, acknowledge: linearizable per key. When the mark cannot be set, nothing is written.
    create: (draft, options) => cache.create(draft, options),
    update: (id, draft, options) => cache.update(id, draft, options),
    delete: (id, options) => cache.delete(id, options),

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
