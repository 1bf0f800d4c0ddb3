import { PGlite } from '@electric-sql/pglite'
import { migrate, pgliteDriver, type SqlDriver } from 'caching-patterns/postgres'

/** A real PostgreSQL in memory, for one test file. */
export async function openDatabase() {
  const pglite = await PGlite.create()
  const driver = pgliteDriver(pglite)
  let schemas = 0
  return {
    pglite,
    driver,
    /** A schema of its own for each test, with what the library keeps in one. */
    async schema(...migrations: string[]) {
      const schema = `test_${++schemas}`
      await migrate(driver, { schema, migrations })
      return schema
    },
  }
}

/** What a statement selects, each row as an array. */
export async function select(driver: SqlDriver, text: string): Promise<unknown[][]> {
  return (await driver.query(text)).map((row) => Object.values(row))
}
