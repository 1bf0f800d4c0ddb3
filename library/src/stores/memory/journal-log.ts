import type { Version } from '../../contract/entry.ts'
import type { StoredDeadLetter } from '../../contract/journal.ts'

/** A change of a journal in memory, as it is written down. Replayed in order, the last one of a key counts. */
export type JournalChange =
  /** Accepted, restamped or postponed: the key is dirty so. It supersedes a letter of the key; `isRetry`: it is that letter's write, which goes with it. */
  | {
      readonly kind: 'dirty'
      readonly key: string
      readonly version: Version
      /** The highest version of it that is in the database; 0: none that is known. */
      readonly flushed: Version
      readonly enqueuedAt: number
      readonly storedAt: number
      readonly dueAt: number
      /** `null`: a delete. */
      readonly json: string | null
      readonly frees: readonly string[]
      readonly isRetry: boolean
    }
  /** This version is in the database: the key is not dirty any more. */
  | { readonly kind: 'clean'; readonly key: string; readonly version: Version }
  /** Parked: the letter is there, and its key is not dirty any more. */
  | { readonly kind: 'letter'; readonly letter: StoredDeadLetter }
  | { readonly kind: 'discarded'; readonly key: string }
  | {
      readonly kind: 'reserved'
      readonly value: string
      readonly holder: string
      readonly stamp: number
      readonly until: number
    }
  | { readonly kind: 'unreserved'; readonly value: string }

/** What a log holds of the journal of one prefix when it is opened. */
export interface LoggedJournal {
  readonly dirty: readonly Extract<JournalChange, { kind: 'dirty' }>[]
  readonly letters: readonly StoredDeadLetter[]
  readonly reservations: readonly Extract<JournalChange, { kind: 'reserved' }>[]
  /** The highest version of any change that was written down. */
  readonly lastVersion: Version
}

/** Where a journal in memory is written down, so that it outlives the process. */
export interface JournalLog {
  /** What was written down of the journal of this prefix; asked once, before the first `append`. */
  open(prefix: string): LoggedJournal
  /**
   * Writes changes of one step down, all or none. What it throws means that none of them is: the step must not
   * happen. The promise, where there is one, resolves when they are as safe as the log promises.
   */
  append(prefix: string, changes: readonly JournalChange[]): Promise<void> | undefined
}
