import { startPostgres, startRedis } from '@caching-patterns/local-servers'
import { writeBehind } from 'caching-patterns'
import { migrate, pgDriver, pgOptions, postgresSource } from 'caching-patterns/postgres'
import { redisStore } from 'caching-patterns/redis'
import pg from 'pg'
import { Failure } from '../../replay/failure.ts'
import type { Defer, Group, Subject } from '../group.ts'
import { inLanes } from '../lanes.ts'
import { shuffled } from '../measure.ts'
import { connectedClient } from '../redis-client.ts'
import { thisProcess } from '../this-process.ts'
import type { User } from '../users.ts'

const users = 40_000
const batchSize = 500
const lanes = 256
const names = {
  ...{ raw: 'insert ... select from unnest()', always: 'cache.flush()' },
  everysec: 'cache.flush(), appendfsync everysec',
}

/** What it costs to bring dirty keys into the database, over the statement alone. */
export const writeBehindFlush: Group = {
  name: 'write-behind-flush',
  title: `a row flushed, in batches of ${batchSize}, of ${users} that are there, in random order; appendfsync always but where it says so, fsync on; CPU of the flusher`,
  needs: ['Redis', 'PostgreSQL'],
  scale: 4,
  async open(defer) {
    const postgres = await startPostgres({ durable: true })
    defer(() => postgres.stop())
    const pool = new pg.Pool(pgOptions(postgres.url, { max: 4 }))
    defer(() => pool.end())
    const driver = pgDriver({ pool })
    for (const schema of ['raw', 'always', 'everysec']) {
      await migrate(driver, { schema, migrations })
    }
    const flushes: Subject[] = []
    for (const appendfsync of ['always', 'everysec'] as const) {
      const redis = await startRedis({ durable: true, settings: { appendfsync } })
      defer(() => redis.stop())
      flushes.push(await ours(pool, redis.url, appendfsync, defer))
    }
    return {
      subjects: [raw(pool), ...flushes],
      comparisons: [
        {
          ...{ measure: 'throughput-ratio', target: 0.6 },
          ...{ subject: names.always, baseline: names.raw },
        },
        { measure: 'throughput-ratio', subject: names.everysec, baseline: names.raw },
        { measure: 'added-cpu-us', subject: names.always, baseline: names.raw },
      ],
    }
  },
}

const migrations = [
  `create table users (id bigint primary key, name text not null, email text not null,
     created_at timestamptz(3) not null, updated_at timestamptz(3) not null, version bigint not null);
   create unique index on users (lower(email));
   insert into users select i, 'User ' || i, 'user' || i || '@example.com', now(), now(), 1
   from generate_series(1, ${users}) as i`,
]

/** Writes come in no order of their keys: rows of a batch are neighbours in no table. */
const ids = shuffled(
  Array.from({ length: users }, (_, index) => index + 1),
  Math.random,
)

/** Values that nobody wrote before; the first so many users of a turn through all of them. */
function drawRows(operations: number, round: number): User[] {
  const now = new Date().toISOString()
  return ids.slice(0, operations).map((id) => {
    const email = `user${id}@example.com`
    return { id, name: `Bench ${round} ${id}`, email, createdAt: now, updatedAt: now }
  })
}

/** More than there are would be written twice, which coalesces: so many are flushed at a time, then as many again. */
function turnsOf(operations: number): number[] {
  const full = Array.from({ length: Math.floor(operations / users) }, () => users)
  const rest = operations % users
  return rest > 0 ? [...full, rest] : full
}

async function ours(
  pool: pg.Pool,
  redisUrl: string,
  schema: 'always' | 'everysec',
  defer: Defer,
): Promise<Subject> {
  const client = await connectedClient(redisUrl)
  defer(() => client.close())
  const source = await postgresSource<number, User>({
    ...{ driver: pgDriver({ pool }), schema, table: 'users', key: 'id' },
    columns: {
      ...{ id: 'id', name: 'name', email: 'email' },
      ...{ createdAt: 'created_at', updatedAt: 'updated_at' },
    },
  })
  const cache = writeBehind<number, User>({
    ...{ name: 'users', store: redisStore({ client }), source, ttl: '1h', delay: '1h' },
    ...{ maxDirtyKeys: 4 * users, flushBatchSize: batchSize },
    // On a busy machine it is to be slow, not to give up.
    ...{ storeWriteDeadline: '5s', storeReadDeadline: '5s' },
  })
  defer(() => cache.close())
  let round = 0
  const enqueue = async (count: number) => {
    round += 1
    await inLanes(drawRows(count, round), lanes, async (user) => {
      await cache.put(user.id, user)
    })
  }
  return {
    name: names[schema],
    worker: thisProcess,
    prepare: (operations) => enqueue(Math.min(operations, users)),
    async run(operations) {
      let ms = 0
      for (const [turn, count] of turnsOf(operations).entries()) {
        if (turn > 0) await enqueue(count)
        const startedAt = performance.now()
        await cache.flush()
        ms += performance.now() - startedAt
      }
      return ms
    },
    check: () => checkNames(pool, schema, () => round),
  }
}

function raw(pool: pg.Pool): Subject {
  let round = 0
  const text = `
    insert into raw.users as t (id, name, email, created_at, updated_at, version)
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
    on conflict (id) do update set name = excluded.name, email = excluded.email,
      created_at = excluded.created_at, updated_at = excluded.updated_at, version = excluded.version
    where t.version < excluded.version`
  return {
    name: names.raw,
    worker: thisProcess,
    async run(operations) {
      let ms = 0
      for (const count of turnsOf(operations)) {
        round += 1
        const rows = drawRows(count, round)
        const startedAt = performance.now()
        for (let from = 0; from < rows.length; from += batchSize) {
          const some = rows.slice(from, from + batchSize)
          const columns = (['id', 'name', 'email', 'createdAt', 'updatedAt'] as const).map((each) =>
            some.map((row) => row[each]),
          )
          await pool.query(text, [...columns, some.map(() => round + 1)])
        }
        ms += performance.now() - startedAt
      }
      return ms
    },
    check: () => checkNames(pool, 'raw', () => round),
  }
}

/** The first row is of the last round. */
async function checkNames(pool: pg.Pool, schema: string, round: () => number): Promise<void> {
  const id = ids[0]
  const expected = round() === 0 ? `User ${id}` : `Bench ${round()} ${id}`
  const { rows } = await pool.query(`select name from ${schema}.users where id = $1`, [id])
  if (rows[0]?.name === expected) return
  throw new Failure(
    `${schema}: expected ${expected} as the name of user ${id}, received ${rows[0]?.name}`,
  )
}
