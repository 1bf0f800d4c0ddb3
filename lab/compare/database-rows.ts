import type pg from 'pg'
import type { DatabaseRow } from './subject.ts'

const absent: DatabaseRow = { name: undefined, version: undefined }

/** The rows of these users as the database has them, one for each. */
export async function rowsOf(
  pool: pg.Pool,
  schema: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, DatabaseRow>> {
  const { rows } = await pool.query<{ id: number; name: string; version: number }>({
    name: 'rows',
    text: `select id::float8 as id, name, version::float8 as version from ${schema}.users
      where id = any($1::bigint[])`,
    values: [ids],
  })
  const found = new Map(rows.map(({ id, name, version }) => [id, { name, version }]))
  return new Map(ids.map((id) => [id, found.get(id) ?? absent]))
}
