import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from './start-error.ts'

/** A connection to PostgreSQL of one's own: what it holds, it holds until it has ended. */
export interface Session {
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>
  /** Resolves when the connection is gone, whoever ended it. */
  readonly ended: Promise<void>
  /** Ends it at once. */
  destroy(): void
}

/** The journal of this process. */
export interface OwnJournal {
  readonly id: string
  /** Where it is, for whoever looks for it. */
  readonly place: string
  /** How many accepted writes it held when it was opened. */
  readonly dirty: number
}

export interface JournalLockTerms {
  /** Of whoever keeps a journal: the lock's name, and where its table is. */
  readonly schema: string
  readonly journal: OwnJournal
  /** Where the database is, for whoever reads an error. */
  readonly at: string
  connect(applicationName: string): Promise<Session>
  /** How long another process may have it, once it was lost. Longer than that one takes to see that it came too late. Default 10 s. */
  readonly othersMayHaveItMs?: number
  /** Told once, when this process must end: its journal is not the one any more. */
  onLost(why: StartError): void
}

/** The right of one process to accept writes of a schema into its memory, over all machines. */
export interface JournalLock {
  readonly isHeld: boolean
  /** Of whoever had it before with another journal: what that holds still is not known here. */
  readonly notices: readonly string[]
  close(): Promise<void>
}

/** What makes the table that remembers which journal was the last one; for `migrate`. */
export const journalHolderTable = `create table journal_holder (
     only_one boolean primary key default true check (only_one),
     id uuid not null,
     place text not null,
     since timestamptz not null);`

/** A process that has just died may hold it for a moment. */
const firstWaitMs = 2_000
const retryMs = 100
const checkEveryMs = 1_000

/**
 * Takes the advisory lock of a schema on a connection of its own. A connection that is lost is made anew at once, and
 * the lock taken again; until then it is not held. Rejects with a `StartError` when another process has it, and when this
 * journal holds writes that are older than another's.
 */
export async function lockJournal(terms: JournalLockTerms): Promise<JournalLock> {
  const lock = new Lock(terms)
  await lock.takeFirst()
  return lock
}

interface Holder {
  readonly pid: number
  readonly application: string
  readonly address: string | null
}

class Lock implements JournalLock {
  readonly notices: string[] = []
  readonly #terms: JournalLockTerms
  /** Nobody else's, so that a connection which the server still takes for alive is known again. */
  readonly #name =
    `write-behind ${randomBytes(4).toString('hex')}, process ${process.pid} on ${hostname()}`
  #session: Session | undefined
  #isRetaking = false
  #isClosed = false

  constructor(terms: JournalLockTerms) {
    this.#terms = terms
  }

  get isHeld(): boolean {
    return this.#session !== undefined
  }

