import { resolve } from 'node:path'
import type { FlushableSource, JournalingStore } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { type OutboxRelay, pgliteDriver, type SqlDriver } from 'caching-patterns/postgres'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import type { Environment } from './environment.ts'
import { eventHub } from './event-hub.ts'
import { healthOf, type Probe, probe } from './health.ts'
import { noWarnings, type PatternName, type ServiceParts, type User } from './http/port.ts'
import { relayOutbox } from './outbox.ts'
import { connectPostgres, postgresTrouble } from './real-postgres.ts'
import { connectRedis } from './real-redis.ts'
import { dirtyBytesOn, whyWritesVanish } from './redis-facts.ts'
import { type RedisWatch, watchRedis } from './redis-watch.ts'
import { placeOf } from './server-urls.ts'
import { StartError } from './start-error.ts'
import { seededUsers } from './users-source.ts'

/** What one service is wired to. `parts` are those of `buildApp` that are the same for every pattern. */
export interface Backend {
  readonly store: JournalingStore
  readonly source: FlushableSource<number, User>
  readonly ttl: number
  readonly writeDelay: number
  readonly sampleStaleness: number
  /** What write-behind may let wait, where the store has its own bounds. */
  readonly journalBounds: { readonly maxDirtyBytes?: number }
  readonly onEvent: ReturnType<typeof eventHub>['emit']
  readonly parts: Omit<ServiceParts, 'pattern' | 'users'>
}

/** The stores and databases of a process. */
export interface Wiring {
  /** A store and a seeded table of the service's own, over the servers that all services of the process share. */
  open(pattern: PatternName): Promise<Backend>
  /** Closes store and database, and gives a folder free. Services close first. */
  close(): Promise<void>
}

/** Which store and which database stand behind the services. Opens nothing before the first `open`. */
export function wire(environment: Environment): Wiring {
  let opening: Promise<Backends> | undefined
  let closing: Promise<unknown> | undefined
  const relays: OutboxRelay[] = []

  const close = async () => {
    // Nothing to close when it never opened; why it did not is `open`'s to say.
    const opened = await opening?.catch(() => undefined)
    await Promise.all(relays.map((relay) => relay.close()))
    await Promise.all([opened?.stores.close(), opened?.database.close()])
  }

  return {
    async open(pattern) {
      opening ??= openBackends(environment)
      const { stores, database } = await opening
      // In write-behind the store is the authority: it need not be told what the database knows.
      const outbox = environment.outbox && pattern !== 'write-behind'
      const watch = pattern === 'write-behind' ? stores.watchJournal() : undefined
      const { driver } = database
      const { seedUsers } = environment
      const users = await database.explained(() =>
        seededUsers(driver, pattern, { outbox, seedUsers }),
      )
      const store = stores.open()
      const hub = eventHub()
      const relay = outbox
        ? relayOutbox({ pattern, store, source: users.source, onEvent: hub.emit })
        : undefined
      if (relay !== undefined) relays.push(relay)
      return {
        store,
        source: users.source,
        ttl: environment.cacheTtlMs,
        writeDelay: environment.writeDelayMs,
        sampleStaleness: 0.01,
        journalBounds: watch === undefined ? {} : { maxDirtyBytes: watch.maxDirtyBytes },
        onEvent: hub.emit,
        parts: {
          health: () =>
            healthOf(pattern, {
              store: stores.probe,
              database: database.probe,
              dangers: watch?.dangers,
            }),
          subscribe: hub.subscribe,
          store: store.name,
          source: driver.name,
          warnings: watch ?? noWarnings,
          ...(relay && { figures: () => ({ outbox: relay.figures() }) }),
        },
      }
    },
    async close() {
      closing ??= close()
      await closing
    },
  }
}

interface Backends {
  readonly stores: Stores
  readonly database: Database
}

interface Stores {
  /** What its settings mean for accepted writes; nothing in the process. Throws a `StartError` when they would be lost. */
  watchJournal(): RedisWatch | undefined
  open(): JournalingStore
  readonly probe?: Probe
  close(): Promise<void>
}

interface Database {
  readonly driver: SqlDriver
  readonly probe: Probe
  /** What the work throws, in words for whoever started it, where there are any. */
  explained<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Both, or neither; of two servers that cannot be used both are told. A data folder is made last. */
async function openBackends({ databaseUrl, redisUrls, dataDir }: Environment): Promise<Backends> {
  const [stores, database] = await Promise.allSettled([
    redisUrls === undefined ? storesInProcess : storesOnRedis(redisUrls),
    databaseUrl === undefined ? undefined : server(databaseUrl),
  ])
  try {
    if (stores.status === 'fulfilled' && database.status === 'fulfilled') {
      return { stores: stores.value, database: database.value ?? (await embedded(dataDir)) }
    }
    throw allOf([stores, database].flatMap((each) => ('reason' in each ? [each.reason] : [])))
  } catch (error) {
    if (stores.status === 'fulfilled') await stores.value.close()
    if (database.status === 'fulfilled') await database.value?.close()
    throw error
  }
}

/** One error with the lines of all, unless one of them is a mistake of this program. */
function allOf(reasons: readonly unknown[]): unknown {
  const unexpected = reasons.find((reason) => !(reason instanceof StartError))
  return unexpected ?? new StartError(reasons.map((each) => (each as Error).message).join('\n'))
}

const storesInProcess: Stores = {
  watchJournal: () => undefined,
  open: () => memoryStore(),
  close: async () => undefined,
}

async function storesOnRedis(urls: readonly string[]): Promise<Stores> {
  const redis = await connectRedis(urls)
  let watch: RedisWatch | undefined
  return {
    watchJournal() {
      const vanishing = redis.facts.map(whyWritesVanish).find((why) => why !== undefined)
      if (vanishing !== undefined) {
        throw new StartError(`REDIS_URL: ${urls.map(placeOf).join(',')}: ${vanishing}`)
      }
      const { facts, factsNow: read } = redis
      watch ??= watchRedis({ facts, read, maxDirtyBytes: dirtyBytesOn(facts) })
      return watch
    },
    open: redis.openStore,
    probe: probe('Redis', redis.ping),
    async close() {
      watch?.close()
      await redis.close()
    },
  }
}

async function server(url: string): Promise<Database> {
  const { driver, close } = await connectPostgres(url)
  return {
    driver,
    probe: probe('PostgreSQL', () => ping(driver)),
    async explained(work) {
      try {
        return await work()
      } catch (error) {
        throw postgresTrouble(url, error) ?? error
      }
    },
    close,
  }
}

async function embedded(dataDir: string): Promise<Database> {
  const { pglite, close } = await openEmbeddedPostgres(resolve(dataDir))
  const driver = pgliteDriver(pglite)
  return {
    driver,
    probe: probe('the embedded database', () => ping(driver)),
    explained: (work) => work(),
    close,
  }
}

/** Gives up by itself when no connection is free: it must not queue behind what hangs. */
async function ping(driver: SqlDriver): Promise<void> {
  await driver.query('select 1', [], { deadlineAt: Date.now() + 1_000 })
}
