// The control of write-behind, as tutorials show it: SET, then RPUSH to a list, and the answer; a loop takes a batch off
// the list and writes its rows. Whoever dies between the two, or with a batch in hand, or finds the database away,
// has lost what was acknowledged; nothing tells an older row from a newer one.
import { setTimeout as delay } from 'node:timers/promises'
import { type NaiveAnswer, type NaiveRow, naiveClients, serveNaive } from './naive-face.ts'

const { SEED_USERS = '0', CACHE_TTL_S = '5' } = process.env
const { redis, pool } = naiveClients()

/** `gone`: the row is to be deleted. */
type Queued = NaiveRow | { readonly gone: number }

const queue = 'naive:queue'
const batchSize = '100'
const pollMs = 200
const schema = 'naive_write_behind'
const setup = `
  select pg_advisory_xact_lock(1);
  create schema if not exists ${schema};
  create table if not exists ${schema}.users (
    id bigint primary key, name text not null, email text not null unique, version bigint not null);
  insert into ${schema}.users (id, name, email, version)
  select i, 'User ' || i, 'user' || i || '@example.com', 1
  from generate_series(1, ${Number(SEED_USERS)}) as i where not exists (select from ${schema}.users)`

function keyOf(id: number | string): string {
  return `user:${id}`
}

async function read(id: string): Promise<NaiveAnswer> {
  const cached = await redis.get(keyOf(id)).catch(() => null)
  if (typeof cached === 'string') {
    return { status: 200, row: JSON.parse(cached), cache: 'hit; ttl=1' }
  }
  const text = `select id::int, name, email, version::float from ${schema}.users where id = $1`
  const { rows } = await pool.query<NaiveRow>(text, [id])
  const [row] = rows
  if (row === undefined) return { status: 404, cache: 'fwd=miss' }
  await remember(row).catch(() => null)
  return { status: 200, row, cache: 'fwd=miss; stored' }
}

async function remember(row: NaiveRow): Promise<void> {
  const expiry = { expiration: { type: 'EX', value: Number(CACHE_TTL_S) } } as const
  await redis.set(keyOf(row.id), JSON.stringify(row), expiry)
}

async function push(queued: Queued): Promise<void> {
  await redis.rPush(queue, JSON.stringify(queued))
}

async function write(id: string, { name, email }: NaiveRow): Promise<NaiveAnswer> {
  if ((await read(id)).status === 404) return { status: 404 }
  const row = { id: Number(id), name, email, version: await drawVersion() }
  await remember(row)
  await push(row)
  return { status: 200, row }
}

async function remove(id: string): Promise<NaiveAnswer> {
  if ((await read(id)).status === 404) return { status: 404 }
  await redis.del(keyOf(id))
  await push({ gone: Number(id) })
  return { status: 204 }
}

async function create({ name, email }: NaiveRow): Promise<NaiveAnswer> {
  const id = Number(SEED_USERS) + (await redis.incr('naive:ids'))
  const row = { id, name, email, version: await drawVersion() }
  await remember(row)
  await push(row)
  return { status: 201, row }
}

/** Above those of the seed. */
async function drawVersion(): Promise<number> {
  return 1 + (await redis.incr('naive:versions'))
}

async function flush(queued: Queued): Promise<void> {
  if ('gone' in queued) {
    await pool.query(`delete from ${schema}.users where id = $1`, [queued.gone])
    return
  }
  const { id, name, email, version } = queued
  const text = `insert into ${schema}.users (id, name, email, version) values ($1, $2, $3, $4)
    on conflict (id) do update set name = $2, email = $3, version = $4`
  await pool.query(text, [id, name, email, version])
}

async function flushForEver(): Promise<never> {
  for (;;) {
    const taken = await redis.sendCommand(['LPOP', queue, batchSize]).catch(() => null)
    const texts = (taken ?? []) as string[]
    for (const text of texts) await flush(JSON.parse(text)).catch(() => undefined)
    if (texts.length === 0) await delay(pollMs)
  }
}

await redis.connect()
await pool.query(`begin; ${setup}; commit`)
void flushForEver()
serveNaive({ create, read, write, remove }, 'accepted')
