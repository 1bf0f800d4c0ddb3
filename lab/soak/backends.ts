import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  findPrograms,
  howToInstall,
  type Programs,
  startPostgres,
  startRedis,
} from '@caching-patterns/local-servers'
import { Failure } from '../replay/failure.ts'
import type { SoakArguments } from './arguments.ts'

/** Where the services keep entries and rows. */
export interface Backends {
  /** What tells a service of them. */
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Those that the arguments name; else servers of its own. */
export async function openBackends(
  args: Pick<SoakArguments, 'redisUrl' | 'databaseUrl' | 'isEmbedded'>,
  programs: Programs = findPrograms(),
): Promise<Backends> {
  const { redisUrl, databaseUrl, isEmbedded } = args
  if (isEmbedded) {
    const folder = await mkdtemp(join(tmpdir(), 'soak-'))
    return {
      environment: { DATA_DIR: folder },
      close: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }),
    }
  }
  if (redisUrl !== undefined && databaseUrl !== undefined) {
    return {
      environment: { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl },
      close: async () => undefined,
    }
  }
  refuseWithout(programs)
  // As a journal has to be kept, else a write-behind service warns. Not `durable`: its files would lie on a disk,
  // whose pauses are no concern of a run in which nothing crashes.
  const redis = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } })
  try {
    const postgres = await startPostgres()
    return {
      environment: { REDIS_URL: redis.url, DATABASE_URL: postgres.url },
      async close() {
        await Promise.all([redis.stop(), postgres.stop()])
      },
    }
  } catch (error) {
    await redis.stop()
    throw error
  }
}

/** Throws a `Failure` that says what to install. */
export function refuseWithout({ redisServer, postgres }: Programs): void {
  const missing = [
    ...(redisServer === undefined ? ['Redis'] : []),
    ...(postgres === undefined ? ['PostgreSQL'] : []),
  ]
  if (missing.length === 0) return
  const ways = [
    ...howToInstall,
    'Or: --redis-url and --database-url of servers that are there; --embedded --processes 1',
  ]
  throw new Failure([`needs ${missing.join(' and ')}`, ...ways].join('\n  '))
}
