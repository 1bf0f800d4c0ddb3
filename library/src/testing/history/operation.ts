/** One operation on one key, as its caller saw it. Instants are readings of one monotone clock, of any unit. */
export type HistoryOperation = HistoryRead | HistoryWrite

/** A read that was answered; one that failed is left out. */
export interface HistoryRead {
  readonly kind: 'read'
  readonly key: string
  readonly startedAt: number
  readonly endedAt: number
  /** `null`: absent. */
  readonly version: number | null
  /** Has to be what the write of this version wrote. Default: not compared. */
  readonly value?: string
  /** The answer said that it may be old: nothing is promised, nothing is checked. Default false. */
  readonly isStale?: boolean
}

/** A write that may have taken effect; a refused one is left out, for it wrote nothing. */
export interface HistoryWrite {
  readonly kind: 'write'
  readonly key: string
  readonly startedAt: number
  /** Infinity when it was never answered. */
  readonly endedAt: number
  /** `unconfirmed`: durable, and acknowledged as such. `unknown`: takes effect at any time after its begin, or never. */
  readonly outcome: 'confirmed' | 'unconfirmed' | 'unknown'
  /** May be left out where it is not known: of an unknown outcome, and of a delete. A delete of unknown outcome is taken for possible at the version that it names. */
  readonly version?: number
  /** `null`: a delete. Default: not compared. */
  readonly value?: string | null
}

export type HistoryViolationReason =
  | 'older-than-confirmed'
  | 'not-linearizable'
  | 'version-order'
  | 'value-mismatch'
  | 'unwritten-version'

/** An operation that contradicts another one. */
export interface HistoryViolation {
  readonly key: string
  readonly reason: HistoryViolationReason
  readonly operation: HistoryOperation
  readonly against?: HistoryOperation
  readonly message: string
}

/** What a key held before the history begins. */
export type InitialVersions = ReadonlyMap<
  string,
  { readonly version: number; readonly value?: string }
>
