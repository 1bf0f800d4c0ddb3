import type { LocalPostgres, LocalRedis } from '@caching-patterns/local-servers'
import type { RunningSubject, SubjectName } from './subject.ts'

/** Where subjects run: a Redis and a PostgreSQL that they share, or, without them, the process of each alone. */
export interface Stage {
  /** To be paused or ended by who owns the stage; undefined: embedded. */
  readonly redis: LocalRedis | undefined
  readonly postgres: LocalPostgres | undefined
  /** Who says how many statements a database was sent: itself, or, without `pg_stat_statements`, who sent them. */
  readonly countsStatements: 'database' | 'processes'
  /** Each with a database and a prefix of its own. */
  start(name: SubjectName, terms: SubjectTerms): Promise<RunningSubject>
  stop(): Promise<void>
}

export interface SubjectTerms {
  /** Users 1 to this one. */
  readonly users: number
  readonly ttlMs: number
  /** That write-behind gathers. */
  readonly writeDelayMs: number
  /** That share cache and database. Embedded, there is one. */
  readonly processes: number
  /**
   * `near`: straight to the servers. `far`: each request and each answer on its way between a process and its servers
   * takes 0 to 5 ms, as it happens; embedded, there is no way.
   */
  readonly network: 'near' | 'far'
}
