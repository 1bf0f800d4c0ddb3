import {
  findPrograms,
  howToInstall,
  type LocalRedis,
  startRedis,
} from '@caching-patterns/local-servers'
import { Failure } from '../replay/failure.ts'
import { rowsOf } from './database-rows.ts'
import { labPool } from './lab-database.ts'
import { type Network, openNetwork } from './network.ts'
import type { SubjectParts } from './running-subject.ts'
import type { Stage, SubjectTerms } from './stage.ts'
import { type CountingPostgres, startCountingPostgres } from './statement-counter.ts'
import type { SubjectName } from './subject.ts'
import { schemaOf, subjectCommand } from './subject-command.ts'
import { SubjectsOnStage } from './subjects-on-stage.ts'

interface Servers {
  readonly redis: LocalRedis
  readonly counting: CountingPostgres
}

/**
 * A stage with servers that wait for their disk: without it write-behind could not keep what it acknowledges. All pay for it, for
 * all get the same: fills and invalidations wait for the disk too, and so does whatever else Redis answers in the same round.
 */
export async function openRealStage(): Promise<Stage> {
  const servers = await startServers()
  const subjects = new SubjectsOnStage()
  let started = 0
  return {
    redis: servers.redis,
    postgres: servers.counting.postgres,
    countsStatements: servers.counting.statementsIn === undefined ? 'processes' : 'database',
    async start(name, terms) {
      started += 1
      return subjects.start(await partsOf(name, terms, { ...servers, number: started }))
    },
    async stop() {
      try {
        await subjects.stop()
      } finally {
        await stopServers(servers)
      }
    },
  }
}

async function startServers(): Promise<Servers> {
  const { redisServer, postgres } = findPrograms()
  if (redisServer === undefined || postgres === undefined) {
    throw new Failure(['needs Redis and PostgreSQL', ...howToInstall].join('\n  '))
  }
  const redis = await startRedis({ durable: true })
  try {
    return { redis, counting: await startCountingPostgres() }
  } catch (error) {
    await redis.stop()
    throw error
  }
}

async function stopServers({ redis, counting }: Servers): Promise<void> {
  await Promise.all([redis.stop(), counting.stop()])
}

async function partsOf(
  name: SubjectName,
  terms: SubjectTerms,
  { redis, counting, number }: Servers & { readonly number: number },
): Promise<SubjectParts> {
  const { postgres, statementsIn } = counting
  const database = `${schemaOf(name)}_${number}`
  const databaseUrl = await postgres.createDatabase(database)
  const pool = labPool(databaseUrl)
  const networks: Network[] = []
  const close = async () => {
    await Promise.all(networks.map((network) => network.close()))
    await pool.end()
    await postgres.dropDatabase(database)
  }
  try {
    for (let index = 0; index < terms.processes; index += 1) {
      networks.push(await openNetwork(terms.network, { redisUrl: redis.url, databaseUrl }))
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    name,
    commands: networks.map((network) =>
      subjectCommand(name, terms, {
        REDIS_URL: network.redisUrl,
        DATABASE_URL: network.databaseUrl,
        KEY_PREFIX: `${database}:`,
      }),
    ),
    statements: statementsIn && (() => statementsIn(database)),
    rows: (ids) => rowsOf(pool, schemaOf(name), ids),
    close,
  }
}
