import {
  type EventListener,
  type FlushableSource,
  type JournalingStore,
  writeBehind,
} from 'caching-patterns'
import type { User, UserRepository } from '../http/port.ts'

export interface WriteBehindParts {
  readonly store: JournalingStore
  readonly source: FlushableSource<number, User>
  readonly ttl: number
  /** How long writes of a key are gathered, in milliseconds. */
  readonly delay: number
  readonly onEvent: EventListener
  /** Share of hits that are compared with the database. */
  readonly sampleStaleness: number
}

/** A write is acknowledged once the journal has it; the database follows in batches. */
export function writeBehindUsers(parts: WriteBehindParts): UserRepository {
  const cache = writeBehind<number, User>({
    name: 'users',
    namespace: 'write-behind',
    // A process has 9 s to end, of which requests may take 3.
    drainFor: '4s',
    ...parts,
  })
  return {
    // The journal's entry is the cached value itself: everybody reads what was last accepted.
    read: (id) => cache.lookup(id),
    // Accepted, not yet persisted; writes of one key within the delay reach the database as one.
    create: (draft) => cache.create(draft),
    update: (id, draft, ifVersion) => cache.update(id, draft, ifVersion && { ifVersion }),
    delete: (id, ifVersion) => cache.delete(id, ifVersion && { ifVersion }),

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
