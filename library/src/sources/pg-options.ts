import { InvalidArgumentError } from '../contract/errors.ts'
import type { PgOptions } from './pg/settings.ts'

/**
 * The order is what matters: a lock is given up before the statement, the statement before the
 * client's wait for it, and all of it within half the life of a write's mark, 1.5 s. Ten
 * connections carry more loads by key than a process can ask for, and let nine processes share a
 * server with its default of 100.
 */
const defaults = Object.freeze({
  max: 10,
  connectionTimeoutMillis: 1_000,
  query_timeout: 1_400,
  statement_timeout: 1_000,
  lock_timeout: 500,
  idle_in_transaction_session_timeout: 2_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
  application_name: 'caching-patterns',
})

/**
 * What to make a pool of `pg` with, so that no call on it waits without end. Throws
 * `INVALID_ARGUMENT` for a URL that is none, or that sets one of these itself: `pg` would prefer it.
 *
 * @example
 * const pool = new pg.Pool(pgOptions('postgres://app@db.example/shop', { max: 20 }))
 */
export function pgOptions(
  url: string,
  options: Partial<Omit<PgOptions, 'connectionString'>> = {},
): PgOptions {
  const made = { connectionString: url, ...defaults, ...options }
  const parsed = parse(url)
  for (const name of Object.keys(made)) {
    const own = parsed.searchParams.get(name)
    if (own !== null) throw new InvalidArgumentError(`url?${name}`, 'it among the options', own)
  }
  return made
}

function parse(url: unknown): URL {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'postgres:' || parsed?.protocol === 'postgresql:') return parsed
  // The text itself may hold a password, and an error ends in a log.
  const received = typeof url === 'string' ? 'another text' : url
  throw new InvalidArgumentError('url', 'postgres://user@host:port/database', received)
}
