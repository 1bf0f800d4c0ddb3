import { resolve } from 'node:path'
import {
  type LocalPostgres,
  type LocalRedis,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import { Failure } from '../../replay/failure.ts'
import type { Defer } from '../group.ts'
import { type MeasuredProcess, startMeasured } from './measured-process.ts'

/** A Redis and a PostgreSQL that lose nothing when the power fails: each waits for its disk. */
export interface DurableServers {
  readonly redis: LocalRedis
  readonly postgres: LocalPostgres
}

export async function startDurable(defer: Defer): Promise<DurableServers> {
  const redis = await startRedis({ durable: true })
  defer(() => redis.stop())
  const postgres = await startPostgres({ durable: true })
  defer(() => postgres.stop())
  return { redis, postgres }
}

const workspace = resolve(import.meta.dirname, '../../../..')

/** Starts a service on these servers, with so many users. */
export function startOn(
  { redis, postgres }: DurableServers,
  pattern: 'write-behind' | 'write-through',
  { users, defer }: { readonly users: number; readonly defer: Defer },
): Promise<MeasuredProcess> {
  const environment = {
    ...{ LOG_LEVEL: 'error', PORT: '0', SEED_USERS: String(users), CACHE_TTL: '1h' },
    ...{ REDIS_URL: redis.url, DATABASE_URL: postgres.url },
  }
  const args = ['services/dist/cli.js', pattern]
  return startMeasured({ name: `${pattern} service`, args, folder: workspace, environment }, defer)
}

/** Of `/stats` of write-behind. */
export interface JournalStats {
  readonly dirty: number
  readonly enqueued: number
  readonly flushed: number
  readonly deadLetters: number
}

export async function journalOf(service: MeasuredProcess): Promise<JournalStats> {
  const response = await fetch(`${service.url}/stats`)
  const { journal } = (await response.json()) as { readonly journal: JournalStats | null }
  if (journal) return journal
  throw new Failure(`${service.url}/stats: expected figures of a journal, received none`)
}

const drainWithinMs = 120_000
const pollMs = 20

/** Waits until all is in the database; answers how long that took. */
export async function drained(service: MeasuredProcess): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const { dirty, deadLetters } = await journalOf(service)
    const ms = performance.now() - startedAt
    if (deadLetters > 0) throw new Failure(`expected no dead letters, received ${deadLetters}`)
    if (dirty === 0) return ms
    if (ms > drainWithinMs) throw new Failure(`${dirty} users are dirty after ${ms} ms`)
    await new Promise((done) => setTimeout(done, pollMs))
  }
}

/** The body of a write that changes the name alone, with its type. */
export function putOf(path: string, name: string) {
  const id = /(\d+)$/.exec(path)?.[1]
  return {
    method: 'PUT' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, email: `user${id}@example.com` }),
  }
}
