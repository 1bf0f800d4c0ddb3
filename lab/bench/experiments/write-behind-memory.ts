import { startPostgres, startRedis } from '@caching-patterns/local-servers'
import { writeBehind } from 'caching-patterns'
import { migrate, pgDriver, pgOptions, postgresSource } from 'caching-patterns/postgres'
import { redisStore } from 'caching-patterns/redis'
import pg from 'pg'
import type { Experiment } from '../experiment.ts'
import type { Defer } from '../group.ts'
import { inLanes } from '../lanes.ts'
import { connectedClient } from '../redis-client.ts'

const count = { standard: 100_000, quick: 5_000 }
const valueBytes = 200
const lanes = 256

/** What the journal keeps for each dirty key. */
export const writeBehindMemory: Experiment = {
  name: 'write-behind-memory',
  title: `memory of Redis for dirty keys, of values of ${valueBytes} bytes as JSON`,
  needs: ['Redis', 'PostgreSQL'],
  async run({ defer, isQuick }) {
    const keys = isQuick ? count.quick : count.standard
    const redis = await startRedis()
    defer(() => redis.stop())
    const client = await connectedClient(redis.url)
    defer(() => client.close())
    const cache = await openCache({ client, maxDirtyKeys: 4 * keys, defer })
    await cache.put(0, noteOf(0))
    await cache.flush()
    const used = async () => {
      const info = await client.info('memory')
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
    }
    const before = await used()
    await inLanes(
      Array.from({ length: keys }, (_, index) => 1 + index),
      lanes,
      async (id) => {
        await cache.put(id, noteOf(id))
      },
    )
    const { journal } = await cache.stats()
    const added = (await used()) - before
    return [
      { what: 'dirty keys', value: journal?.dirty ?? 0, unit: '' },
      { what: 'memory', value: added, unit: 'bytes' },
      { what: 'memory a dirty key', value: added / keys, unit: 'bytes' },
      { what: 'the same, beside the value', value: added / keys - valueBytes, unit: 'bytes' },
      {
        what: 'what the journal counts of it against its limit',
        value: (journal?.bytes ?? 0) / keys,
        unit: 'bytes',
      },
    ]
  },
}

interface Note {
  readonly id: number
  readonly text: string
}

function noteOf(id: number): Note {
  const bare = JSON.stringify({ id, text: '' }).length
  return { id, text: 'x'.repeat(valueBytes - bare) }
}

const migrations = [
  'create table notes (id bigint primary key, text text not null, version bigint not null)',
]

async function openCache({ client, maxDirtyKeys, defer }: CacheTerms) {
  const postgres = await startPostgres()
  defer(() => postgres.stop())
  const pool = new pg.Pool(pgOptions(postgres.url, { max: 4 }))
  defer(() => pool.end())
  const driver = pgDriver({ pool })
  await migrate(driver, { schema: 'notes', migrations })
  const source = await postgresSource<number, Note>({
    ...{ driver, schema: 'notes', table: 'notes', key: 'id' },
    columns: { id: 'id', text: 'text' },
  })
  const cache = writeBehind<number, Note>({
    ...{ name: 'notes', store: redisStore({ client }), source, ttl: '1h', delay: '1h' },
    ...{ maxDirtyKeys, maxDirtyBytes: 1_024 * maxDirtyKeys, drainFor: '10ms' },
    storeWriteDeadline: '5s',
  })
  defer(() => cache.close())
  return cache
}

interface CacheTerms {
  readonly client: Awaited<ReturnType<typeof connectedClient>>
  readonly maxDirtyKeys: number
  readonly defer: Defer
}
