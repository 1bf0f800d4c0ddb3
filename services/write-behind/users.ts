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
  /** Bytes of accepted writes that may wait for the database. Default: the library's. */
  readonly maxDirtyBytes?: number
}

/** A write is acknowledged once the journal has it; the database follows in batches. */
export function writeBehindUsers(parts: WriteBehindParts): UserRepository {
  const cache = writeBehind<number, User>({
    name: 'users',
    namespace: 'write-behind',
    // A process has 9 s to end, of which requests may take 3.
    drainFor: '4s',
    onFull: 'reject',
    // Compared as the database's index compares them.
    unique: { email: ({ email }) => email.toLowerCase() },
    ...parts,
  })
  return {
    // The journal's entry is the cached value itself: everybody reads what was last accepted.
    read: (id) => cache.lookup(id),
    // Accepted, not yet persisted; writes of one key within the delay reach the database as one.
    create: (draft, options) => cache.create(draft, options),
    update: (id, draft, options) => cache.update(id, draft, options),
    delete: (id, options) => cache.delete(id, options),
    // What is not persisted yet, and what never will be without somebody's decision.
    journal: cache,

    stats: () => cache.stats(),
    resetStats: () => cache.resetStats(),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
