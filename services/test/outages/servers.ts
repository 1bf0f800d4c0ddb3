import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type FaultProxy,
  type LocalPostgres,
  type LocalRedis,
  startFaultProxy,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import pg from 'pg'
import { createClient } from 'redis'

/** What services are given first; an outage changes it. */
export const password = 'first'

/** A Redis and a PostgreSQL of the tests' own that ask for a password, each behind a line that can be broken. */
export interface Servers {
  readonly redis: LocalRedis
  readonly postgres: LocalPostgres
  readonly redisLine: FaultProxy
  readonly postgresLine: FaultProxy
  /** For services: by way of the lines. */
  readonly environment: { readonly REDIS_URL: string; readonly DATABASE_URL: string }
  /** Commands past the line, one after the other; `by`: the password that Redis has now. */
  redisCommands(commands: readonly (readonly string[])[], by?: string): Promise<void>
  /** One statement after the other as a superuser, past the line. */
  sql(...statements: string[]): Promise<void>
  stop(): Promise<void>
}

const redisSettings = { appendonly: 'yes', appendfsync: 'always' }
const accessRules = `
host all postgres 127.0.0.1/32 trust
host all all      127.0.0.1/32 scram-sha-256
`

/** Accepted writes survive a killed Redis, as a journal needs it. */
export async function startServers(): Promise<Servers> {
  const folder = await mkdtemp(join(tmpdir(), 'outages-'))
  const rules = join(folder, 'pg_hba.conf')
  await writeFile(rules, accessRules)
  // PostgreSQL runs as somebody else where the tests run as root.
  await chmod(folder, 0o755)
  const [redis, postgres] = await Promise.all([
    startRedis({ password, settings: redisSettings }),
    startPostgres({ settings: { hba_file: rules } }),
  ])
  const sql = sqlOf(postgres)
  await sql(`create role app login password '${password}'`, 'create database app owner app')
  const [redisLine, postgresLine] = await Promise.all([
    startFaultProxy({ port: redis.port }),
    startFaultProxy({ port: postgres.port }),
  ])
  return {
    redis,
    postgres,
    redisLine,
    postgresLine,
    environment: {
      REDIS_URL: `redis://:${password}@127.0.0.1:${redisLine.port}`,
      DATABASE_URL: `postgres://app:${password}@127.0.0.1:${postgresLine.port}/app`,
    },
    async redisCommands(commands, by = password) {
      const socket = { port: redis.port, reconnectStrategy: false as const }
      const client = await createClient({ password: by, socket }).connect()
      for (const command of commands) await client.sendCommand(command)
      client.destroy()
    },
    sql,
    async stop() {
      await Promise.all([redisLine.stop(), postgresLine.stop(), redis.stop(), postgres.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function sqlOf({ url }: LocalPostgres): Servers['sql'] {
  return async (...statements) => {
    const client = new pg.Client({ connectionString: url, query_timeout: 5_000 })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
}