  async takeFirst(): Promise<void> {
    const { journal, at, schema } = this.#terms
    const session = await this.#takeWithin(firstWaitMs)
    if ('pid' in session) {
      throw new StartError(`DATABASE_URL: ${at}: ${heldBy(session)}: stop it, or set REDIS_URL`)
    }
    try {
      const other = await otherJournal(session, schema, journal.id)
      if (other !== undefined && journal.dirty > 0) throw new StartError(olderThan(other, journal))
      if (other !== undefined) this.notices.push(lastUsed(other))
      await remember(session, schema, journal)
      this.#keep(session)
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const session = this.#session
    session?.destroy()
    await session?.ended
  }

  /** A session that has the lock, or who else has it after so long. */
  async #takeWithin(ms: number): Promise<Session | Holder> {
    const until = performance.now() + ms
    for (;;) {
      const taken = await this.#tryOnce()
      if ('query' in taken || this.#isClosed || performance.now() > until) return taken
      await delay(retryMs)
    }
  }

  async #tryOnce(): Promise<Session | Holder> {
    const session = await this.#terms.connect(this.#name)
    try {
      const holder = await take(session, this.#terms.schema)
      if (holder === undefined) return session
      // A connection that is lost to us, and not yet to the server.
      if (holder.application === this.#name.slice(0, 63)) {
        await session.query('select pg_terminate_backend($1)', [holder.pid])
      }
      session.destroy()
      return holder
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  #keep(session: Session): void {
    this.#session = session
    // One that is not answered in time ends the connection.
    const timer = setInterval(() => {
      session.query('select 1').catch(() => session.destroy())
    }, checkEveryMs)
    timer.unref()
    void session.ended.then(() => {
      clearInterval(timer)
      this.#session = undefined
      void this.#retake()
    })
  }

  async #retake(): Promise<void> {
    if (this.#isRetaking) return
    this.#isRetaking = true
    while (!this.#isClosed && !this.isHeld) {
      try {
        const why = await this.#retakeOnce()
        if (why === undefined) continue
        this.#terms.onLost(new StartError(`DATABASE_URL: ${this.#terms.at}: ${why}: this one ends`))
        return
      } catch {
        // Nobody takes it while PostgreSQL is away, and it may be back at any time.
        await delay(retryMs)
      }
    }
    this.#isRetaking = false
  }

  /** Why this process cannot go on; `undefined`: it can. */
  async #retakeOnce(): Promise<string | undefined> {
    const { schema, journal, othersMayHaveItMs = 10_000 } = this.#terms
    const session = await this.#takeWithin(othersMayHaveItMs)
    if ('pid' in session) return heldBy(session)
    try {
      const other = await otherJournal(session, schema, journal.id)
      if (this.#isClosed || other !== undefined) session.destroy()
      else this.#keep(session)
      // What is in memory here is of before.
      return other && `another process has accepted writes meanwhile, into ${other}`
    } catch (error) {
      session.destroy()
      throw error
    }
  }
}

/** Where the journal is that was used last, when that is another one. */
async function otherJournal(
  session: Session,
  schema: string,
  id: string,
): Promise<string | undefined> {
  const [last] = await session.query<{ id: string; place: string }>(
    `select id::text, place from ${schema}.journal_holder`,
  )
  return last === undefined || last.id === id ? undefined : last.place
}

async function remember(
  session: Session,
  schema: string,
  { id, place }: OwnJournal,
): Promise<void> {
  await session.query(
    `insert into ${schema}.journal_holder as h (id, place, since) values ($1, $2, now())
     on conflict (only_one) do update
       set id = excluded.id, place = excluded.place, since = excluded.since
       where h.id <> excluded.id or h.place <> excluded.place`,
    [id, place],
  )
}

/** So that no other advisory lock is meant: the first half of its number. */
const family = 0x63_70_6a_6c

/** Resolves to who has the lock; `undefined`: this session has it now. */
async function take(session: Session, schema: string): Promise<Holder | undefined> {
  const [taken] = await session.query<{ mine: boolean }>(
    'select pg_try_advisory_lock($1::integer, hashtext($2)) as mine',
    [family, schema],
  )
  if (taken?.mine === true) return undefined
  const [holder] = await session.query<Holder>(
    `select a.pid, coalesce(a.application_name, '') as application, host(a.client_addr) as address
     from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = $1::bigint::oid
       and l.objid::bigint = hashtext($2)::bigint & 4294967295
       and l.database = (select oid from pg_database where datname = current_database())`,
    [family, schema],
  )
  return holder ?? { pid: 0, application: '', address: null }
}

function heldBy({ pid, application, address }: Holder): string {
  const who = application === '' ? '' : `${JSON.stringify(application)}, `
  const from = address === null ? '' : ` from ${address}`
  return (
    "another process keeps write-behind's journal in its memory " +
    `(PostgreSQL says: ${who}backend ${pid}${from})`
  )
}

function olderThan(other: string, { place, dirty }: OwnJournal): string {
  return (
    `DATA_DIR: the journal ${place} holds ${dirty} accepted writes, and another one was used since ` +
    `(${other}), whose writes they would overwrite: use that one, or remove this one to give its writes up`
  )
}

function lastUsed(other: string): string {
  return `the journal that was used last is another one (${other}): accepted writes that it may hold are not seen here`
}
