import { createClient } from 'redis'
import type { ComparisonResult } from './comparison-result.ts'
import { labPool } from './lab-database.ts'
import type { Stage } from './stage.ts'

/** What the servers of a stage say of themselves; undefined: there is none. */
export async function versionsOf({ redis, postgres }: Stage): Promise<ComparisonResult['servers']> {
  return {
    redis: redis && (await redisVersion(redis.url)),
    postgres: postgres && (await postgresVersion(postgres.url)),
  }
}

async function redisVersion(url: string): Promise<string> {
  const client = createClient({ url })
  await client.connect()
  const info = await client.info('server')
  client.destroy()
  return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
}

async function postgresVersion(url: string): Promise<string> {
  const pool = labPool(url)
  const { rows } = await pool.query<{ server_version: string }>('show server_version')
  await pool.end()
  return rows[0]?.server_version ?? 'unknown'
}
