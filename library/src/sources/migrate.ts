import { InvalidArgumentError } from '../contract/errors.ts'
import type { SqlDriver, SqlQueries } from './sql-driver.ts'
import { identifier, literal } from './sql-text.ts'

/** The schema, and what is to stand in it. */
export interface MigrateOptions {
  /** Created when it does not exist. */
  readonly schema: string
  /**
   * SQL scripts, numbered by their position from 1 on: append to the list, never change what has
   * run. Unqualified names mean the schema. Default: none.
   */
  readonly migrations?: readonly string[]
  /** How long a script may take, and the wait for another process that runs them, in milliseconds. Up to a day. Default 10 minutes. */
  readonly timeoutMs?: number
}

/** What `migrate` found and did. */
export interface MigrateResult {
  /** How many of your migrations ran now. */
  readonly applied: number
  /** Random, written once: another id is another database, and what was cached of the first says nothing of it. */
  readonly databaseId: string
}

const defaultTimeoutMs = 600_000

// What the library itself keeps in a schema: the database's id, the sequence that versions come from,
// what its caches are still to be told, and who may flush the journals of write-behind. Rows of the
// outbox live for moments: what they leave behind is to be cleared away by their number, whatever
// share of the table that is.
const ownMigrations = [
  `create table cache_meta (name text primary key, value text not null);
   insert into cache_meta values ('database_id', gen_random_uuid()::text);
   create sequence cache_version as bigint cache 1;`,
  `create table cache_outbox (
     id bigint generated always as identity, entity text not null, key text not null,
     version bigint not null, created_at timestamptz not null default clock_timestamp(),
     primary key (entity, id))
   with (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);`,
  `create table cache_epochs (
     journal text not null, partition integer not null, epoch bigint not null,
     primary key (journal, partition))
   with (fillfactor = 50);`,
]

/**
 * Brings a schema up to date: runs each migration once, in order, all of them in one transaction,
 * and records them in the schema's `cache_migrations`. Made to run at every start, in any number of
 * processes at once: they wait for each other. Needs the right to create the schema only where it is
 * missing; rejects with the code 42501 and the grant that helps when it lacks that.
 */
export async function migrate(driver: SqlDriver, options: MigrateOptions): Promise<MigrateResult> {
  const schema = identifier(options.schema, 'schema')
  const migrations = options.migrations ?? []
  const wrong = migrations.findIndex((sql) => typeof sql !== 'string')
  if (wrong >= 0) {
    throw new InvalidArgumentError(`migrations[${wrong}]`, 'SQL text', migrations[wrong])
  }

  const inTime = { timeoutMs: options.timeoutMs ?? defaultTimeoutMs }
  return await driver.transaction(async (tx) => {
    const lock = `caching-patterns ${options.schema}`
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))', [lock])
    await prepareSchema(tx, options.schema)
    await runMissing(tx, 'library', ownMigrations)
    const applied = await runMissing(tx, 'own', migrations)
    const [meta] = await tx.query<{ value: string }>(
      "select value from cache_meta where name = 'database_id'",
    )
    if (meta === undefined) throw new Error(`${schema}.cache_meta has no database_id`)
    return { applied, databaseId: meta.value }
  }, inTime)
}

interface Place {
  readonly role: string
  readonly database: string
  readonly has_schema: boolean
  readonly has_table: boolean
  readonly may_create_schema: boolean
  readonly may_use: boolean | null
  readonly may_create: boolean | null
}

const askPlace = `
  select quote_ident(current_user) as role, quote_ident(current_database()) as database,
    n.oid is not null as has_schema, c.oid is not null as has_table,
    has_database_privilege(current_database(), 'create') as may_create_schema,
    has_schema_privilege(n.oid, 'usage') as may_use,
    has_schema_privilege(n.oid, 'create') as may_create
  from (select 1) as one
  left join pg_namespace n on n.nspname = $1::text
  left join pg_class c on c.relnamespace = n.oid and c.relname = 'cache_migrations'`

/** The schema, its list of migrations, and the search path of this transaction. */
async function prepareSchema(tx: SqlQueries, schema: string): Promise<void> {
  const name = identifier(schema, 'schema')
  // Asked first: `if not exists` demands the right to create even where nothing is to be created.
  const [place] = await tx.query<Place>(askPlace, [schema])
  const { role, database, has_schema, has_table, ...may } = place as Place
  if (!has_schema) {
    const remedy = `grant create on database ${database} to ${role}, or create the schema for it`
    if (!may.may_create_schema) throw denied(`${role} may not create the schema ${name}: ${remedy}`)
    await tx.script(`create schema ${name}`)
  } else if (!may.may_use || !(has_table || may.may_create)) {
    const remedy = `grant usage, create on schema ${name} to ${role}`
    throw denied(`${role} may not create tables in the schema ${name}: ${remedy}`)
  }
  await tx.script(`set local search_path to ${name}`)
  if (!has_table) await tx.script(createMigrations)
}

const createMigrations = `create table cache_migrations (
  series text not null, number integer not null,
  applied_at timestamptz not null default clock_timestamp(), primary key (series, number))`

/** As the server says it, but with the way out. */
function denied(told: string): Error {
  return Object.assign(new Error(`migrate: role ${told}`), { code: '42501' })
}

async function runMissing(
  tx: SqlQueries,
  series: 'library' | 'own',
  migrations: readonly string[],
): Promise<number> {
  const done = await tx.query<{ number: number }>(
    'select number from cache_migrations where series = $1::text',
    [series],
  )
  const numbers = new Set(done.map(({ number }) => number))
  const missing = migrations
    .map((sql, index) => ({ sql, number: index + 1 }))
    .filter(({ number }) => !numbers.has(number))
  for (const { sql, number } of missing) {
    await tx.script(sql)
    await tx.script(
      `insert into cache_migrations (series, number) values (${literal(series)}, ${number})`,
    )
  }
  return missing.length
}
