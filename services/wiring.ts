import { resolve } from 'node:path'
import type { FlushableSource, JournalingStore } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { type OutboxRelay, pgliteDriver, type SqlDriver } from 'caching-patterns/postgres'
import { type CountingDriver, countingDriver } from './counting-driver.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import type { Environment } from './environment.ts'
import { eventHub } from './event-hub.ts'
import { healthOf, type Probe, probe } from './health.ts'
import { storeWhile } from './held-store.ts'
import {
  noWarnings,
  type PatternName,
  type ServiceParts,
  type User,
  type Warnings,
} from './http/port.ts'
import { type JournalFolder, openJournalFolder, whatAPowerFailureLoses } from './journal-folder.ts'
import { type JournalLock, lockJournal } from './journal-lock.ts'
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

/**
 * Which store and which database stand behind the services. Opens nothing before the first `open`. `onLost` is told
 * why the process must end, should it lose later what it cannot work without.
 */
export function wire(
  environment: Environment,
  onLost: (why: StartError) => void = () => undefined,
): Wiring {
  let opening: Promise<Backends> | undefined
  let closing: Promise<unknown> | undefined
  const relays: OutboxRelay[] = []

  const close = async () => {
    // Nothing to close when it never opened; why it did not is `open`'s to say.
    const opened = await opening?.catch(() => undefined)
    await Promise.all(relays.map((relay) => relay.close()))
    await opened?.stores.close().finally(opened.database.close)
  }

  return {
    async open(pattern) {
      opening ??= openBackends(environment)
      const { stores, database } = await opening
      // In write-behind the store is the authority: it need not be told what the database knows.
      const isBehind = pattern === 'write-behind'
      const watch = isBehind ? stores.watchJournal() : undefined
      const wanted = { outbox: environment.outbox && !isBehind, seedUsers: environment.seedUsers }
      const driver = countingDriver(database.driver)
      const users = await database.explained(() => seededUsers(driver, pattern, wanted))
      const journal = isBehind ? await stores.openJournal(database, onLost) : undefined
      const store = journal?.store ?? stores.open()
      const hub = eventHub()
      const told = { pattern, store, source: users.source, onEvent: hub.emit }
      const relay = wanted.outbox ? relayOutbox(told) : undefined
      if (relay !== undefined) relays.push(relay)
      return {
        store,
        source: users.source,
        ttl: environment.cacheTtlMs,
        writeDelay: environment.writeDelayMs,
        sampleStaleness: environment.sampleStaleness,
        journalBounds: watch?.bounds ?? {},
        onEvent: hub.emit,
        parts: {
          health: () =>
            healthOf(pattern, {
              store: journal?.probe ?? stores.probe,
              database: database.probe,
              journal: journal?.trouble,
              dangers: watch?.dangers,
            }),
          subscribe: hub.subscribe,
          store: store.name,
          source: driver.name,
          warnings: watch ?? noWarnings,
          notices: journal?.notices ?? [],
          figures: () => figuresOf(driver, relay),
        },
      }
    },
    async close() {
      closing ??= close()
      await closing
    },
  }
}

function figuresOf(driver: CountingDriver, relay: OutboxRelay | undefined): object {
  const database = { statements: driver.statements }
  return relay === undefined ? { database } : { database, outbox: relay.figures() }
}

interface Backends {
  readonly stores: Stores
  readonly database: Database
}

interface Stores {
  /** What its settings mean for accepted writes. Throws a `StartError` when they would be lost. */
  watchJournal(): JournalWatch
  /** A store whose journal outlives the process. */
  openJournal(database: Database, onLost: (why: StartError) => void): Promise<JournalStore>
  open(): JournalingStore
  readonly probe?: Probe
  close(): Promise<void>
}

interface JournalWatch extends Warnings {
  readonly bounds: Backend['journalBounds']
  dangers(): readonly string[]
}

interface JournalStore {
  readonly store: JournalingStore
  readonly notices: readonly string[]
  readonly probe?: Probe
  /** Why it accepts nothing, for good. */
  trouble?(): string | undefined
}

interface Database {
  readonly driver: SqlDriver
  readonly probe: Probe
  /** Keeps the journal of a store in one process to that one; absent: nobody else can open the database. */
  lockJournal?(folder: JournalFolder, onLost: (why: StartError) => void): Promise<JournalLock>
  /** What the work throws, in words for whoever started it, where there are any. */
  explained<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Both, or neither; of two servers that cannot be used both are told. A data folder is made last. */
async function openBackends(environment: Environment): Promise<Backends> {
  const { databaseUrl, redisUrls, dataDir } = environment
  const [stores, database] = await Promise.allSettled([
    redisUrls === undefined ? storesInProcess(environment) : storesOnRedis(redisUrls),
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

function storesInProcess({ dataDir, journalFsync }: Environment): Stores {
  let folder: JournalFolder | undefined
  let lock: JournalLock | undefined
  const warnings = whatAPowerFailureLoses(journalFsync)
  return {
    watchJournal: () => ({ ...noWarnings, current: () => warnings, bounds: {}, dangers: () => [] }),
    async openJournal(database, onLost) {
      folder = await openJournalFolder(dataDir, journalFsync)
      const { file, notices } = folder
      const store = memoryStore({ journalLog: file.log })
      const trouble = () => file.failure && 'the disk failed to keep the journal, which is closed'
      const held = await database.lockJournal?.(folder, onLost)
      if (held === undefined) return { store, notices, trouble }
      lock = held
      const words = 'the lock that keeps the journal to this process is not held'
      return {
        store: storeWhile(() => held.isHeld, words, store),
        notices: [...notices, ...held.notices],
        probe: async () => (held.isHeld ? undefined : words),
        trouble,
      }
    },
    open: () => memoryStore(),
    async close() {
      await folder?.close().finally(() => lock?.close())
    },
  }
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
      return { ...watch, bounds: { maxDirtyBytes: watch.maxDirtyBytes } }
    },
    openJournal: async () => ({ store: redis.openStore(), notices: [] }),
    open: redis.openStore,
    probe: probe('Redis', redis.ping),
    async close() {
      watch?.close()
      await redis.close()
    },
  }
}

async function server(url: string): Promise<Database> {
  const { driver, session, close } = await connectPostgres(url)
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw postgresTrouble(url, error) ?? error
    }
  }
  return {
    driver,
    probe: probe('PostgreSQL', () => ping(driver)),
    explained,
    lockJournal: ({ id, place, file }, onLost) => {
      const journal = { id, place, dirty: file.dirtyAtOpen }
      const terms = { schema: 'write_behind', journal, at: placeOf(url), connect: session, onLost }
      return explained(() => lockJournal(terms))
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
