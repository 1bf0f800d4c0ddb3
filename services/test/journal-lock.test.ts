import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type JournalLock,
  journalHolderTable,
  lockJournal,
  type OwnJournal,
  type Session,
} from '../journal-lock.ts'
import { connectPostgres, type RealPostgres } from '../real-postgres.ts'

const mine = { id: '00000000-0000-4000-8000-000000000001', place: 'here:/data/journal', dirty: 0 }
const theirs = {
  id: '00000000-0000-4000-8000-000000000002',
  place: 'there:/data/journal',
  dirty: 0,
}

describeWith(['postgres'], 'the lock of a journal in memory', () => {
  let admin: pg.Client
  let postgres: RealPostgres
  const locks: JournalLock[] = []

  beforeEach(async () => {
    const url = await freshDatabase()
    admin = new pg.Client({ connectionString: url })
    await admin.connect()
    await admin.query(`create schema behind; set search_path = behind; ${journalHolderTable}`)
    postgres = await connectPostgres(url)
  })
  afterEach(async () => {
    await Promise.all(locks.splice(0).map((lock) => lock.close()))
    await postgres.close()
    await admin.end()
  })

  interface Own {
    readonly connect?: (name: string) => Promise<Session>
    readonly lost?: string[]
  }

  async function lock(journal: OwnJournal, own: Own = {}): Promise<JournalLock> {
    const taken = await lockJournal({
      schema: 'behind',
      journal,
      at: 'db:5432/shop',
      connect: own.connect ?? postgres.session,
      othersMayHaveItMs: 300,
      onLost: ({ message }) => own.lost?.push(message),
    })
    locks.push(taken)
    return taken
  }

  /** Backends whose name begins so, the newest first. */
  async function backends(): Promise<{ pid: number; name: string }[]> {
    const { rows } = await admin.query(
      `select pid, application_name as name from pg_stat_activity
       where datname = current_database() and application_name like 'write-behind %'
       order by backend_start desc`,
    )
    return rows
  }

  /** As an administrator, or a server that crashes, ends it. */
  async function endConnection(): Promise<void> {
    for (const { pid } of await backends()) {
      await admin.query('select pg_terminate_backend($1)', [pid])
    }
  }

  test('goes to one process: a second is refused, in one line that says who has it', async () => {
    await lock(mine)
    const [backend] = await backends()
    expect(backend?.name).toMatch(
      new RegExp(`^write-behind [0-9a-f]{8}, process ${process.pid} on .+`),
    )
    const error = await lock(theirs).catch((reason: unknown) => reason)
    expect((error as Error).name).toBe('StartError')
    expect((error as Error).message).toBe(
      "DATABASE_URL: db:5432/shop: another process keeps write-behind's journal in its memory " +
        `(PostgreSQL says: "${backend?.name}", backend ${backend?.pid} from 127.0.0.1): ` +
        'stop it, or set REDIS_URL',
    )
    // The server needs a moment to see that the other one is gone.
    await vi.waitUntil(async () => (await backends()).length === 1)
  })

  test('is free as soon as its process gives it up, and for other schemas all the time', async () => {
    const first = await lock(mine)
    expect(first.isHeld).toBe(true)
    await first.close()
    expect(first.isHeld).toBe(false)
    expect((await lock(mine)).isHeld).toBe(true)
    const { rows } = await admin.query<{ mine: boolean }>(
      "select pg_try_advisory_lock(x'63706a6c'::integer, hashtext('others')) as mine",
    )
    expect(rows).toEqual([{ mine: true }])
  })

  test('waits a moment for a process that has just died', async () => {
    const first = await lock(mine)
    setTimeout(() => void first.close(), 300)
    expect((await lock(mine)).isHeld).toBe(true)
  })

  test('is taken again at once when its connection is lost, and is not held until then', async () => {
    const lost: string[] = []
    let isAway = false
    const taken = await lock(mine, {
      lost,
      connect: async (name) => {
        if (isAway) throw new Error('away')
        return await postgres.session(name)
      },
    })
    const [before] = await backends()
    isAway = true
    await endConnection()
    await vi.waitUntil(() => !taken.isHeld, { interval: 1 })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(taken.isHeld).toBe(false)
    isAway = false
    await vi.waitUntil(() => taken.isHeld, { interval: 1 })
    const [after] = await backends()
    expect(after?.name).toBe(before?.name)
    expect(after?.pid).not.toBe(before?.pid)
    expect(lost).toEqual([])
  })

  test('is taken from a connection of its own that only the server takes for alive', async () => {
    const zombies: Session[] = []
    const taken = await lock(mine, {
      connect: async (name) => {
        const session = await postgres.session(name)
        if (zombies.length > 0) return session
        zombies.push(session)
        let end: () => void = () => undefined
        const ended = new Promise<void>((resolve) => {
          end = resolve
        })
        // The line is dead: nobody tells the server.
        return { ...session, ended, destroy: end, query: (...call) => hangIf(end, session, call) }
      },
    })
    const [before] = await backends()
    isHung = true
    await vi.waitUntil(() => !taken.isHeld, { timeout: 5_000, interval: 1 })
    isHung = false
    await vi.waitUntil(() => taken.isHeld, { timeout: 5_000 })
    await vi.waitUntil(async () => (await backends()).length === 1)
    expect((await backends())[0]?.pid).not.toBe(before?.pid)
  })

  let isHung = false
  function hangIf<Row>(
    end: () => void,
    session: Session,
    call: Parameters<Session['query']>,
  ): Promise<readonly Row[]> {
    if (!isHung) return session.query<Row>(...call)
    end()
    return Promise.reject(new Error('no answer in time'))
  }

  test('ends its process when another one keeps it', async () => {
    const lost: string[] = []
    const taken = await lock(mine, { lost })
    const other = await postgres.session('psql')
    const wanted = other.query("select pg_advisory_lock(x'63706a6c'::integer, hashtext('behind'))")
    await endConnection()
    await wanted
    await vi.waitUntil(() => lost.length > 0, { timeout: 5_000 })
    expect(taken.isHeld).toBe(false)
    expect(lost).toEqual([
      expect.stringMatching(
        /^DATABASE_URL: db:5432\/shop: another process .*"psql", backend \d+.*\): this one ends$/,
      ),
    ])
    other.destroy()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(taken.isHeld).toBe(false)
  })

  test('ends its process when another one had it meanwhile and has accepted writes', async () => {
    const lost: string[] = []
    let isAway = false
    const taken = await lock(mine, {
      lost,
      connect: async (name) => {
        if (isAway) throw new Error('away')
        return await postgres.session(name)
      },
    })
    isAway = true
    await endConnection()
    await vi.waitUntil(() => !taken.isHeld)
    await (await lock(theirs)).close()
    isAway = false
    await vi.waitUntil(() => lost.length > 0, { timeout: 5_000 })
    expect(taken.isHeld).toBe(false)
    expect(lost).toEqual([
      'DATABASE_URL: db:5432/shop: another process has accepted writes meanwhile, into ' +
        'there:/data/journal: this one ends',
    ])
  })

  test('is refused to a journal with writes that are older than those of another', async () => {
    await (await lock(theirs)).close()
    await expect(lock({ ...mine, dirty: 3 })).rejects.toThrow(
      'DATA_DIR: the journal here:/data/journal holds 3 accepted writes, and another one was used ' +
        'since (there:/data/journal), whose writes they would overwrite: use that one, or remove ' +
        'this one to give its writes up',
    )
    const taken = await lock(mine)
    expect(taken.notices).toEqual([
      expect.stringContaining('used last is another one (there:/data/journal)'),
    ])
    await taken.close()
    expect((await lock({ ...mine, dirty: 3 })).notices).toEqual([])
  })
})
