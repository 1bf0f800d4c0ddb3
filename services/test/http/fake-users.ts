import {
  CacheError,
  type CacheEvent,
  type CacheStats,
  type DurabilityOptions,
  type Lookup,
  type WriteStatus,
} from 'caching-patterns'
import type {
  Health,
  PatternName,
  ServiceParts,
  User,
  UserDraft,
  UserRepository,
  Warnings,
} from '../../http/port.ts'
import { type FakeJournal, fakeJournal } from './fake-journal.ts'

/** What the next call of a fake repository does instead of its work. */
export interface Script {
  /** The next read answers with these properties over its own. */
  readNext(lookup: Partial<Lookup<User>>): void
  /** The next write ends with this status. */
  writeNext(status: WriteStatus): void
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
  /** Of write-behind alone. */
  readonly journal: FakeJournal
  /** What there is to warn of; a test sets it. */
  warningTexts: readonly string[]
  /** Tells those who listen to warnings of one more. */
  warn(warning: string): void
  emit(event: CacheEvent): void
  listeners(): number
}

export function fakeParts(pattern: PatternName = 'read-through'): FakeParts {
  const listeners = new Set<(event: CacheEvent) => void>()
  const warningListeners = new Set<Parameters<Warnings['subscribe']>[0]>()
  const { users: others, script, calls, journal } = fakeUsers()
  const users = pattern === 'write-behind' ? { ...others, journal } : others
  const parts: FakeParts = {
    pattern,
    users,
    script,
    calls,
    journal,
    warningTexts: [],
    state: { reads: true, writes: true, reasons: [] },
    health: async () => parts.state,
    store: 'memory',
    source: 'pglite',
    warnings: {
      current: () => parts.warningTexts,
      subscribe(listener) {
        warningListeners.add(listener)
        return () => {
          warningListeners.delete(listener)
        }
      },
    },
    warn(warning) {
      parts.warningTexts = [...parts.warningTexts, warning]
      for (const listener of warningListeners) listener(warning, 'begins')
    },
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

function fakeUsers(): {
  users: UserRepository
  script: Script
  calls: string[]
  journal: FakeJournal
} {
  const rows = new Map<number, { json: string; version: number }>()
  const calls: string[] = []
  let lastVersion = 0
  let nextLookup: Partial<Lookup<User>> | undefined
  let nextStatus: WriteStatus = 'confirmed'
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
    return { ...row, value, existed: true, status: takeStatus() }
  }
  const takeStatus = () => {
    const status = nextStatus
    nextStatus = 'confirmed'
    return status
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
    async create(draft, options) {
      await enter(`create${termsOf(options)}`)
      const key = rows.size + 1
      return { key, ...write(key, draft) }
    },
    async update(id, draft, { ifVersion, ...options } = {}) {
      await enter(`update ${id} ${JSON.stringify(ifVersion)}${termsOf(options)}`)
      if (find(id, ifVersion) === undefined) return { ...missing, status: 'confirmed' }
      return write(id, draft)
    },
    async delete(id, { ifVersion, ...options } = {}) {
      await enter(`delete ${id} ${JSON.stringify(ifVersion)}${termsOf(options)}`)
      if (find(id, ifVersion) === undefined) return { ...missing, status: 'confirmed' }
      rows.delete(id)
      lastVersion += 1
      return { ...missing, version: lastVersion, existed: true, status: takeStatus() }
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
    writeNext: (status) => {
      nextStatus = status
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
  const journal = fakeJournal({
    enter,
    write: (id, draft) => write(id, draft),
    remove: () => ({ ...missing, version: lastVersion, existed: true, status: takeStatus() }),
  })
  return { users, script, calls, journal }
}

/** All but the signal, which says nothing. */
function termsOf({ signal, ...terms }: DurabilityOptions = {}): string {
  return Object.keys(terms).length === 0 ? '' : ` ${JSON.stringify(terms)}`
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
