import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { read } from '../guards/repository.ts'

/** A PostgreSQL with the table of the examples, and a client made over it. */
export interface UsersDatabase<Client> {
  readonly client: Client
  /** Past the client. */
  query(text: string): Promise<unknown[]>
}

/** The table as the page of the examples has it. */
const [, table = ''] = /```sql\n([\s\S]*?)```/.exec(read('library/examples/README.md')) ?? []

/** Tests over PostgreSQL inside this process, which is always there, and is one connection. */
export function describeOverPGlite<Client>(
  title: string,
  clientOf: (pglite: PGlite) => Client,
  body: (database: UsersDatabase<Client>) => void,
): void {
  describe(`${title} over PGlite`, () => {
    run(async () => {
      const pglite = await PGlite.create()
      return {
        client: clientOf(pglite),
        query: async (text) => (await pglite.exec(text)).at(-1)?.rows ?? [],
        close: () => pglite.close(),
      }
    }, body)
  })
}

/** Tests over a PostgreSQL with many connections, where it is installed. */
export function describeOverPool<Client>(
  title: string,
  clientOf: (pool: pg.Pool) => Client,
  body: (database: UsersDatabase<Client>) => void,
): void {
  describeWith(['postgres'], `${title} over pg`, () => {
    run(async () => {
      const pool = new pg.Pool({ connectionString: await freshDatabase(), max: 20 })
      // Lost connections are the pool's to replace.
      pool.on('error', () => undefined)
      return {
        client: clientOf(pool),
        query: async (text) => (await pool.query(text)).rows,
        close: () => pool.end(),
      }
    }, body)
  })
}

function run<Client>(
  open: () => Promise<UsersDatabase<Client> & { close(): Promise<void> }>,
  body: (database: UsersDatabase<Client>) => void,
): void {
  let opened: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    opened = await open()
    await opened.query(table)
  })
  beforeEach(async () => {
    await opened.query('delete from users')
  })
  afterAll(() => opened.close())
  body({
    get client() {
      return opened.client
    },
    query: (text) => opened.query(text),
  })
}
