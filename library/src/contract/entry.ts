/**
 * The version of a row: an integer from 0 to 2^53 - 1 that grows with every write of the row.
 * 0 means that the source has no versions, or that nothing is known (a reader's negative entry).
 */
export type Version = number

/** A cached value. `json` is the text that was stored, untouched; `value` is parsed from it on first use, and kept. */
export interface ValueEntry {
  readonly kind: 'value'
  readonly version: Version
  /** When it was stored, in epoch milliseconds of the store's clock. So are all instants below. */
  readonly storedAt: number
  /** From here on a read may trigger a refresh. Equals `hardAt` where nothing refreshes ahead. */
  readonly softAt: number
  /** From here on it is expired. A store may keep it longer (`Content.graceMs`), for readers that may serve it as stale. */
  readonly hardAt: number
  /** Somebody is refreshing it until this instant; 0 when nobody is. */
  readonly refreshUntil: number
  /** How long the load of this value took, in milliseconds: what XFetch weighs. */
  readonly deltaMs: number
  /** Waits in a journal to be flushed: newer than the database, without a TTL. */
  readonly isDirty: boolean
  readonly json: string
  readonly value: unknown
}

/** Known to be absent from the source. `isDirty`: deleted here, and the database does not know it yet. */
export interface NegativeEntry {
  readonly kind: 'negative'
  readonly version: Version
  readonly storedAt: number
  readonly hardAt: number
  readonly isDirty: boolean
}

/** One loader owns the fill of this key. */
export interface LeaseState {
  readonly kind: 'lease'
}

/** Writes of this key are in progress: load from the source, and do not fill. */
export interface PendingState {
  readonly kind: 'pending'
}

/** What a key holds, as one plain GET sees it; `undefined` is an absent key. */
export type StoredState = ValueEntry | NegativeEntry | LeaseState | PendingState

/**
 * Which entry of a key it is. The version alone does not say: without versions it is 0 for all, and
 * an entry that was invalidated and filled again is another one.
 */
export type EntryStamp = Pick<ValueEntry, 'version' | 'storedAt' | 'hardAt'>

/** What a fill, a publish or a refresh stores. */
export interface Content {
  /** The value as JSON text; `null`: known to be absent. */
  readonly json: string | null
  readonly version: Version
  /** Until hard expiry, in milliseconds. */
  readonly ttlMs: number
  /** Until soft expiry, in milliseconds; at most `ttlMs`. */
  readonly softTtlMs: number
  /** How long a store keeps a value past its hard expiry, in milliseconds. 0: not at all. */
  readonly graceMs: number
  /** How long the load took, in milliseconds. */
  readonly deltaMs: number
}
