import type { Awaitable } from './awaitable.ts'
import type {
  Content,
  EntryStamp,
  LeaseState,
  NegativeEntry,
  PendingState,
  StoredState,
  ValueEntry,
  Version,
} from './entry.ts'

/** What END did. `markLost`: the writer's own mark had expired, or was evicted, before it. */
export interface EndResult {
  readonly result: 'published' | 'kept' | 'removed' | 'pending' | 'absent'
  readonly markLost: boolean
}

/** Where an in-process store keeps the value of one key, until that is deleted, evicted or something else than a value. */
export interface Place {
  readonly key: string
  /** The value, if it is there and not expired at `now`: one promise for all who ask for the same entry. It counts as a get. */
  hit(now: number): Promise<unknown> | undefined
}

/**
 * Where entries live. Every method is one atomic operation on one key, whatever runs beside it,
 * and is decided by the store's own clock. Every method that changes something is idempotent by
 * its token or version, so that one whose answer was lost can be sent again.
 *
 * A key is in one of five states: absent, V (value), N (known absent), L (lease), P (writes in
 * progress, each with its own token and deadline). The table in `docs/architecture.md` says what
 * each operation does in each state; `storeContract` in `caching-patterns/testing` checks it.
 *
 * A method that cannot do its work rejects (or throws); it never hangs on purpose. Callers put a
 * deadline on every promise.
 */
export interface Store {
  /** A word for stats and labels: `memory`, `redis`. */
  readonly name: string

  /** The store's clock, in epoch milliseconds, as far as this process knows it. For labels and hints; what is decided about correctness the store decides itself. */
  now(): number

  get(key: string): Awaitable<StoredState | undefined>
  /** Of a store in this process: where the key's value is now, so that it can be had again without a look for the key. It never throws. */
  place?(key: string): Place | undefined
  /** In the order of `keys`. */
  getMany(keys: readonly string[]): Awaitable<readonly (StoredState | undefined)[]>

  /** Absent, or P whose deadlines have all passed: becomes L(token) for `leaseMs`. Else says what is there. */
  acquire(
    key: string,
    token: string,
    leaseMs: number,
  ): Awaitable<'acquired' | ValueEntry | NegativeEntry | LeaseState | PendingState>
  /** Stores only onto my own L; a reader's N carries version 0. */
  fill(key: string, token: string, content: Content): Awaitable<'stored' | 'refused'>
  /** Deletes only my own L. */
  release(key: string, token: string): Awaitable<void>

  /** My mark joins P, or makes the key P (an L dies by it), for `markMs`. The same token again renews it. */
  begin(key: string, token: string, markMs: number): Awaitable<void>
  /** Publishes a committed write; `token` is `null` for a writer that set no mark. */
  end(key: string, token: string | null, content: Content): Awaitable<EndResult>
  /** My mark goes without a publish. */
  abort(key: string, token: string): Awaitable<void>

  /** Whatever is cached goes; a load in flight cannot fill; writers in progress cannot publish. A dirty entry stays: it is the newest truth. */
  invalidate(key: string): Awaitable<void>
  /** The same for a change known by its version: a V at least as new stays. */
  invalidateUpTo(key: string, version: Version): Awaitable<void>

  /** True for one caller per soft expiry: the key is a V, its `softAt` is still `softAt`, and nobody else refreshes it now. */
  claimRefresh(key: string, softAt: number, refreshMs: number): Awaitable<boolean>
  /**
   * Stores a reloaded value, only onto a V: newer replaces, equal extends, and an absent row
   * (`content.json === null`) removes it if it still is the version that the refresh started from.
   * Where both versions are 0, only the very entry that the refresh started from is replaced or removed.
   */
  refresh(
    key: string,
    startedFrom: EntryStamp,
    content: Content,
  ): Awaitable<'replaced' | 'extended' | 'removed' | 'refused'>

  /**
   * One step of `invalidate` for every key that starts with `prefix`: answers where the next step
   * goes on, `undefined` after the last. A store with few keys, or near ones, needs one step.
   */
  clear(prefix: string, from?: string): Awaitable<string | undefined>
}
