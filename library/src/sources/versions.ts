import type { SqlDriver } from './sql-driver.ts'
import { literal } from './sql-text.ts'
import type { TableMapping } from './table-mapping.ts'

// A scan of a large table outlasts what a statement may take otherwise.
const patience = { timeoutMs: 600_000 }

/**
 * Raises the sequence of versions to the highest in the table, after a restore or an import: a
 * version that was used must not be drawn again. It never goes back.
 */
export async function raiseVersions(driver: SqlDriver, mapping: TableMapping): Promise<void> {
  const { table, version, versionSequence } = mapping
  const isBehind = `(select max(${version}) from ${table}) > (select last_value from ${versionSequence})`
  const ask = `select ${isBehind} as behind`
  const [found] = await driver.transaction(
    (tx) => tx.query<{ behind: boolean | null }>(ask),
    patience,
  )
  if (found?.behind !== true) return

  await driver.transaction(async (tx) => {
    // Versions are drawn by writers of this table: none of them may draw between the comparison and setval.
    await tx.script(`lock table ${table} in share row exclusive mode`)
    await tx.query(
      `select setval(${literal(versionSequence)}::regclass, (select max(${version}) from ${table}))
       where ${isBehind}`,
    )
  }, patience)
}
