/**
 * A table behind Kysely, with versions: for every pattern but write-behind. Versions come from a
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
import { type ColumnType, type Generated, type Kysely, type Selectable, sql } from 'kysely'

interface UserTable {
  readonly id: Generated<number>
  readonly name: string
  readonly email: string
  /** pg reads a bigint as text. */
  readonly version: ColumnType<string | number, number, number>
}

/** The tables that the source uses. */
export interface Database {
  readonly users: UserTable
}

/** What is cached. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

const nextVersion = sql<number>`nextval('user_versions')`

/** The table `users` of a PostgreSQL. */
export function versionedKyselyUsers(db: Kysely<Database>): VersionedSource<number, User> {
  return {
    versioned: true,
    name: 'kysely',

    async load(id) {
      const row = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
      return row && toRow(row)
    },

    async loadMany(ids) {
      const isAsked = sql<boolean>`id = any(${ids})`
      const rows = await db.selectFrom('users').selectAll().where(isAsked).execute()
      const byId = new Map(rows.map((row) => [row.id, toRow(row)]))
      return ids.map((id) => byId.get(id))
    },

    async nextKey() {
      const next = sql<string | number>`nextval(pg_get_serial_sequence('users', 'id'))`
      const { id } = await db.selectNoFrom(next.as('id')).executeTakeFirstOrThrow()
      return Number(id)
    },

    // What an INSERT draws is drawn before it waits for a concurrent DELETE of the same key: it
    // inserts version 0, and the next statement draws.
    insert: (id, value, { deadlineAt }) =>
      commit(db, async (trx) => {
        // A field that is missing is for the database to refuse.
        const { name, email } = value as User
        await trx.insertInto('users').values({ id, name, email, version: 0 }).execute()
        return await write(trx, id, {}, deadlineAt)
      }),

    update: (id, change, context) => commit(db, (trx) => update(trx, id, change, context)),

    put: (id, value, context) =>
      commit(db, (trx) =>
        // A version is expected of a row that is there: nothing to insert then.
        context.versions ? update(trx, id, value, context) : upsert(trx, id, value, context),
      ),

    delete: (id, { deadlineAt, versions }) =>
      commit<DeleteOutcome>(db, async (trx) => {
        const held = await hold(trx, id)
        if (held === undefined) return { outcome: 'missing' }
        if (versions && !versions.includes(held.version)) return conflict(held)
        const gone = await trx
          .deleteFrom('users')
          .where('id', '=', id)
          .where(isInTime(deadlineAt))
          .returning(nextVersion.as('version'))
          .executeTakeFirst()
        if (gone === undefined) throw writeTimeout(id)
        return { outcome: 'deleted', version: Number(gone.version) }
      }),
  }
}

async function update(
  trx: Kysely<Database>,
  id: number,
  change: Change<User>,
  { deadlineAt, versions }: WriteContext & Expectation,
): Promise<WriteOutcome<User>> {
  const held = await hold(trx, id)
  if (held === undefined) return { outcome: 'missing' }
  if (versions && !versions.includes(held.version)) return conflict(held)
  const next = typeof change === 'function' ? change(held.value) : { ...held.value, ...change }
  const row = await write(trx, id, { name: next.name, email: next.email }, deadlineAt)
  return { outcome: 'written', existed: true, ...row }
}

async function upsert(
  trx: Kysely<Database>,
  id: number,
  { name, email }: User,
  { deadlineAt }: WriteContext,
): Promise<WriteOutcome<User>> {
  const standing = await trx
    .insertInto('users')
    .values({ id, name, email, version: 0 })
    .onConflict((taken) => taken.column('id').doUpdateSet({ name, email }))
    .returning('version')
    .executeTakeFirstOrThrow()
  const row = await write(trx, id, {}, deadlineAt)
  return { outcome: 'written', existed: Number(standing.version) !== 0, ...row }
}

/** The last statement of a write: draws the version, and carries the deadline. */
async function write(
  trx: Kysely<Database>,
  id: number,
  fields: Partial<Omit<User, 'id'>>,
  deadlineAt: number,
): Promise<Row<User>> {
  const row = await trx
    .updateTable('users')
    .set({ ...fields, version: nextVersion })
    .where('id', '=', id)
    .where(isInTime(deadlineAt))
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw writeTimeout(id)
  return toRow(row)
}

/** The row, locked first and compared then: missing, conflict and too late are told apart. */
async function hold(trx: Kysely<Database>, id: number): Promise<Row<User> | undefined> {
  const select = trx.selectFrom('users').selectAll().where('id', '=', id)
  const row = await select.forUpdate().executeTakeFirst()
  return row && toRow(row)
}

function isInTime(deadlineAt: number) {
  return sql<boolean>`extract(epoch from clock_timestamp()) * 1000 < ${deadlineAt}::float8`
}

function conflict({ version }: Row<User>): { outcome: 'conflict'; version: Version } {
  return { outcome: 'conflict', version }
}

function toRow({ version, ...value }: Selectable<UserTable>): Row<User> {
  return { value, version: Number(version) }
}

/** A transaction that says when nobody can tell whether it was committed. */
async function commit<Result>(
  db: Kysely<Database>,
  work: (trx: Kysely<Database>) => Promise<Result>,
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
