import { InvalidArgumentError } from '../../contract/errors.ts'
import type { PgPool } from './pool.ts'

/** What `pgOptions` makes, for `new pg.Pool(...)`, under the names of `pg`; lengths in milliseconds. */
export interface PgOptions {
  readonly connectionString: string
  /** Connections at most; two or more, since reading and writing each keep one of their own. Default 10. */
  readonly max: number
  /** Longest wait for a free or a new connection. Default 1,000. */
  readonly connectionTimeoutMillis: number
  /** Longest wait of the client for an answer, when the server is frozen or cut off. More than `statement_timeout`. Default 1,400. */
  readonly query_timeout: number
  /** How long the server works on one statement. Default 1,000. */
  readonly statement_timeout: number
  /** How long a statement waits for one lock. At most `statement_timeout`. Default 500. */
  readonly lock_timeout: number
  /** How long a transaction may wait for its next statement; past it the server rolls back. Default 2,000. */
  readonly idle_in_transaction_session_timeout: number
  /** Finds idle connections that were cut. Must be on. Default `true`. */
  readonly keepAlive: boolean
  /** How long a connection is idle before it is probed. Default 5,000. */
  readonly keepAliveInitialDelayMillis: number
  /** Shown in `pg_stat_activity`. Default `caching-patterns`. */
  readonly application_name: string
}

/** What a pool must have been made with. */
export type PgSettings = Omit<
  PgOptions,
  'connectionString' | 'keepAliveInitialDelayMillis' | 'application_name'
>

const timeouts = [
  'connectionTimeoutMillis',
  'query_timeout',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
] as const

/** The settings of a pool. Throws `INVALID_ARGUMENT` with the first that would let a call wait without end. */
export function checkedSettings(options: object): PgSettings {
  const settings = options as PgSettings
  const demand = (name: keyof PgSettings, isFine: boolean, expected: string) => {
    if (isFine) return
    const fix = 'new pg.Pool(pgOptions(url)) sets it'
    throw new InvalidArgumentError(`pool.options.${name}`, `${expected} (${fix})`, settings[name])
  }
  for (const name of timeouts) {
    demand(name, isCount(settings[name], 1), 'a whole number of milliseconds above 0')
  }
  const { max, keepAlive, query_timeout, statement_timeout, lock_timeout } = settings
  demand('query_timeout', query_timeout > statement_timeout, 'more than statement_timeout')
  demand('lock_timeout', lock_timeout <= statement_timeout, 'at most statement_timeout')
  demand('keepAlive', keepAlive === true, 'true')
  demand('max', isCount(max, 2), 'at least 2 connections')
  return settings
}

/** Throws `INVALID_ARGUMENT` for what is no pool of `pg`. */
export function checkedPool(pool: PgPool): PgPool {
  const isPool = typeof pool?.connect === 'function' && typeof pool.options === 'object'
  if (!isPool) throw new InvalidArgumentError('pool', 'a pool: new pg.Pool(pgOptions(url))', pool)
  return pool
}

// Timers of Node and settings of PostgreSQL end here.
const mostMs = 2 ** 31 - 1

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= mostMs
}
