import type { SqlDriver } from './sql-driver.ts'
import { literal } from './sql-text.ts'
import type { TableMapping } from './table-mapping.ts'

// A scan of a large table outlasts what a statement may take otherwise.
const patience = { timeoutMs: 600_000 }

/**
 * Raises the sequence of versions to the highest in the table, after a restore or an import: a
 * version that was used must not be drawn again. It never goes back. Returns that highest version, 0 of an empty table.
 */
export async function raiseVersions(driver: SqlDriver, mapping: TableMapping): Promise<number> {
  const { table, version, versionSequence } = mapping
  const isBehind = `(select max(${version}) from ${table}) > (select last_value from ${versionSequence})`
  const ask = `select max(${version})::text as highest, ${isBehind} as behind from ${table}`
  const [found] = await driver.transaction(
    (tx) => tx.query<{ highest: string | null; behind: boolean | null }>(ask),
    patience,
  )
  const highest = Number(found?.highest ?? 0)
  if (found?.behind !== true) return highest

  await driver.transaction(async (tx) => {
    // Versions are drawn by writers of this table: none of them may draw between the comparison and setval.
    await tx.script(`lock table ${table} in share row exclusive mode`)
    await tx.query(
      `select setval(${literal(versionSequence)}::regclass, (select max(${version}) from ${table}))
       where ${isBehind}`,
    )
  }, patience)
  return highest
}
