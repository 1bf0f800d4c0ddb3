/** What whoever asks can not do without; undefined: it does not matter. */
export interface Constraints {
  /** No read, crashes included, is older than what was committed by more than this. */
  readonly maxStalenessMs?: number | undefined
  /** Of the writes acknowledged before a `kill -9` of a service, those of so long before may be lost; 0: none. */
  readonly mayLoseMs?: number | undefined
  /** Statements a second that the database may be sent by this traffic. */
  readonly dbBudget?: number | undefined
  /** From the acknowledgement of a write until the database has it. */
  readonly maxLagMs?: number | undefined
  /** Of reads and of writes, each. */
  readonly p99Ms?: number | undefined
}

/** The options by which they are given; `answers` is asked of every pattern. */
export type ConstraintOption =
  | 'answers'
  | '--max-staleness'
  | '--may-lose'
  | '--db-budget'
  | '--max-lag'
  | '--p99'
