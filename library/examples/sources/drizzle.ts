/**
 * A table behind Drizzle, as values: for every pattern that only invalidates after a write
 * (`readThrough`, `refreshAhead`, `createCache` with `around`). `drizzle-versioned.ts` is the one
 * for write-through.
 */
import { outcomeUnknown, type Source, writeTimeout } from 'caching-patterns'
import { provesRollback } from 'caching-patterns/postgres'
import { DrizzleQueryError, eq, inArray, sql } from 'drizzle-orm'
import { integer, type PgDatabase, type PgQueryResultHKT, pgTable, text } from 'drizzle-orm/pg-core'

const users = pgTable('users', {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  name: text().notNull(),
  email: text().notNull().unique(),
})

/** What is cached. */
export type User = typeof users.$inferSelect

/** Drizzle over any client of PostgreSQL. */
export type Database = PgDatabase<PgQueryResultHKT>

/** The table `users` of a PostgreSQL. */
export function drizzleUsers(db: Database): Source<number, User> {
  return {
    async load(id) {
      const [user] = await db.select().from(users).where(eq(users.id, id))
      return user
    },

    async loadMany(ids) {
      const found = await db
        .select()
        .from(users)
        .where(inArray(users.id, [...ids]))
      const byId = new Map(found.map((user) => [user.id, user]))
      return ids.map((id) => byId.get(id))
    },

    insert: (value, { deadlineAt }) =>
      commit(db, async (tx) => {
        // A field that is missing is for the database to refuse.
        const { name, email } = value as User
        const [user] = await tx.insert(users).values({ name, email }).returning()
        if (user === undefined) throw new Error('the INSERT returned no row')
        await assertInTime(tx, user.id, deadlineAt)
        return { key: user.id, value: user }
      }),

    update: (id, change, { deadlineAt }) =>
      commit(db, async (tx) => {
        const [current] = await tx.select().from(users).where(eq(users.id, id)).for('update')
        if (current === undefined) return null
        const next = typeof change === 'function' ? change(current) : { ...current, ...change }
        const user = { id, name: next.name, email: next.email }
        await tx.update(users).set(user).where(eq(users.id, id))
        await assertInTime(tx, id, deadlineAt)
        return user
      }),

    delete: (id, { deadlineAt }) =>
      commit(db, async (tx) => {
        const gone = await tx.delete(users).where(eq(users.id, id)).returning({ id: users.id })
        if (gone.length === 0) return false
        await assertInTime(tx, id, deadlineAt)
        return true
      }),
  }
}

/** The last statement of a write: too late, and the transaction rolls back. Waits for locks count. */
async function assertInTime(tx: Database, id: number, deadlineAt: number): Promise<void> {
  const now = sql`extract(epoch from clock_timestamp()) * 1000`.mapWith(Number)
  const [clock] = await tx.select({ now }).from(sql`(select 1) as one`)
  if (clock === undefined || clock.now >= deadlineAt) throw writeTimeout(id)
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
