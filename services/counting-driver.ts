import type { SqlDriver, SqlQueries } from 'caching-patterns/postgres'

/** A driver that says how many statements went through it. */
export interface CountingDriver extends SqlDriver {
  readonly statements: number
}

/**
 * Counts each statement that the driver is given, answered or not: one for each of a transaction, none for its BEGIN and
 * COMMIT. Not counted: scripts, which make tables and lock them, and what a driver asks by itself of a new connection.
 */
export function countingDriver(driver: SqlDriver): CountingDriver {
  let statements = 0
  return {
    name: driver.name,
    get statements() {
      return statements
    },
    query(text, parameters, options) {
      statements += 1
      return driver.query(text, parameters, options)
    },
    write(text, parameters, options) {
      statements += 1
      return driver.write(text, parameters, options)
    },
    transaction(work, options) {
      const counted = (queries: SqlQueries): SqlQueries => ({
        query(...call) {
          statements += 1
          return queries.query(...call)
        },
        script: (text) => queries.script(text),
      })
      return driver.transaction((queries) => work(counted(queries)), options)
    },
    ...(driver.toServerTime && { toServerTime: driver.toServerTime.bind(driver) }),
  }
}
