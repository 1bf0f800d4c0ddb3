import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { redisOptions } from 'caching-patterns/redis'
import pg from 'pg'
import { createClient } from 'redis'

/** A row as a control shows it. */
export interface NaiveRow {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly version: number | string
}

/** `cache`: what a read says of where it came from; a write has none. */
export interface NaiveAnswer {
  readonly status: number
  readonly row?: NaiveRow
  readonly cache?: string
}

/** What a control does behind the routes that the services have, too. */
export interface NaiveUsers {
  create(row: NaiveRow): Promise<NaiveAnswer>
  read(id: string): Promise<NaiveAnswer>
  write(id: string, row: NaiveRow): Promise<NaiveAnswer>
  remove(id: string): Promise<NaiveAnswer>
}

/** Clients of both servers, as the environment names them. */
export function naiveClients() {
  const { REDIS_URL = '', DATABASE_URL = '' } = process.env
  const redis = createClient(redisOptions(REDIS_URL))
  redis.on('error', () => undefined)
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    connectionTimeoutMillis: 1_000,
    query_timeout: 2_000,
    statement_timeout: 1_500,
  })
  pool.on('error', () => undefined)
  return { redis, pool }
}

/** Listens on `PORT`, and says so. `writeStatus`: what a write that was done is called. */
export function serveNaive(users: NaiveUsers, writeStatus: 'confirmed' | 'accepted'): void {
  const { PORT = '0' } = process.env
  const server = createServer((request, response) => {
    answer(users, request).then(
      (told) => send(response, told, writeStatus),
      () => response.writeHead(500).end(),
    )
  })
  server.listen(Number(PORT), '127.0.0.1', () => console.log(`naive  http://127.0.0.1:${PORT} `))
}

async function answer(users: NaiveUsers, request: IncomingMessage): Promise<NaiveAnswer> {
  let text = ''
  for await (const chunk of request) text += chunk
  const [, , id] = (request.url ?? '').split('/')
  if (request.method === 'POST') return users.create(JSON.parse(text))
  if (id === undefined) return { status: 404 }
  if (request.method === 'PUT') return users.write(id, JSON.parse(text))
  return request.method === 'DELETE' ? users.remove(id) : users.read(id)
}

function send(
  response: ServerResponse,
  { status, row, cache }: NaiveAnswer,
  written: string,
): void {
  const headers = {
    'content-type': 'application/json',
    ...(cache === undefined
      ? { 'write-status': written }
      : { 'cache-status': `"naive"; ${cache}` }),
    ...(row && { etag: `"${row.version}"`, location: `/users/${row.id}` }),
  }
  response.writeHead(status, headers).end(row && JSON.stringify(row))
}
