import { CacheError, type CacheEvent, type CacheStats, type Lookup } from 'caching-patterns'
import type {
  Health,
  PatternName,
  ServiceParts,
  User,
  UserDraft,
  UserRepository,
} from '../../http/port.ts'

/** What the next call of a fake repository does instead of its work. */
export interface Script {
  /** The next read answers with these properties over its own. */
  readNext(lookup: Partial<Lookup<User>>): void
  /** The next call rejects with this. */
  failNext(error: unknown): void
  /** The next call waits for the returned function. */
  holdNext(): () => void
}

/** A service's parts without a cache or a database: users in a Map, a health and events that the test sets. */
export interface FakeParts extends ServiceParts {
  readonly script: Script
  readonly health: () => Promise<Health>
  state: Health
  readonly calls: string[]
  emit(event: CacheEvent): void
  listeners(): number
}

export function fakeParts(pattern: PatternName = 'read-through'): FakeParts {
  const listeners = new Set<(event: CacheEvent) => void>()
  const { users, script, calls } = fakeUsers()
  const parts: FakeParts = {
    pattern,
    users,
    script,
    calls,
    state: { reads: true, writes: true, reasons: [] },
    health: async () => parts.state,
    store: 'memory',
    source: 'pglite',
    warnings: [],
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    listeners: () => listeners.size,
  }
  return parts
}

function fakeUsers(): { users: UserRepository; script: Script; calls: string[] } {
  const rows = new Map<number, { json: string; version: number }>()
  const calls: string[] = []
  let lastVersion = 0
  let nextLookup: Partial<Lookup<User>> | undefined
  let nextFailure: { readonly error: unknown } | undefined
  let nextGate: Promise<void> | undefined

  const enter = async (call: string) => {
    calls.push(call)
    const gate = nextGate
    const failure = nextFailure
    nextGate = undefined
    nextFailure = undefined
    await gate
    if (failure !== undefined) throw failure.error
  }
  const write = (id: number, draft: UserDraft) => {
    lastVersion += 1
    const at = new Date(lastVersion).toISOString()
    const value: User = { id, ...draft, createdAt: at, updatedAt: at }
    const row = { json: JSON.stringify(value), version: lastVersion }
    rows.set(id, row)
    return { ...row, value, existed: true, status: 'confirmed' as const }
  }
  const find = (id: number, ifVersions: readonly number[] | undefined) => {
    const row = rows.get(id)
    if (row !== undefined && ifVersions?.includes(row.version) === false) {
      throw new CacheError('VERSION_CONFLICT', 'scripted', { key: id, version: row.version })
    }
    return row
  }
  const missing = { value: undefined, json: undefined, version: 0, existed: false } as const

  const users: UserRepository = {
    async read(id) {
      await enter(`read ${id}`)
      const row = rows.get(id)
      const lookup: Lookup<User> = {
        status: row === undefined ? 'negative' : 'hit',
        json: row?.json,
        value: row && JSON.parse(row.json),
        version: row?.version ?? 0,
        ageMs: 0,
        ttlMs: 300_000,
        tier: 'memory',
        isCollapsed: false,
        isStored: false,
        isStale: false,
        loadMs: 0,
        ...nextLookup,
      }
      nextLookup = undefined
      return lookup
    },
    async create(draft) {
      await enter('create')
      const key = rows.size + 1
      return { key, ...write(key, draft) }
    },
    async update(id, draft, ifVersions) {
      await enter(`update ${id} ${JSON.stringify(ifVersions)}`)
      if (find(id, ifVersions) === undefined) return { ...missing, status: 'confirmed' }
      return write(id, draft)
    },
    async delete(id, ifVersions) {
      await enter(`delete ${id} ${JSON.stringify(ifVersions)}`)
      if (find(id, ifVersions) === undefined) return { ...missing, status: 'confirmed' }
      rows.delete(id)
      lastVersion += 1
      return { ...missing, version: lastVersion, existed: true, status: 'confirmed' }
    },
    async stats() {
      await enter('stats')
      return fakeStats
    },
    resetStats: () => void calls.push('resetStats'),
    clear: () => enter('clear'),
    close: () => enter('close'),
  }
  const script: Script = {
    readNext: (lookup) => {
      nextLookup = lookup
    },
    failNext: (error) => {
      nextFailure = { error }
    },
    holdNext: () => {
      let open = () => {}
      nextGate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
  }
  return { users, script, calls }
}

const none = { p50: 0, p95: 0, p99: 0, max: 0 }

/** Every figure another number, so that a mistaken one shows. */
export const fakeStats: CacheStats = {
  reads: { total: 31, hits: 16, misses: 8, stale: 4, negative: 2, bypass: 1, hitRatio: 18 / 31 },
  loads: { total: 10, failures: 3, joined: 5, batches: 2 },
  writes: { total: 9, failures: 1, unconfirmed: 2, outcomeUnknown: 1 },
  latencyMs: { hit: none, miss: none, load: none, write: none },
  refreshes: null,
  journal: null,
  staleness: { sampled: 6, stale: 1, ageMs: { p50: 0, p99: 0, max: 0 } },
  fills: { stored: 7, refused: 1 },
  invalidations: 12,
  marksLost: 0,
  storeErrors: 3,
  breaker: 'closed',
}
