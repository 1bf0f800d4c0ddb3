import { resolve } from 'node:path'
import type { FlushableSource, JournalingStore } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { pgliteDriver } from 'caching-patterns/postgres'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import type { Environment } from './environment.ts'
import { eventHub } from './event-hub.ts'
import type { Health, PatternName, ServiceParts, User } from './http/port.ts'
import { usersSource } from './users-source.ts'

/** What one service is wired to. `parts` are those of `buildApp` that are the same for every pattern. */
export interface Backend {
  readonly store: JournalingStore
  readonly source: FlushableSource<number, User>
  readonly ttl: number
  readonly writeDelay: number
  readonly onEvent: ReturnType<typeof eventHub>['emit']
  readonly parts: Pick<ServiceParts, 'health' | 'subscribe' | 'store' | 'source'>
}

/** The stores and databases of a process. */
export interface Wiring {
  /** A store and a seeded table of the service's own, over the database that all services of the process share. */
  open(pattern: PatternName): Promise<Backend>
  /** Closes the database and gives its folder free. Services close first. */
  close(): Promise<void>
}

/** Which store and which database stand behind the services. Opens nothing before the first `open`. */
export function wire(environment: Environment): Wiring {
  let database: ReturnType<typeof openEmbeddedPostgres> | undefined

  return {
    async open(pattern) {
      database ??= openEmbeddedPostgres(resolve(environment.dataDir))
      const { pglite } = await database
      const users = await usersSource(pgliteDriver(pglite), pattern)
      await users.seed(environment.seedUsers)
      const store = memoryStore()
      const hub = eventHub()
      return {
        store,
        source: users.source,
        ttl: environment.cacheTtlMs,
        writeDelay: environment.writeDelayMs,
        onEvent: hub.emit,
        parts: {
          health: () => probe(users.ping),
          subscribe: hub.subscribe,
          store: store.name,
          source: users.source.name ?? 'pglite',
        },
      }
    },
    async close() {
      // Nothing to close when it never opened; why it did not is `open`'s to say.
      const opened = await database?.catch(() => undefined)
      await opened?.close()
    },
  }
}

/** The store is in this process, so only the database can be away; with it go misses and writes. */
async function probe(ping: () => Promise<unknown>): Promise<Health> {
  const late = Symbol('late')
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, 1_000, late)
  })
  try {
    if ((await Promise.race([ping(), deadline])) !== late) {
      return { reads: true, writes: true, reasons: [] }
    }
    return { reads: false, writes: false, reasons: ['the database did not answer within 1 s'] }
  } catch {
    return { reads: false, writes: false, reasons: ['the database refuses queries'] }
  } finally {
    clearTimeout(timer)
  }
}
