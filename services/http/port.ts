import type {
  CacheEvent,
  CacheStats,
  CreateOptions,
  CreateResult,
  DurabilityOptions,
  JournaledCache,
  Lookup,
  WriteResult,
} from 'caching-patterns'

/** A user as it is cached and served. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly createdAt: string
  readonly updatedAt: string
}

/** What a client sends. */
export interface UserDraft {
  readonly name: string
  readonly email: string
}

/** The names of the five services, in the order of their ports. */
export const patternNames = [
  'cache-aside',
  'read-through',
  'write-through',
  'write-behind',
  'refresh-ahead',
] as const
export type PatternName = (typeof patternNames)[number]

/** What a service's pattern does behind the routes: `http/` knows nothing else of it. */
export interface UserRepository {
  read(id: number): Promise<Lookup<User>>
  create(draft: UserDraft, options?: CreateOptions): Promise<CreateResult<number, User>>
  /** `existed` false: no such user. */
  update(id: number, draft: UserDraft, options?: UserWriteOptions): Promise<WriteResult<User>>
  delete(id: number, options?: UserWriteOptions): Promise<WriteResult<User>>
  /** Where accepted writes wait for the database, and what is in nobody's hands without one. */
  readonly journal?: UserJournal
  stats(): Promise<CacheStats>
  resetStats(): void
  clear(): Promise<void>
  /** Finishes what the cache has under way; a journal is drained. */
  close(): Promise<void>
}

/** What a write may demand, in the library's terms. */
export interface UserWriteOptions extends DurabilityOptions {
  /** At which of these versions it may find the user, else `VERSION_CONFLICT`. Default: at any. */
  readonly ifVersion?: readonly number[]
}

/** The accepted writes that are not in the database yet, and those that it refused: the library's own calls. */
export type UserJournal = Pick<
  JournaledCache<number, User>,
  'deadLetters' | 'retryDeadLetter' | 'discardDeadLetter' | 'flush'
>

/** What may end badly by a setting of a server: sentences without an address. */
export interface Warnings {
  current(): readonly string[]
  /** Calls `listener` for each one that begins or ends later. The returned function ends that. */
  subscribe(listener: (warning: string, change: 'begins' | 'ends') => void): () => void
}

export const noWarnings: Warnings = { current: () => [], subscribe: () => () => undefined }

/** What a probe of the dependencies found. */
export interface Health {
  readonly reads: boolean
  readonly writes: boolean
  /** Why it is degraded, or not ready; empty when all is well. Never an address, a name or an email. */
  readonly reasons: readonly string[]
}

/** One service, as `buildApp` needs it. */
export interface ServiceParts {
  readonly pattern: PatternName
  readonly users: UserRepository
  readonly health: () => Promise<Health>
  readonly subscribe: (listener: (event: CacheEvent) => void) => () => void
  /** For `/stats`: `memory` or `redis`; `pglite` or `postgres`. */
  readonly store: string
  readonly source: string
  /** For `/readyz`, `/stats` and the log. */
  readonly warnings: Warnings
  /** For the log, once. */
  readonly notices?: readonly string[]
  /** For `/stats`: what runs beside the cache. */
  readonly figures?: () => object
}
