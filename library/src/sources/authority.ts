import type { SqlDriver } from './sql-driver.ts'
import { identifier } from './sql-text.ts'

const digits = 12

/** The first digits of the id that `migrate` wrote into the schema; `undefined` where it never ran. */
export async function readAuthority(
  driver: SqlDriver,
  schema: string,
): Promise<string | undefined> {
  const table = `${identifier(schema, 'schema')}.cache_meta`
  const [found] = await driver.query<{ exists: boolean }>(
    'select to_regclass($1::text) is not null as exists',
    [table],
  )
  if (found?.exists !== true) return undefined
  const [meta] = await driver.query<{ value: string }>(
    `select value from ${table} where name = 'database_id'`,
  )
  return meta?.value.replaceAll('-', '').slice(0, digits)
}
