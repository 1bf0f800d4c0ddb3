import { type PgOptions, pgOptions } from 'caching-patterns/postgres'
import pg from 'pg'
import { afterAll } from 'vitest'

/** Time-outs for tests that are about something else, on machines that are busy with something else. */
export const patient = {
  connectionTimeoutMillis: 10_000,
  lock_timeout: 8_000,
  statement_timeout: 9_000,
  query_timeout: 10_000,
}

const pools: pg.Pool[] = []
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
})

/** A pool as the library wants it, ended after the test file. */
export function openPool(url: string, options: Partial<PgOptions> = {}): pg.Pool {
  const pool = new pg.Pool(pgOptions(url, options))
  pools.push(pool)
  return pool
}

/** The URL with another address. */
export function through(url: string, port: number): string {
  const moved = new URL(url)
  moved.port = String(port)
  return moved.href
}
