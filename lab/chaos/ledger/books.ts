import { setTimeout as delay } from 'node:timers/promises'
import type { LocalRedis } from '@caching-patterns/local-servers'
import pg from 'pg'
import { createClient } from 'redis'
import type { Standing } from '../audit.ts'
import type { Letter } from './ledger.ts'

/** The database and the journal as they are, asked past all proxies and services. */
export interface BookKeeper {
  /** From now on the database refuses what `refusals` names; that of taken emails it does by itself. */
  refusePoison(): Promise<void>
  /** The users with these ids. */
  standing(ids: readonly number[]): Promise<Standing[]>
  /** The users with these ids, and all others that were named in this range of serial numbers. */
  rows(ids: readonly number[], serials: SerialRange): Promise<Standing[]>
  /** All that the journal keeps. */
  letters(): Promise<Letter[]>
  /** Waits until nothing is dirty, that is accepted, and neither in the database nor refused. */
  drained(withinMs: number): Promise<Drained>
  /** Accepted writes that the journal itself counts as gone. */
  journalLost(): Promise<number>
}

export interface Drained {
  /** Users that are dirty still, when the time was up. */
  readonly left: ReadonlySet<string>
  readonly ms: number
}

/** Of the names that clients draw: both ends belong to it. */
export interface SerialRange {
  readonly first: number
  readonly last: number
}

/** Where the books are. */
export interface Shelf {
  readonly redis: LocalRedis
  readonly databaseUrl: string
  readonly schema: string
}

const pollMs = 250
const patternOfName = '^(?:Chaos|Poison|Clash) (\\d+)$'

/** Connects anew for each question: servers are restarted between two. */
export function bookKeeper({ redis, databaseUrl, schema }: Shelf): BookKeeper {
  const query = <Row>(text: string, values: readonly unknown[] = []) =>
    withDatabase(databaseUrl, async (client) => {
      const { rows } = await client.query(text, [...values])
      return rows as Row[]
    })
  const select = `select id::text as key, version::text, name as value from ${schema}.users`
  const standing = async (where: string, values: readonly unknown[]): Promise<Standing[]> => {
    const rows = await query<Record<keyof Standing, string>>(`${select} where ${where}`, values)
    return rows.map(({ key, version, value }) => ({ key, version: Number(version), value }))
  }
  return {
    async refusePoison() {
      const rule = `add constraint chaos_poison check (name not like 'Poison %')`
      await query(`alter table ${schema}.users ${rule}`)
    },
    standing: (ids) => standing('id = any($1::bigint[])', [ids]),
    rows: (ids, { first, last }) =>
      standing(
        `id = any($1::bigint[]) or substring(name from '${patternOfName}')::bigint between $2 and $3`,
        [ids, first, last],
      ),
    letters: () => lettersOf(redis),
    async drained(withinMs) {
      const startedAt = performance.now()
      // Twice: what a process that was frozen had in its hands is on its way when it wakes up.
      for (let isClean = false; ; ) {
        const left = await dirtyOf(redis)
        const ms = performance.now() - startedAt
        if ((left.size === 0 && isClean) || ms > withinMs) return { left, ms }
        isClean = left.size === 0
        await delay(isClean ? 2 * pollMs : pollMs)
      }
    },
    journalLost: () =>
      withKeys(redis, '*}lost', async (keys, send) => {
        const counts = await Promise.all(keys.map(async (key) => Number(await send('GET', key))))
        return counts.reduce((sum, count) => sum + count, 0)
      }),
  }
}

/** Of the journal: sorted sets, one for each partition, of keys that end with the id; of the control, its list. */
function dirtyOf(redis: LocalRedis): Promise<ReadonlySet<string>> {
  return withKeys(redis, '*}dirty', async (keys, send) => {
    const lists = keys.map((key) => send('ZRANGE', key, '0', '-1') as Promise<string[]>)
    const queue = (await send('LRANGE', 'naive:queue', '0', '-1')) as string[]
    const queued = queue.map((text) => {
      const { id, gone } = JSON.parse(text) as { readonly id?: number; readonly gone?: number }
      return String(id ?? gone)
    })
    return new Set([...(await Promise.all(lists)).flat().map(idOf), ...queued])
  })
}

function idOf(key: string): string {
  return /(\d+)$/.exec(key)?.[1] ?? key
}

/** A letter's key ends with the id. */
function lettersOf(redis: LocalRedis): Promise<Letter[]> {
  return withKeys(redis, '*}dlq', async (keys, send) => {
    const texts = await Promise.all(keys.map(async (key) => (await send('HVALS', key)) as string[]))
    return texts.flat().map((text) => letterOf(text))
  })
}

/** What the journal keeps of a refused write, as JSON. */
export function letterOf(text: string): Letter {
  const { key, version, json, sqlstate } = JSON.parse(text) as {
    readonly key: string
    readonly version: number
    readonly json: string | null
    readonly sqlstate: string
  }
  const value = json === null ? null : String((JSON.parse(json) as { name?: unknown }).name)
  return { key: idOf(key), version, value, sqlstate }
}

async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

type Send = (...command: string[]) => Promise<unknown>

async function withKeys<T>(
  redis: LocalRedis,
  pattern: string,
  work: (keys: readonly string[], send: Send) => Promise<T>,
): Promise<T> {
  const client = createClient({ url: redis.url, socket: { connectTimeout: 5_000 } })
  client.on('error', () => undefined)
  await client.connect()
  const send: Send = (...command) => client.sendCommand(command)
  try {
    const keys: string[] = []
    let cursor = '0'
    do {
      const page = await send('SCAN', cursor, 'MATCH', pattern, 'COUNT', '10000')
      const [next, found] = page as [string, string[]]
      keys.push(...found)
      cursor = next
    } while (cursor !== '0')
    return await work([...new Set(keys)], send)
  } finally {
    client.destroy()
  }
}
