/** A statement as `pg` takes it; `query_timeout` instead of the pool's own. */
export interface PgStatement {
  readonly text: string
  readonly values?: readonly (string | null)[]
  readonly name?: string | undefined
  readonly query_timeout?: number
}

/** The slice of a result of `pg` that is used. */
export interface PgAnswer {
  readonly command: string
  readonly rows: unknown[]
}

// Callbacks, not promises: pg would make two for each, which is a tenth of what a load costs.

/** The slice of a client lent by a pool of `pg` that is used. */
export interface PgClient {
  query(
    statement: PgStatement,
    callback: (error: Error | null | undefined, answer: PgAnswer) => void,
  ): void
  release(destroy?: boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** The slice of a pool of `pg` that is used. */
export interface PgPool {
  readonly options: object
  readonly ending: boolean
  /** Connections that are open, and lent to nobody. */
  readonly idleCount: number
  connect(callback: (error: Error | undefined, client: PgClient | undefined) => void): void
  on(event: 'error', listener: (error: Error) => void): unknown
}
