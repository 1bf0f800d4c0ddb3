import { type Clock, systemClock } from '../contract/clock.ts'
import { InvalidArgumentError, outcomeUnknown } from '../contract/errors.ts'
import { Call } from './pg/call.ts'
import { type Connections, connectionsOf } from './pg/connections.ts'
import { greet } from './pg/greeting.ts'
import type { Lane } from './pg/lanes.ts'
import type { PgPool, PgStatement } from './pg/pool.ts'
import { ServerClock } from './pg/server-clock.ts'
import type { Session } from './pg/session.ts'
import { checkedPool, checkedSettings } from './pg/settings.ts'
import { StatementNames } from './pg/statement-names.ts'
import { inTransaction } from './pg/transaction.ts'
import type {
  SqlCallOptions,
  SqlDriver,
  SqlParameter,
  SqlTransactionOptions,
} from './sql-driver.ts'
import { isStalePlan, provesRollback } from './sqlstate.ts'

/** Options of `pgDriver`. */
export interface PgDriverOptions {
  /** To the primary server, made with `pgOptions`. It stays yours: you end it, after the caches are closed. */
  readonly pool: PgPool
  /** Whether statements are prepared once for each connection. Off for PgBouncer before 1.21 in transaction mode. Default true. */
  readonly prepare?: boolean
  /** Where deadlines come from. Default: the machine's clock. */
  readonly clock?: Clock
}

/**
 * PostgreSQL 13 or later, over a pool of `pg` 8. A statement holds one connection for as long as it
 * runs; a quarter of the pool is kept for reading and a quarter for writing, so that neither starves
 * the other. A connection whose state is in doubt is closed, not lent again.
 *
 * Throws `INVALID_ARGUMENT` for a pool on which a call could wait without end. A hot standby,
 * `synchronous_commit` off, or an older server is refused with the same code when it is first reached.
 *
 * @example
 * const pool = new pg.Pool(pgOptions('postgres://app@localhost/shop'))
 * const driver = pgDriver({ pool })
 */
export function pgDriver(options: PgDriverOptions): SqlDriver {
  const { pool, prepare = true, clock = systemClock } = options
  const settings = checkedSettings(checkedPool(pool).options)
  if (typeof prepare !== 'boolean') {
    throw new InvalidArgumentError('prepare', 'true or false', prepare)
  }
  return new PgDriver(
    connectionsOf(pool, settings),
    prepare ? new StatementNames() : undefined,
    clock,
  )
}

class PgDriver implements SqlDriver {
  readonly name = 'postgres'
  readonly #connections: Connections
  readonly #names: StatementNames | undefined
  readonly #clock: Clock
  readonly #serverClock: ServerClock
  readonly #greeted = new WeakSet<Session>()

  constructor(connections: Connections, names: StatementNames | undefined, clock: Clock) {
    this.#connections = connections
    this.#names = names
    this.#clock = clock
    this.#serverClock = new ServerClock(clock)
  }

  toServerTime(instant: number): number {
    return this.#serverClock.toServerTime(instant)
  }

  query<Row extends object>(
    text: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<readonly Row[]> {
    const statement = this.#statement(text, parameters)
    return this.#call('read', options, (session) => this.#run<Row>(session, statement))
  }

  write<Row extends object>(
    text: string,
    parameters: readonly SqlParameter[] = [],
    options: SqlCallOptions = {},
  ): Promise<readonly Row[]> {
    const statement = this.#statement(text, parameters)
    return this.#call('write', options, async (session, call) => {
      call.committing()
      try {
        return await this.#run<Row>(session, statement)
      } catch (error) {
        throw provesRollback(error) ? error : outcomeUnknown(error)
      }
    })
  }

  async transaction<Result>(
    work: Parameters<typeof inTransaction<Result>>[1],
    options: SqlTransactionOptions = {},
  ): Promise<Result> {
    const timeoutMs = checkedTimeout(options.timeoutMs)
    const statement = this.#statement.bind(this)
    return await this.#call('write', options, (session, call) =>
      inTransaction({ session, call, statement, timeoutMs }, work),
    )
  }

  #call<Result>(
    lane: Lane,
    options: SqlTransactionOptions,
    work: (session: Session, call: Call) => Promise<Result>,
  ): Promise<Result> {
    const call = new Call(options, this.#clock)
    return call.settle(
      this.#connections.lend(lane, call, (session) => {
        if (this.#greeted.has(session) && !this.#serverClock.isStale) {
          call.connected()
          return work(session, call)
        }
        return this.#greet(session).then(() => {
          call.connected()
          return work(session, call)
        })
      }),
    )
  }

  async #greet(session: Session): Promise<void> {
    try {
      await greet(session, this.#clock, this.#serverClock)
    } catch (error) {
      session.retire(error)
      throw error
    }
    this.#greeted.add(session)
  }

  async #run<Row extends object>(
    session: Session,
    statement: PgStatement,
  ): Promise<readonly Row[]> {
    try {
      return (await session.run(statement)).rows as Row[]
    } catch (error) {
      if (statement.name === undefined || !isStalePlan(error)) throw error
      // The table was altered, and this connection's plan with it: refused before anything ran, so writes too may run again.
      return (await session.run({ ...statement, name: undefined })).rows as Row[]
    }
  }

  #statement(text: string, parameters: readonly SqlParameter[]): PgStatement {
    const name = parameters.length > 0 ? this.#names?.of(text) : undefined
    return { text, values: parameters, name }
  }
}

function checkedTimeout(timeoutMs: number | undefined): number | undefined {
  const isFine = Number.isInteger(timeoutMs) && (timeoutMs as number) > 0
  if (timeoutMs === undefined || (isFine && timeoutMs <= 86_400_000)) return timeoutMs
  throw new InvalidArgumentError('timeoutMs', 'milliseconds from 1 to a day', timeoutMs)
}
