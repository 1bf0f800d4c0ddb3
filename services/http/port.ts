import type { CacheEvent, CacheStats, CreateResult, Lookup, WriteResult } from 'caching-patterns'

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
  create(draft: UserDraft): Promise<CreateResult<number, User>>
  /** `existed` false: no such user. `ifVersions`: else `VERSION_CONFLICT`. */
  update(id: number, draft: UserDraft, ifVersions?: readonly number[]): Promise<WriteResult<User>>
  delete(id: number, ifVersions?: readonly number[]): Promise<WriteResult<User>>
  stats(): Promise<CacheStats>
  resetStats(): void
  clear(): Promise<void>
  /** Finishes what the cache has under way; a journal is drained. */
  close(): Promise<void>
}

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
  /** What works, and may end badly by a setting of a server: for `/readyz` and the log. Never an address. */
  readonly warnings: readonly string[]
  /** For `/stats`: what runs beside the cache. */
  readonly figures?: () => object
}
