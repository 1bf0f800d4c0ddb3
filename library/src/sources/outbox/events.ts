import type { Version } from '../../contract/entry.ts'

/** What a relay did, or could not do. `entity`: whose outbox, as in its rows. */
export type OutboxEvent =
  /** `keys`: several rows of one key are told once. `lagMs`: from the oldest row's record to its removal. */
  | {
      readonly type: 'outbox-relayed'
      readonly entity: string
      readonly rows: number
      readonly keys: number
      readonly lagMs: number
    }
  /** A cache did not answer: the rows stay, and are told again. */
  | {
      readonly type: 'outbox-unanswered'
      readonly entity: string
      readonly rows: number
      readonly error: unknown
    }
  /** A key that a cache cannot hold, so that there is nothing to tell it: the row goes. */
  | {
      readonly type: 'outbox-refused'
      readonly entity: string
      readonly key: string
      readonly version: Version
      readonly error: unknown
    }
  /** The database did not answer. */
  | { readonly type: 'outbox-failure'; readonly entity: string; readonly error: unknown }

/** The figures of one relay in this process since its start. */
export interface OutboxFigures {
  /** Rows that are gone: every cache has heard of them, but for those refused. */
  readonly relayed: number
  /** Rows that a cache did not answer, each time it did not. */
  readonly unanswered: number
  /** Rows whose key a cache cannot hold. */
  readonly refused: number
  /** Looks and transactions that the database did not answer. */
  readonly failures: number
  /** Age of the oldest row at the last look, in milliseconds; 0 when there was none. */
  readonly waitingMs: number
  /** From the oldest row's record to its removal, in milliseconds: of the last batch, and the longest of all. */
  readonly lagMs: { readonly last: number; readonly max: number }
}
