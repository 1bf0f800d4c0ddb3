import type { Version } from './entry.ts'

/** What a source is told about a call. */
export interface SourceContext {
  /** Aborted when nobody waits any longer; a source may ignore it. */
  readonly signal: AbortSignal
}

/** What a write is told in addition. */
export interface WriteContext {
  /**
   * Epoch milliseconds after which the write must not take effect: the statement itself carries it,
   * so that one executed late changes nothing. A source that finds it passed rejects with `WRITE_TIMEOUT`.
   */
  readonly deadlineAt: number
}

/** A row with the version that a write of it can be compared with. */
export interface Row<Value> {
  readonly value: Value
  readonly version: Version
}

/** A patch of some fields, or a function of the current value. The function may run more than once. */
export type Change<Value> = Partial<Value> | ((current: Value) => Value)

/** What a write did. `conflict`: the row stands at `version`, which is none of those expected. */
export type WriteOutcome<Value> =
  | {
      readonly outcome: 'written'
      readonly value: Value
      readonly version: Version
      readonly existed: boolean
    }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'conflict'; readonly version: Version }

/** A delete that happened draws a version too. */
export type DeleteOutcome =
  | { readonly outcome: 'deleted'; readonly version: Version }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'conflict'; readonly version: Version }

/** `versions`: the write happens only if the row stands at one of them. */
export interface Expectation {
  readonly versions?: readonly Version[] | undefined
}

/**
 * The database side, as plain as it can be. `null` or `undefined` is an absent row. A rejected load
 * reaches every waiter as it is, and is not cached. Enough for every pattern that does not publish
 * or flush: after a write the cache only invalidates.
 *
 * A write that rejects means: nothing was written. A source that cannot tell rejects with
 * `outcomeUnknown(cause)`.
 */
export interface Source<Key, Value> {
  /** Tells it from a `VersionedSource`. */
  readonly versioned?: false | undefined
  /** Which database this is: what was cached of another one says nothing of it. Part of every stored key. */
  readonly authority?: string | undefined
  load(key: Key, context: SourceContext): Promise<Value | null | undefined>
  /** One result per key, in the order of `keys`; an `Error` fails its own key only. */
  loadMany?(
    keys: readonly Key[],
    context: SourceContext,
  ): Promise<readonly (Value | null | undefined | Error)[]>
  insert?(
    value: Partial<Value>,
    context: WriteContext,
  ): Promise<{ readonly key: Key; readonly value: Value }>
  /** The new value, or `null` when the row is absent. */
  update?(key: Key, change: Change<Value>, context: WriteContext): Promise<Value | null | undefined>
  put?(key: Key, value: Value, context: WriteContext): Promise<Value>
  /** True when a row went. */
  delete?(key: Key, context: WriteContext): Promise<boolean>
}

/** A source whose rows carry versions: what write-through needs to publish, and `ifVersion` to compare. */
export interface VersionedSource<Key, Value> {
  readonly versioned: true
  /** Which database this is: what was cached of another one says nothing of it. Part of every stored key. */
  readonly authority?: string | undefined
  /** A word for stats and labels: `pglite`, `postgres`. */
  readonly name?: string
  load(key: Key, context: SourceContext): Promise<Row<Value> | null | undefined>
  loadMany?(
    keys: readonly Key[],
    context: SourceContext,
  ): Promise<readonly (Row<Value> | null | undefined | Error)[]>
  /** Draws a key for a row to come, before its transaction, so that an insert can be marked like an update. */
  nextKey(): Promise<Key>
  /** Rejects with the database's own error when the key, or a unique value, is taken. */
  insert(key: Key, value: Partial<Value>, context: WriteContext): Promise<Row<Value>>
  update(
    key: Key,
    change: Change<Value>,
    context: WriteContext & Expectation,
  ): Promise<WriteOutcome<Value>>
  /** Inserts or replaces. */
  put(key: Key, value: Value, context: WriteContext & Expectation): Promise<WriteOutcome<Value>>
  delete(key: Key, context: WriteContext & Expectation): Promise<DeleteOutcome>
}

/** One row of a flush. `json` is the whole value as it was accepted; `null`: a delete. */
export interface FlushRow<Key> {
  readonly key: Key
  readonly version: Version
  readonly json: string | null
  /** Of the journal: the row is written only at the epoch that `fence` names for it. */
  readonly partition: number
}

/** What became of a row: in the database now; skipped because the database holds a newer version; refused, since its partition is another's by now. */
export type FlushOutcome =
  | { readonly outcome: 'applied' }
  | { readonly outcome: 'newer'; readonly version: Version }
  | { readonly outcome: 'fenced' }

/** Who may flush: the process that raised a partition's epoch last. */
export interface FlushFence {
  readonly journal: string
  /** Partition to epoch. */
  readonly epochs: ReadonlyMap<number, number>
}

/** What a flush is told. */
export interface FlushContext extends WriteContext {
  readonly fence: FlushFence
}

/** Why a flush failed. `poison`: this row will never be taken. `retry-alone`: may pass without its neighbours. */
export interface FlushFailure {
  readonly kind: 'transient' | 'poison' | 'retry-alone'
  readonly sqlstate: string
}

/** A source that write-behind can flush to. */
export interface FlushableSource<Key, Value> extends VersionedSource<Key, Value> {
  /** The whole value that an insert (`current` undefined) or an update would store: the cache must know it before the database does. */
  complete(key: Key, change: Partial<Value>, current: Value | undefined): Value
  /** The key that `encodeKey` made this text from. */
  parseKey(text: string): Key
  /** The highest version of any row when the source was opened. Default 0. */
  readonly versionFloor?: Version
  /**
   * Raises the epochs of partitions of a journal, and returns them in order. When it resolves, every statement
   * of an earlier epoch has taken effect or never will.
   */
  raiseEpochs(
    journal: string,
    partitions: readonly number[],
    context: WriteContext,
  ): Promise<readonly number[]>
  /**
   * Atomic: all rows or none but the fenced ones, each guarded by its version. Outcomes in the order of `rows`. Called
   * again, for other keys, before the call before is over.
   */
  flush(rows: readonly FlushRow<Key>[], context: FlushContext): Promise<readonly FlushOutcome[]>
  classify(error: unknown): FlushFailure
}
