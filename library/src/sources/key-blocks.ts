import { CacheError } from '../contract/errors.ts'
import { parseKey } from './keys.ts'
import type { SqlDriver } from './sql-driver.ts'
import type { TableMapping } from './table-mapping.ts'

/** Draws keys from the sequence that the key column owns, `size` at a time. */
export function nextKeys<Key>(
  driver: SqlDriver,
  mapping: TableMapping,
  keyColumn: string,
  size: number,
): () => Promise<Key> {
  let block: Key[] = []
  let drawing: Promise<void> | undefined

  const draw = async () => {
    const rows = await driver.query<{ key: string | null }>(
      `select nextval(pg_get_serial_sequence($1::text, $2::text))::text as key
       from generate_series(1, ${size})`,
      [mapping.table, keyColumn],
    )
    const keys = rows.flatMap(({ key }) => (key === null ? [] : [parseKey<Key>(mapping, key)]))
    if (keys.length === 0) {
      throw new CacheError(
        'UNSUPPORTED',
        `${mapping.table} draws no keys: no sequence belongs to its key column (option nextKey)`,
      )
    }
    block = keys.reverse()
  }

  return async () => {
    for (;;) {
      const key = block.pop()
      if (key !== undefined) return key
      drawing ??= draw().finally(() => {
        drawing = undefined
      })
      await drawing
    }
  }
}
