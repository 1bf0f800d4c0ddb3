import { pgDriver, pgOptions, type SqlDriver } from 'caching-patterns/postgres'
import pg from 'pg'
import type { Session } from './journal-lock.ts'
import { placeOf } from './server-urls.ts'
import { StartError } from './start-error.ts'
import { answerWithinMs, NoAnswerError, whyUnreachable } from './unreachable.ts'
import { within } from './within.ts'

/** A PostgreSQL server, reached by the one pool of this process. */
export interface RealPostgres {
  readonly driver: SqlDriver
  /** A connection of its own beside the pool. */
  session(applicationName: string): Promise<Session>
  /** Ends the connections, those that a frozen server keeps open too. */
  close(): Promise<void>
}

/**
 * Two for each service: a process that waits for its database rather than for a core has use for no
 * more, and nine processes fit into the 100 that a server allows by default.
 */
const connections = 10

/**
 * A table that another process alters is locked for a moment: a reader that waits for it is better
 * served than one that is sent away. Less than what the statement itself may take.
 */
const lockWaitMs = 900

const endWithinMs = 1_000

/** Connects to the primary server; rejects with a `StartError` of one line when it cannot be used. */
export async function connectPostgres(url: string): Promise<RealPostgres> {
  const options = optionsFor(url)
  await check(url, options)
  const pool = new pg.Pool(options)
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  return {
    driver: pgDriver({ pool }),
    session: (applicationName) => openSession({ ...options, application_name: applicationName }),
    async close() {
      await within(endWithinMs, pool.end(), () => {
        for (const client of clients) socketOf(client).destroy()
      })
    },
  }
}

async function openSession(options: pg.ClientConfig): Promise<Session> {
  const client = new pg.Client(options)
  // It ends then, which is what counts.
  client.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
  const destroy = () => socketOf(client).destroy()
  try {
    await client.connect()
  } catch (error) {
    destroy()
    throw error
  }
  return {
    async query<Row>(sql: string, parameters: readonly unknown[] = []) {
      return (await client.query(sql, [...parameters])).rows as Row[]
    },
    ended,
    destroy,
  }
}

/** The words for an error of the first statements on a server; `undefined` for one that no setting cures. */
export function postgresTrouble(url: string, error: unknown): StartError | undefined {
  const words = wordsFor(url, error as PostgresError)
  return words === undefined
    ? undefined
    : new StartError(`DATABASE_URL: ${placeOf(url)}: ${words}`, { cause: error })
}

type PoolOptions = ReturnType<typeof pgOptions>

function optionsFor(url: string): PoolOptions {
  try {
    return pgOptions(url, { max: connections, lock_timeout: lockWaitMs })
  } catch (error) {
    // `url?name: expected ..., received ...`: a parameter that the service sets itself.
    const [, parameter = 'a parameter'] = /^url\?(\w+)/.exec((error as Error).message) ?? []
    throw new StartError(
      `DATABASE_URL: ${placeOf(url)}: expected no ?${parameter}=, which the service sets itself: leave it out`,
      { cause: error },
    )
  }
}

/** One connection that waits longer than those of the pool, and can tell why. */
async function check(url: string, options: PoolOptions): Promise<void> {
  let client: pg.Client | undefined
  try {
    client = new pg.Client({ ...options, connectionTimeoutMillis: 0 })
    client.on('error', () => undefined)
    await within(answerWithinMs, ask(client), () => {
      throw new NoAnswerError()
    })
  } catch (error) {
    throw postgresTrouble(url, error) ?? error
  } finally {
    if (client) socketOf(client).destroy()
  }
}

interface Server {
  readonly version: number
  readonly is_standby: boolean
}

async function ask(client: pg.Client): Promise<void> {
  await client.connect()
  const { rows } = await client.query<Server>(
    "select current_setting('server_version_num')::int as version, pg_is_in_recovery() as is_standby",
  )
  const { version, is_standby } = rows[0] as Server
  const major = Math.floor(version / 10_000)
  if (major < 13) throw new UnfitError(`expected PostgreSQL 13 or newer, found ${major}`)
  if (is_standby) throw new UnfitError('a hot standby, which only reads: name the primary server')
}

/** A server that answers, and is not fit for this. */
class UnfitError extends Error {}

interface PostgresError extends Error {
  readonly code?: string
  readonly path?: string
}

function wordsFor(url: string, error: PostgresError): string | undefined {
  const { code = '', message, path } = error
  if (error instanceof UnfitError) return message
  // What the driver finds when it first meets a server.
  if (code === 'INVALID_ARGUMENT' && message.startsWith('pool: ')) return message.slice(6)
  if (path !== undefined) return `cannot read ${path} (${code}), which the URL names`
  if (/^(SASL|client password)|password must be a string/.test(message)) {
    return 'asks for a password, and the URL has none'
  }
  if (message.includes('does not support SSL')) {
    return 'does not speak TLS: take ?sslmode= out of the URL, or turn on ssl in the server'
  }
  if (/^Connection terminated|establishing an SSL connection/.test(message)) {
    return 'closed the connection without an answer: check that it is a PostgreSQL'
  }
  if (code === 'LOAD_OVERLOADED' || code === 'WRITE_TIMEOUT' || /timeout/i.test(message)) {
    return 'stopped answering during the start: check whether it is overloaded'
  }
  const refused = refusal(url, code, message)
  return refused ?? whyUnreachable(error, 'name its authority with &sslrootcert=<file> in the URL')
}

/** The server's own answers. */
function refusal(url: string, code: string, message: string): string | undefined {
  const user = decodeURIComponent(new URL(url).username) || 'the user'
  if (code === '28P01') return `refuses the password of ${user}: check both in the URL`
  if (code === '28000' && message.includes('no encryption')) {
    return `takes ${user} by TLS alone, or not at all: add ?sslmode=verify-full to the URL`
  }
  if (code === '28000') return `refuses ${user} (${message}): check the user in the URL`
  if (code === '3D000') return `${message}: create it (createdb), or name another in the URL`
  if (code === '42501') return message.replace(/^migrate: /, '')
  if (code === '53300') return `has no connection left (${message}): raise its max_connections`
  if (/^(08|28|53|57|58)[0-9A-Z]{3}$/.test(code)) return `${message} (${code})`
  return undefined
}

function socketOf(client: pg.ClientBase): { destroy(): unknown } {
  // Not in the types: `end` alone waits for the other side, for ever if that is frozen.
  return (client as unknown as { connection: { stream: { destroy(): unknown } } }).connection.stream
}
