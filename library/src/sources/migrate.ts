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
}

/** What `migrate` found and did. */
export interface MigrateResult {
  /** How many of your migrations ran now. */
  readonly applied: number
  /** Random, written once: another id is another database, and what was cached of the first says nothing of it. */
  readonly databaseId: string
}

// What the library itself keeps in a schema: the database's id, and the sequence that versions come from.
const ownMigrations = [
  `create table cache_meta (name text primary key, value text not null);
   insert into cache_meta values ('database_id', gen_random_uuid()::text);
   create sequence cache_version as bigint cache 1;`,
]

/**
 * Brings a schema up to date: runs each migration once, in order, all of them in one transaction,
 * and records them in the schema's `cache_migrations`. Made to run at every start, in any number of
 * processes at once: they wait for each other.
 */
export async function migrate(driver: SqlDriver, options: MigrateOptions): Promise<MigrateResult> {
  const schema = identifier(options.schema, 'schema')
  const migrations = options.migrations ?? []
  const wrong = migrations.findIndex((sql) => typeof sql !== 'string')
  if (wrong >= 0) {
    throw new InvalidArgumentError(`migrations[${wrong}]`, 'SQL text', migrations[wrong])
  }

  return await driver.transaction(async (tx) => {
    const lock = `caching-patterns ${options.schema}`
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))', [lock])
    // Asked first: `create schema if not exists` demands the right to create one even if it exists.
    const found = await tx.query('select 1 from pg_namespace where nspname = $1', [options.schema])
    if (found.length === 0) await tx.script(`create schema ${schema}`)
    await tx.script(
      `set local search_path to ${schema};
       create table if not exists cache_migrations (
         series text not null, number integer not null,
         applied_at timestamptz not null default clock_timestamp(), primary key (series, number));`,
    )
    await runMissing(tx, 'library', ownMigrations)
    const applied = await runMissing(tx, 'own', migrations)
    const [meta] = await tx.query<{ value: string }>(
      "select value from cache_meta where name = 'database_id'",
    )
    if (meta === undefined) throw new Error(`${schema}.cache_meta has no database_id`)
    return { applied, databaseId: meta.value }
  })
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
