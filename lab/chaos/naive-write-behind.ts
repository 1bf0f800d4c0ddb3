// The control of write-behind, as tutorials show it: SET, then RPUSH to a list, and the answer; a loop takes a batch off
// the list and writes its rows. Whoever dies between the two, or with a batch in hand, or finds the database away,
// has lost what was acknowledged; nothing tells an older row from a newer one.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { redisOptions } from 'caching-patterns/redis'
import pg from 'pg'
import { createClient } from 'redis'

const {
  REDIS_URL = '',
  DATABASE_URL = '',
  PORT = '0',
  SEED_USERS = '0',
  CACHE_TTL_S = '5',
} = process.env
const redis = createClient(redisOptions(REDIS_URL))
redis.on('error', () => undefined)
const pool = new pg.Pool({
  connectionString: DATABASE_URL,
  connectionTimeoutMillis: 1_000,
  query_timeout: 2_000,
  statement_timeout: 1_500,
})
pool.on('error', () => undefined)

interface Row {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly version: number
}

/** `gone`: the row is to be deleted. */
type Queued = Row | { readonly gone: number }

interface Answer {
  readonly status: number
  readonly row?: Row
  readonly cache?: string
}

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

async function read(id: string): Promise<Answer> {
  const cached = await redis.get(keyOf(id)).catch(() => null)
  if (typeof cached === 'string') {
    return { status: 200, row: JSON.parse(cached), cache: 'hit; ttl=1' }
  }
  const text = `select id::int, name, email, version::float from ${schema}.users where id = $1`
  const { rows } = await pool.query<Row>(text, [id])
  const [row] = rows
  if (row === undefined) return { status: 404, cache: 'fwd=miss' }
  await remember(row).catch(() => null)
  return { status: 200, row, cache: 'fwd=miss; stored' }
}

async function remember(row: Row): Promise<void> {
  const expiry = { expiration: { type: 'EX', value: Number(CACHE_TTL_S) } } as const
  await redis.set(keyOf(row.id), JSON.stringify(row), expiry)
}

async function push(queued: Queued): Promise<void> {
  await redis.rPush(queue, JSON.stringify(queued))
}

async function write(id: string, { name, email }: Row): Promise<Answer> {
  if ((await read(id)).status === 404) return { status: 404 }
  const row = { id: Number(id), name, email, version: await drawVersion() }
  await remember(row)
  await push(row)
  return { status: 200, row }
}

async function remove(id: string): Promise<Answer> {
  if ((await read(id)).status === 404) return { status: 404 }
  await redis.del(keyOf(id))
  await push({ gone: Number(id) })
  return { status: 204 }
}

async function create({ name, email }: Row): Promise<Answer> {
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

async function answer(request: IncomingMessage): Promise<Answer> {
  let text = ''
  for await (const chunk of request) text += chunk
  const [, , id] = (request.url ?? '').split('/')
  if (request.method === 'POST') return create(JSON.parse(text))
  if (id === undefined) return { status: 404 }
  if (request.method === 'PUT') return write(id, JSON.parse(text))
  return request.method === 'DELETE' ? remove(id) : read(id)
}

function send(response: ServerResponse, { status, row, cache }: Answer): void {
  const headers = {
    'content-type': 'application/json',
    ...(cache === undefined
      ? { 'write-status': 'accepted' }
      : { 'cache-status': `"naive"; ${cache}` }),
    ...(row && { etag: `"${row.version}"`, location: `/users/${row.id}` }),
  }
  response.writeHead(status, headers).end(row && JSON.stringify(row))
}

await redis.connect()
await pool.query(`begin; ${setup}; commit`)
const server = createServer((request, response) => {
  answer(request).then(
    (told) => send(response, told),
    () => response.writeHead(500).end(),
  )
})
void flushForEver()
server.listen(Number(PORT), '127.0.0.1', () => console.log(`naive  http://127.0.0.1:${PORT} `))
