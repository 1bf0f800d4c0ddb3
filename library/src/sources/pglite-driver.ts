import { setImmediate as nextTurn } from 'node:timers/promises'
import { CacheError, outcomeUnknown } from '../contract/errors.ts'
import type { SqlDriver, SqlQueries } from './sql-driver.ts'
import { provesRollback } from './sqlstate.ts'

/** The slice of a PGlite transaction that is used. */
export interface PGliteTransaction {
  query(text: string, parameters?: unknown[]): Promise<{ readonly rows: unknown[] }>
  exec(text: string): Promise<unknown>
}

/** The slice of PGlite that is used. */
export interface PGliteClient {
  readonly closed: boolean
  query(text: string, parameters?: unknown[]): Promise<{ readonly rows: unknown[] }>
  transaction<Result>(work: (tx: PGliteTransaction) => Promise<Result>): Promise<Result>
}

/**
 * PostgreSQL inside this process. PGlite is one connection: calls wait for each other, a transaction
 * for all of its statements, and a statement under way cannot be interrupted. The instance stays
 * yours: closing it is up to you, and calls after that reject with `CLOSED`.
 */
export function pgliteDriver(pglite: PGliteClient): SqlDriver {
  const refuseIfClosed = (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted()
    if (pglite.closed) throw new CacheError('CLOSED', 'this PGlite instance is closed')
  }
  const query: SqlDriver['query'] = async (text, parameters = [], { signal } = {}) => {
    await othersFirst()
    refuseIfClosed(signal)
    return await rowsOf(pglite.query(text, [...parameters]))
  }

  return {
    name: 'pglite',
    query,
    async write(text, parameters = [], { signal } = {}) {
      refuseIfClosed(signal)
      try {
        return await rowsOf(pglite.query(text, [...parameters]))
      } catch (error) {
        throw provesRollback(error) ? error : outcomeUnknown(error)
      }
    },
    async transaction(work, { signal } = {}) {
      refuseIfClosed(signal)
      let isCommitting = false
      try {
        return await pglite.transaction(async (tx) => {
          const result = await work(queriesOf(tx))
          isCommitting = true
          return result
        })
      } catch (error) {
        // Before COMMIT is sent, whatever happens is a rollback.
        throw isCommitting && !provesRollback(error) ? outcomeUnknown(error) : error
      }
    },
  }
}

/**
 * A query of PGlite computes on this very thread, and ends before any socket is looked at again.
 * So what has arrived by now is read first, and its callers find the load under way instead of
 * queueing behind it: two turns of the event loop have a poll between them.
 */
async function othersFirst(): Promise<void> {
  await nextTurn()
  await nextTurn()
}

function queriesOf(tx: PGliteTransaction): SqlQueries {
  return {
    query: (text, parameters = []) => rowsOf(tx.query(text, [...parameters])),
    async script(text) {
      await tx.exec(text)
    },
  }
}

async function rowsOf<Row>(result: Promise<{ readonly rows: unknown[] }>): Promise<readonly Row[]> {
  try {
    return (await result).rows as Row[]
  } catch (error) {
    // PGlite hangs the parameters on its errors, and an error ends in a log: rows do not belong there.
    if (error instanceof Error && 'params' in error) delete error.params
    throw error
  }
}
