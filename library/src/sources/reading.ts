import type { Row, VersionedSource } from '../contract/source.ts'
import { keyText } from './keys.ts'
import type { SqlDriver } from './sql-driver.ts'
import { arrayText } from './sql-text.ts'
import type { TableMapping } from './table-mapping.ts'

/** A row as the SQL of this room selects it. */
export interface SelectedRow {
  readonly version: string
  readonly json: string
}

/** The loading half of a mapped table. */
export function reads<Key, Value>(
  driver: SqlDriver,
  mapping: TableMapping,
): Required<Pick<VersionedSource<Key, Value>, 'load' | 'loadMany'>> {
  const { table, key, keyType, version, json } = mapping
  const selection = `t.${version}::text as version, ${json} as json`
  const loadText = `select ${selection} from ${table} as t where t.${key} = $1::${keyType}`
  const loadManyText = `select wanted.place::integer as place, ${selection}
    from unnest($1::${keyType}[]) with ordinality as wanted (key, place)
    join ${table} as t on t.${key} = wanted.key`

  return {
    async load(key, { signal }) {
      const [row] = await driver.query<SelectedRow>(loadText, [keyText(mapping, key)], { signal })
      return row && toRow<Value>(row)
    },
    async loadMany(keys, { signal }) {
      const results = new Array<Row<Value> | Error | undefined>(keys.length).fill(undefined)
      // A key that cannot be one is no reason to fail its neighbours.
      const wanted = keys.map((key, index) => {
        try {
          return keyText(mapping, key)
        } catch (error) {
          results[index] = error as Error
          return null
        }
      })
      const rows = await driver.query<PlacedRow>(loadManyText, [arrayText(wanted)], { signal })
      for (const row of rows) results[row.place - 1] = toRow<Value>(row)
      return results
    },
  }
}

interface PlacedRow extends SelectedRow {
  readonly place: number
}

/** The row that was selected. */
export function toRow<Value>(row: SelectedRow): Row<Value> {
  return { value: JSON.parse(row.json) as Value, version: Number(row.version) }
}
