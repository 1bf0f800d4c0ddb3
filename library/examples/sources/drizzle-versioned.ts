/**
 * A table behind Drizzle, with versions: for every pattern but write-behind. Versions come from a
 * sequence and are drawn while the row is locked, so that they grow in the order of commits. Whoever
 * else writes to the table draws one too.
 */
import {
  type Change,
  type DeleteOutcome,
  type Expectation,
  outcomeUnknown,
  type Row,
  type Version,
  type VersionedSource,
  type WriteContext,
  type WriteOutcome,
  writeTimeout,
} from 'caching-patterns'
import { provesRollback } from 'caching-patterns/postgres'
import { and, DrizzleQueryError, eq, inArray, sql } from 'drizzle-orm'
import {
  bigint,
  integer,
  type PgDatabase,
  type PgQueryResultHKT,
  pgTable,
  text,
} from 'drizzle-orm/pg-core'

const users = pgTable('users', {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  name: text().notNull(),
  email: text().notNull().unique(),
  version: bigint('version', { mode: 'number' }).notNull(),
})

/** What is cached. */
export type User = Omit<typeof users.$inferSelect, 'version'>

/** Drizzle over any client of PostgreSQL. */
export type Database = PgDatabase<PgQueryResultHKT>

const nextVersion = sql`nextval('user_versions')`.mapWith(Number)

/** The table `users` of a PostgreSQL. */
export function versionedDrizzleUsers(db: Database): VersionedSource<number, User> {
  return {
    versioned: true,
    name: 'drizzle',

    async load(id) {
      const [row] = await db.select().from(users).where(eq(users.id, id))
      return row && toRow(row)
    },

    async loadMany(ids) {
      const found = await db
        .select()
        .from(users)
        .where(inArray(users.id, [...ids]))
      const byId = new Map(found.map((row) => [row.id, toRow(row)]))
      return ids.map((id) => byId.get(id))
    },

    async nextKey() {
      const id = sql`nextval(pg_get_serial_sequence('users', 'id'))`.mapWith(Number)
      const [next] = await db.select({ id }).from(sql`(select 1) as one`)
      if (next === undefined) throw new Error('the sequence returned no row')
      return next.id
    },

    // What an INSERT draws is drawn before it waits for a concurrent DELETE of the same key: it
    // inserts version 0, and the next statement draws.
    insert: (id, value, { deadlineAt }) =>
      commit(db, async (tx) => {
        // A field that is missing is for the database to refuse.
        const { name, email } = value as User
        await tx.insert(users).values({ id, name, email, version: 0 })
        return await write(tx, id, {}, deadlineAt)
      }),

    update: (id, change, context) => commit(db, (tx) => update(tx, id, change, context)),

    put: (id, value, context) =>
      commit(db, (tx) =>
        // A version is expected of a row that is there: nothing to insert then.
        context.versions ? update(tx, id, value, context) : upsert(tx, id, value, context),
      ),

    delete: (id, { deadlineAt, versions }) =>
      commit<DeleteOutcome>(db, async (tx) => {
        const held = await hold(tx, id)
        if (held === undefined) return { outcome: 'missing' }
        if (versions && !versions.includes(held.version)) return conflict(held)
        const [gone] = await tx
          .delete(users)
          .where(and(eq(users.id, id), isInTime(deadlineAt)))
          .returning({ version: nextVersion })
        if (gone === undefined) throw writeTimeout(id)
        return { outcome: 'deleted', version: gone.version }
      }),
  }
}

async function update(
  tx: Database,
  id: number,
  change: Change<User>,
  { deadlineAt, versions }: WriteContext & Expectation,
): Promise<WriteOutcome<User>> {
  const held = await hold(tx, id)
  if (held === undefined) return { outcome: 'missing' }
  if (versions && !versions.includes(held.version)) return conflict(held)
  const next = typeof change === 'function' ? change(held.value) : { ...held.value, ...change }
  const row = await write(tx, id, { name: next.name, email: next.email }, deadlineAt)
  return { outcome: 'written', existed: true, ...row }
}

async function upsert(
  tx: Database,
  id: number,
  { name, email }: User,
  { deadlineAt }: WriteContext,
): Promise<WriteOutcome<User>> {
  const [standing] = await tx
    .insert(users)
    .values({ id, name, email, version: 0 })
    .onConflictDoUpdate({ target: users.id, set: { name, email } })
    .returning({ version: users.version })
  const row = await write(tx, id, {}, deadlineAt)
  return { outcome: 'written', existed: standing?.version !== 0, ...row }
}

/** The last statement of a write: draws the version, and carries the deadline. */
async function write(
  tx: Database,
  id: number,
  fields: Partial<Omit<User, 'id'>>,
  deadlineAt: number,
): Promise<Row<User>> {
  const [row] = await tx
    .update(users)
    .set({ ...fields, version: nextVersion })
    .where(and(eq(users.id, id), isInTime(deadlineAt)))
    .returning()
  if (row === undefined) throw writeTimeout(id)
  return toRow(row)
}

/** The row, locked first and compared then: missing, conflict and too late are told apart. */
async function hold(tx: Database, id: number): Promise<Row<User> | undefined> {
  const [row] = await tx.select().from(users).where(eq(users.id, id)).for('update')
  return row && toRow(row)
}

function isInTime(deadlineAt: number) {
  return sql`extract(epoch from clock_timestamp()) * 1000 < ${deadlineAt}::float8`
}

function conflict({ version }: Row<User>): { outcome: 'conflict'; version: Version } {
  return { outcome: 'conflict', version }
}

function toRow({ version, ...value }: typeof users.$inferSelect): Row<User> {
  return { value, version }
}

/** A transaction that says when nobody can tell whether it was committed. */
async function commit<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
): Promise<Result> {
  let isCommitting = false
  try {
    return await db.transaction(
      async (tx) => {
        const result = await work(tx)
        isCommitting = true
        return result
      },
      { isolationLevel: 'read committed' },
    )
  } catch (error) {
    // Drizzle's own error has the row in its message; the database's is below it, with its SQLSTATE.
    const cause = error instanceof DrizzleQueryError ? error.cause : error
    throw isCommitting && !provesRollback(cause) ? outcomeUnknown(cause) : cause
  }
}
