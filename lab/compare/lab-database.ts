import pg from 'pg'

/** Whom the lab connects as: what it asks is told apart from what subjects ask. */
const labUser = 'lab'
const withinMs = 5_000

/** Makes the user that the lab's own pools connect as. */
export async function createLabUser(url: string): Promise<void> {
  await ask(url, `create role ${labUser} superuser login`)
}

/** One statement on a connection of its own, as the user of the URL. */
export async function ask(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: withinMs })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A few connections of the lab's own to a database. They may break at any time: servers are ended, too. */
export function labPool(url: string): pg.Pool {
  const own = new URL(url)
  own.username = labUser
  const pool = new pg.Pool({
    connectionString: own.href,
    max: 2,
    connectionTimeoutMillis: withinMs,
    query_timeout: withinMs,
  })
  // Whoever asks next hears of it.
  pool.on('error', () => undefined)
  return pool
}
