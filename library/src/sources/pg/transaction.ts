import { CacheError, outcomeUnknown } from '../../contract/errors.ts'
import type { SqlQueries } from '../sql-driver.ts'
import { provesRollback } from '../sqlstate.ts'
import type { Call } from './call.ts'
import type { PgStatement } from './pool.ts'
import type { Session } from './session.ts'

// The server's own time-out has to come first: its answer proves a rollback.
const answerMarginMs = 1_000

/** What a transaction needs: who waits for it, on which connection, and how a statement is made. */
export interface TransactionTerms {
  readonly session: Session
  readonly call: Call
  readonly statement: (text: string, parameters: readonly (string | null)[]) => PgStatement
  /** Instead of the time-outs of the session and the client. */
  readonly timeoutMs: number | undefined
}

/** Runs the work between BEGIN and COMMIT. Until COMMIT is sent, whatever happens is a rollback. */
export async function inTransaction<Result>(
  terms: TransactionTerms,
  work: (queries: SqlQueries) => Promise<Result>,
): Promise<Result> {
  const { session, call, timeoutMs } = terms
  const patience = timeoutMs === undefined ? {} : { query_timeout: timeoutMs + answerMarginMs }
  const run = (statement: PgStatement) => session.run({ ...statement, ...patience })

  const statements = new Statements(terms, run)
  let result: Result
  try {
    await run({ text: begin(timeoutMs) })
    result = await work(statements)
    session.assertUsable()
    call.committing()
  } catch (error) {
    await rollBack(session)
    throw error
  } finally {
    statements.hasEnded = true
  }
  const { command } = await run({ text: 'commit' }).catch((error: unknown) => {
    throw provesRollback(error) ? error : outcomeUnknown(error)
  })
  // What a transaction with a failed statement answers to COMMIT, whether its work threw or not.
  if (command === 'ROLLBACK') throw statements.failure
  return result
}

class Statements implements SqlQueries {
  readonly #terms: TransactionTerms
  readonly #run: (statement: PgStatement) => Promise<{ readonly rows: unknown[] }>
  hasEnded = false
  failure: unknown = new Error('the server rolled the transaction back')

  constructor(
    terms: TransactionTerms,
    run: (statement: PgStatement) => Promise<{ readonly rows: unknown[] }>,
  ) {
    this.#terms = terms
    this.#run = run
  }

  async query<Row extends object>(text: string, parameters: readonly (string | null)[] = []) {
    return (await this.#send(this.#terms.statement(text, parameters))) as Row[]
  }

  async script(text: string): Promise<void> {
    await this.#send({ text })
  }

  async #send(statement: PgStatement): Promise<unknown[]> {
    this.#terms.call.assertAwaited()
    // Its connection may be another's by now.
    if (this.hasEnded) throw new CacheError('CLOSED', 'this transaction has ended')
    try {
      return (await this.#run(statement)).rows
    } catch (error) {
      this.failure = error
      throw error
    }
  }
}

function begin(timeoutMs: number | undefined): string {
  const text = 'begin isolation level read committed'
  if (timeoutMs === undefined) return text
  return `${text}; set local statement_timeout = ${timeoutMs}; set local lock_timeout = 0;
    set local idle_in_transaction_session_timeout = ${timeoutMs}`
}

/** Ends the transaction, on the server too: a connection that cannot say so is closed, which rolls back as well. */
async function rollBack(session: Session): Promise<void> {
  if (session.isSpent) return
  await session.run({ text: 'rollback' }).catch((error) => session.retire(error))
}
