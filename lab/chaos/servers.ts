import { setTimeout as delay } from 'node:timers/promises'
import {
  findPrograms,
  howToInstall,
  type LocalPostgres,
  type LocalRedis,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import { createClient } from 'redis'
import { Failure } from '../replay/failure.ts'
import type { ScriptHashes } from './redis-tap.ts'

/** The servers of one subject, reached past all proxies. */
export interface Servers {
  readonly redis: LocalRedis
  readonly postgres: LocalPostgres
  readonly databaseUrl: string
  /** Of the scripts that this Redis was sent. */
  readonly hashes: ScriptHashes
}

/** A PostgreSQL for all subjects; it tells when each transaction was committed. */
export async function openPostgres(): Promise<LocalPostgres> {
  const { redisServer, postgres } = findPrograms()
  if (redisServer === undefined || postgres === undefined) {
    throw new Failure(['needs Redis and PostgreSQL', ...howToInstall].join('\n  '))
  }
  return startPostgres({ settings: { track_commit_timestamp: 'on' } })
}

/** How a Redis keeps a journal. */
export interface JournalTerms {
  readonly fsync: 'always' | 'everysec'
  /** Its file is on disk, where each fsync takes its time; else in memory, which a kill does not touch either. */
  readonly isOnDisk: boolean
}

/** A Redis of the subject's own, and a database. */
export async function openServers(
  name: string,
  postgres: LocalPostgres,
  journal?: JournalTerms,
): Promise<Servers> {
  const settings = journal && { appendonly: 'yes', appendfsync: journal.fsync }
  const redis = await startRedis({
    durable: journal?.isOnDisk ?? false,
    ...(settings && { settings }),
  })
  try {
    const databaseUrl = await postgres.createDatabase(name)
    return { redis, postgres, databaseUrl, hashes: new Map() }
  } catch (error) {
    await redis.stop()
    throw error
  }
}

const keysWithinMs = 4_000

/** Empties Redis once it holds something; answers how many keys there were. */
export function flush(redis: LocalRedis): Promise<number> {
  return withClient(redis, async (send) => {
    const giveUpAt = performance.now() + keysWithinMs
    let keys = 0
    while (keys === 0 && performance.now() < giveUpAt) {
      keys = Number(await send('DBSIZE'))
      await delay(5)
    }
    await send('FLUSHALL')
    return keys
  })
}

const fillerBytes = 20_000
const fillers = 400

/** Fills Redis beyond what it may hold, for a moment; answers how many keys it evicted. */
export function evict(redis: LocalRedis): Promise<number> {
  return withClient(redis, async (send) => {
    const before = figure(await send('INFO', 'stats'), 'evicted_keys')
    const used = figure(await send('INFO', 'memory'), 'used_memory')
    await send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    await send('CONFIG', 'SET', 'maxmemory', String(used + (fillers / 8) * fillerBytes))
    const filler = 'x'.repeat(fillerBytes)
    for (let index = 0; index < fillers; index += 1) {
      await send('SET', `filler:${index}`, filler, 'PX', '500')
    }
    await send('CONFIG', 'SET', 'maxmemory', '0')
    await send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    return figure(await send('INFO', 'stats'), 'evicted_keys') - before
  })
}

type Send = (...command: string[]) => Promise<unknown>

async function withClient<T>(redis: LocalRedis, work: (send: Send) => Promise<T>): Promise<T> {
  const client = createClient({ url: redis.url, socket: { connectTimeout: 5_000 } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work((...command) => client.sendCommand(command))
  } finally {
    client.destroy()
  }
}

function figure(info: unknown, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(info))?.[1] ?? 0)
}
