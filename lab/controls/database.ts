import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { pgOptions } from 'caching-patterns/postgres'
import pg from 'pg'
import type { ControlEnvironment } from './environment.ts'

/** A statement that is prepared once for each connection, under its name. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/** The database of a control. */
export interface ControlDatabase {
  query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]>
}

/** Opens the database that the environment names, and runs a script on it, in one transaction. */
export function openDatabase(
  { databaseUrl, dataDir }: ControlEnvironment,
  setup: string,
): Promise<ControlDatabase> {
  return databaseUrl === undefined ? embedded(dataDir, setup) : server(databaseUrl, setup)
}

/** As many connections, and as much patience, as a service has. */
const limits = { max: 10, lock_timeout: 900 }

async function server(url: string, setup: string): Promise<ControlDatabase> {
  // On a connection without deadlines: many users take their time.
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`begin; select pg_advisory_xact_lock(1); ${setup}; commit`)
  await client.end()
  const pool = new pg.Pool(pgOptions(url, limits))
  // Whoever asks next hears of it.
  pool.on('error', () => undefined)
  return {
    async query<Row extends object>(statement: Statement, values: readonly unknown[]) {
      const { rows } = await pool.query<Row>({ ...statement, values: [...values] })
      return rows
    },
  }
}

/** Those of the services. */
const settings = ['shared_buffers=32MB', 'max_wal_size=128MB']

async function embedded(dataDir: string, setup: string): Promise<ControlDatabase> {
  await mkdir(dataDir, { recursive: true })
  const pglite = await PGlite.create(join(dataDir, 'postgres'), {
    startParams: [...PGlite.defaultStartParams, ...settings.flatMap((each) => ['-c', each])],
  })
  await pglite.exec(`begin; ${setup}; commit`)
  return {
    async query<Row extends object>({ text }: Statement, values: readonly unknown[]) {
      const { rows } = await pglite.query<Row>(text, [...values])
      return rows
    },
  }
}
