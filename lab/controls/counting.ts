import type { ControlDatabase } from './database.ts'

/** A database that says how many statements it was sent. */
export interface CountedDatabase extends ControlDatabase {
  readonly statements: number
}

/** Counts what is sent, whether or not it is answered. */
export function countingStatements(database: ControlDatabase): CountedDatabase {
  let statements = 0
  return {
    get statements() {
      return statements
    },
    query(statement, values) {
      statements += 1
      return database.query(statement, values)
    },
  }
}
