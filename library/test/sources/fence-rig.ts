import { freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { type CacheEvent, type FlushableSource, writeBehind } from 'caching-patterns'
import { migrate, pgDriver, postgresSource, type SqlDriver } from 'caching-patterns/postgres'
import { redisStore } from 'caching-patterns/redis'
import { createClient } from 'redis'
import { onTestFinished } from 'vitest'
import { connect } from '../stores/redis-rig.ts'
import { select } from './database.ts'
import { openPool, patient } from './pg-pools.ts'

/** A row. */
export interface Item {
  readonly name: string
}
/** A table of a PostgreSQL that can be flushed to. */
export type Items = FlushableSource<string, Item>

const table =
  'create table items (id text primary key, name text not null, version bigint not null)'

/** A table of one's own, and a look at it. */
export async function openTable(over: (driver: SqlDriver) => SqlDriver = (driver) => driver) {
  const url = await freshDatabase()
  const driver = pgDriver({ pool: openPool(url, patient) })
  await migrate(driver, { schema: 'app', migrations: [table] })
  const source: Items = await postgresSource<string, Item>({
    driver: over(driver),
    schema: 'app',
    table: 'items',
    key: 'id',
    columns: { name: 'name' },
    nextKey: () => crypto.randomUUID(),
  })
  const rows = async () => {
    const found = await select(driver, 'select id, name, version::text from app.items order by id')
    return new Map(found.map(([id, name, version]) => [id as string, { name, version }]))
  }
  return { url, driver, source, rows }
}

/** Caches in front of it as processes have them, with one journal on Redis. */
export async function openJournal() {
  const url = await freshRedis()
  const client = await createClient({ url }).connect()
  onTestFinished(() => client.destroy())
  /** A process, and what it announces. */
  async function processOver(source: Items) {
    const events: CacheEvent[] = []
    const own = await connect(url)
    onTestFinished(() => own.destroy())
    const cache = writeBehind<string, Item>({
      name: 'items',
      ttl: '1h',
      source,
      delay: '10ms',
      drainFor: '200ms',
      writeDeadline: '30s',
      storeReadDeadline: '10s',
      storeWriteDeadline: '10s',
      onEvent: (event) => events.push(event),
      store: redisStore({ client: own, partitions: 4 }),
    })
    onTestFinished(() => cache.close())
    return { cache, events }
  }
  /** Nobody owns a partition any more, and nobody is known to flush: as 15 s after all have stopped. */
  async function disown(): Promise<void> {
    const keys = await client.keys('*wb*')
    const gone = keys.filter((key) => /owner$|members$/.test(key))
    if (gone.length > 0) await client.del(gone)
  }
  return { disown, processOver }
}
