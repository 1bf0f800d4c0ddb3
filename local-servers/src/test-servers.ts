import { startPostgres } from './postgres.ts'
import { findPrograms, howToInstall, type Programs } from './programs.ts'
import type { ProvidedServers } from './provided-servers.ts'
import { startRedis } from './redis.ts'
import { startRedisCluster } from './redis-cluster.ts'

/** The servers that all tests of a run share. */
export interface TestServers {
  readonly provided: Partial<ProvidedServers>
  /** Says what was not tested, and how to change that; `undefined` where nothing is missing. */
  readonly notice: string | undefined
  /** Ends them. */
  stop(): Promise<void>
}

/** Databases of the Redis: each test that wants one for itself gets one. */
const databases = 4_096

/**
 * Starts one Redis, one cluster of three masters and one PostgreSQL, as far as they are installed; none with
 * `LOCAL_SERVERS=none`. With `CI=true` it rejects unless it can have them all.
 */
export async function startTestServers(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TestServers> {
  const isOff = environment.LOCAL_SERVERS === 'none'
  const programs = isOff ? nothing : findPrograms()
  const notice = noticeOf(programs, isOff)
  const isContinuousIntegration = ['true', '1'].includes(environment.CI ?? '')
  if (isContinuousIntegration && notice) throw new MissingServersError(notice)

  const { redisServer, postgres: postgresPrograms } = programs
  const settings = { databases: String(databases) }
  const starting = [
    redisServer === undefined ? undefined : startRedis({ programs, settings }),
    redisServer === undefined ? undefined : startRedisCluster({ programs }),
    postgresPrograms === undefined ? undefined : startPostgres({ programs }),
  ] as const
  const outcomes = await Promise.allSettled(starting)
  const stop = async () => {
    const started = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await Promise.all(started.map((server) => server?.stop()))
  }
  if (outcomes.some(({ status }) => status === 'rejected')) await stop()
  const [redis, redisCluster, postgres] = await Promise.all(starting)
  return {
    provided: {
      ...(redis && { redis: { url: redis.url } }),
      ...(redisCluster && { redisCluster: { urls: redisCluster.urls } }),
      ...(postgres && { postgres: { url: postgres.url } }),
    },
    notice,
    stop,
  }
}

const nothing: Programs = { redisServer: undefined, postgres: undefined, openssl: undefined }

class MissingServersError extends Error {
  override readonly name = 'MissingServersError'

  constructor(notice: string) {
    super(`with CI set, nothing may be skipped. ${notice}`)
    // Where it was thrown helps nobody.
    this.stack = `${this.name}: ${this.message}`
  }
}

function noticeOf({ redisServer, postgres }: Programs, isOff: boolean): string | undefined {
  const skipped = [
    ...(redisServer ? [] : ['Redis', 'Redis Cluster']),
    ...(postgres ? [] : ['PostgreSQL']),
  ]
  if (skipped.length === 0) return undefined
  const reason = isOff ? 'LOCAL_SERVERS=none' : `not installed: ${howToInstall.join('; ')}`
  return `NOT TESTED: ${skipped.join(', ')} (${reason})`
}
