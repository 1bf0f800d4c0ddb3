/**
 * A table behind Kysely, as values: for every pattern that only invalidates after a write
 * (`readThrough`, `refreshAhead`, `createCache` with `around`). `kysely-versioned.ts` is the one for
 * write-through.
 */
import { outcomeUnknown, type Source, writeTimeout } from 'caching-patterns'
import { provesRollback } from 'caching-patterns/postgres'
import { type Generated, type Kysely, sql, type Transaction } from 'kysely'

/** The tables that the source uses. */
export interface Database {
  readonly users: { readonly id: Generated<number>; readonly name: string; readonly email: string }
}

/** What is cached. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

const columns = ['id', 'name', 'email'] as const

/** The table `users` of a PostgreSQL. */
export function kyselyUsers(db: Kysely<Database>): Source<number, User> {
  return {
    load: (id) => db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst(),

    async loadMany(ids) {
      const isAsked = sql<boolean>`id = any(${ids})`
      const users = await db.selectFrom('users').select(columns).where(isAsked).execute()
      const byId = new Map(users.map((user) => [user.id, user]))
      return ids.map((id) => byId.get(id))
    },

    insert: (value, { deadlineAt }) =>
      commit(db, async (trx) => {
        // A field that is missing is for the database to refuse.
        const { name, email } = value as User
        const insert = trx.insertInto('users').values({ name, email }).returning(columns)
        const user = await insert.executeTakeFirstOrThrow()
        await assertInTime(trx, user.id, deadlineAt)
        return { key: user.id, value: user }
      }),

    update: (id, change, { deadlineAt }) =>
      commit(db, async (trx) => {
        const select = trx.selectFrom('users').select(columns).where('id', '=', id)
        const current = await select.forUpdate().executeTakeFirst()
        if (current === undefined) return null
        const next = typeof change === 'function' ? change(current) : { ...current, ...change }
        const user = { id, name: next.name, email: next.email }
        await trx.updateTable('users').set(user).where('id', '=', id).execute()
        await assertInTime(trx, id, deadlineAt)
        return user
      }),

    delete: (id, { deadlineAt }) =>
      commit(db, async (trx) => {
        const remove = trx.deleteFrom('users').where('id', '=', id).returning('id')
        if ((await remove.executeTakeFirst()) === undefined) return false
        await assertInTime(trx, id, deadlineAt)
        return true
      }),
  }
}

/** The last statement of a write: too late, and the transaction rolls back. Waits for locks count. */
async function assertInTime(
  trx: Transaction<Database>,
  id: number,
  deadlineAt: number,
): Promise<void> {
  const clock = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8`
  const { now } = await trx.selectNoFrom(clock.as('now')).executeTakeFirstOrThrow()
  if (now >= deadlineAt) throw writeTimeout(id)
}

/** A transaction that says when nobody can tell whether it was committed. */
async function commit<Result>(
  db: Kysely<Database>,
  work: (trx: Transaction<Database>) => Promise<Result>,
): Promise<Result> {
  let isCommitting = false
  try {
    return await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (trx) => {
        const result = await work(trx)
        isCommitting = true
        return result
      })
  } catch (error) {
    throw isCommitting && !provesRollback(error) ? outcomeUnknown(error) : error
  }
}
