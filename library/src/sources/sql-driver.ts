/** Parameters travel as text; the SQL casts them (`$1::bigint`), so that no client's own conversions matter. */
export type SqlParameter = string | null

/** What a client may use to bound a call. A driver that cannot interrupt a statement may ignore both once it is sent. */
export interface SqlCallOptions {
  /** Nobody waits any longer. */
  readonly signal?: AbortSignal
  /** Epoch milliseconds of this process past which the statement is of no use: no connection is waited for any longer. */
  readonly deadlineAt?: number
}

/** What bounds a transaction. */
export interface SqlTransactionOptions extends SqlCallOptions {
  /** How long each statement, and the wait for a connection, may take, instead of what the client is set to: for migrations. */
  readonly timeoutMs?: number
}

/** A connection, for as long as it is lent. */
export interface SqlQueries {
  /** Runs one statement. The type of the rows is the caller's word for what its SQL selects. */
  query<Row extends object>(
    text: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<readonly Row[]>
  /** Runs several statements, separated by semicolons, without parameters. */
  script(text: string): Promise<void>
}

/**
 * One PostgreSQL client behind the source. Time-outs, prepared statements and the question whether a
 * commit happened are the driver's: `write` and `transaction` reject with the database's own error
 * when it proves that nothing was written, and with `WRITE_OUTCOME_UNKNOWN` when nobody can tell.
 */
export interface SqlDriver {
  /** A word for stats and labels: `pglite`, `postgres`. */
  readonly name: string
  /** Runs one statement that reads; its errors are the client's own. */
  query<Row extends object>(
    text: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<readonly Row[]>
  /** Runs one statement that writes, in a transaction of its own. */
  write<Row extends object>(
    text: string,
    parameters?: readonly SqlParameter[],
    options?: SqlCallOptions,
  ): Promise<readonly Row[]>
  /** Runs `work` in a transaction at READ COMMITTED; what it throws rolls back, and is rethrown. */
  transaction<Result>(
    work: (queries: SqlQueries) => Promise<Result>,
    options?: SqlTransactionOptions,
  ): Promise<Result>
  /**
   * An instant of this process's clock on the server's, or a little earlier. Learned on connecting.
   * Absent: both read the same clock.
   */
  toServerTime?(instant: number): number
}

/** A write's deadline on the server's clock, as the parameter that `isInTime` compares. */
export function deadlineText(
  driver: SqlDriver,
  { deadlineAt }: { readonly deadlineAt: number },
): string {
  return String(driver.toServerTime?.(deadlineAt) ?? deadlineAt)
}
