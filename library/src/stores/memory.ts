import type { Clock } from '../contract/clock.ts'
import type {
  Content,
  EntryStamp,
  LeaseState,
  NegativeEntry,
  PendingState,
  StoredState,
  ValueEntry,
  Version,
} from '../contract/entry.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import type { Journal, JournalingStore, JournalLimits } from '../contract/journal.ts'
import type { EndResult, Place } from '../contract/store.ts'
import { entryOf, Lease, type StoredValue } from './memory/entries.ts'
import { MemoryJournal } from './memory/journal.ts'
import type { JournalLog } from './memory/journal-log.ts'
import { JournalState } from './memory/journal-state.ts'
import { Pending } from './memory/marks.ts'
import { type Held, Space } from './memory/space.ts'

export { JournalFileError } from './memory/journal-file/file-error.ts'
export type { FsyncPolicy } from './memory/journal-file/syncing.ts'
export {
  type JournalFile,
  type JournalFileOptions,
  openJournalFile,
} from './memory/journal-file.ts'
export type { JournalChange, JournalLog, LoggedJournal } from './memory/journal-log.ts'

/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /** Entries and leases, at most. 1 or more. Default 50,000. */
  readonly maxEntries?: number
  /** Bytes of keys, JSON texts (UTF-8) and 320 per entry, at most; parsed values are not counted. 1 or more. Default 64 MiB. */
  readonly maxBytes?: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Where the journals are written down, so that they outlive the process: `openJournalFile(...)`. Default: nowhere. */
  readonly journalLog?: JournalLog
}

/** A store in process memory, with figures. */
export interface MemoryStore extends JournalingStore {
  /** Keys that hold something, expired ones that nobody has asked for included. */
  size(): number
  /** Bytes counted against `maxBytes`. */
  bytes(): number
  /** Entries and leases that had to make room since the start. */
  evictions(): number
}

/**
 * A store for one process: every method answers at once, not by a promise, so that a hit costs no
 * microtask. Bounded by entries and bytes, the least recently used goes first; an entry larger than
 * the bound is not stored. Marks of writes in progress and dirty entries of a journal are outside of
 * the bounds and never evicted: marks expire, dirty entries have the journal's limits.
 *
 * ```ts
 * const store = memoryStore({ maxEntries: 10_000 })
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { maxEntries = 50_000, maxBytes = 64 * 1024 * 1024, clock = Date, journalLog } = options
  assertPositive('memoryStore: maxEntries', maxEntries)
  assertPositive('memoryStore: maxBytes', maxBytes)
  const space = new Space(maxEntries, maxBytes)
  return new InProcessStore(space, () => clock.now(), journalLog)
}

const leaseState: LeaseState = Object.freeze({ kind: 'lease' })
const pendingState: PendingState = Object.freeze({ kind: 'pending' })

/** The table of states and operations of `docs/architecture.md`: each method is a row of it. */
class InProcessStore implements MemoryStore {
  readonly name = 'memory'
  readonly #space: Space
  readonly #now: () => number
  readonly #log: JournalLog | undefined
  readonly #journals = new Map<string, JournalState>()

  constructor(space: Space, now: () => number, log: JournalLog | undefined) {
    this.#space = space
    this.#now = now
    this.#log = log
  }

  now(): number {
    return this.#now()
  }

  get(key: string): StoredState | undefined {
    return shown(this.#space.find(key, this.#now()))
  }

  place(key: string): Place | undefined {
    return this.#space.place(key)
  }

  getMany(keys: readonly string[]): (StoredState | undefined)[] {
    const now = this.#now()
    return keys.map((key) => shown(this.#space.find(key, now)))
  }

  acquire(
    key: string,
    token: string,
    leaseMs: number,
  ): 'acquired' | ValueEntry | NegativeEntry | LeaseState | PendingState {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (held !== undefined && !isLeaseOf(held, token)) return shown(held)
    this.#space.put(key, new Lease(token, now + leaseMs), now)
    return 'acquired'
  }

  fill(key: string, token: string, content: Content): 'stored' | 'refused' {
    const now = this.#now()
    if (!isLeaseOf(this.#space.find(key, now), token)) return 'refused'
    const entry = entryOf(content.json === null ? { ...content, version: 0 } : content, now)
    return this.#space.put(key, entry, now) ? 'stored' : 'refused'
  }

  release(key: string, token: string): void {
    if (isLeaseOf(this.#space.find(key, this.#now()), token)) this.#space.delete(key)
  }

  begin(key: string, token: string, markMs: number): void {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (isDirty(held)) return
    const pending =
      held?.kind === 'pending' ? held : new Pending(held?.kind === 'value' ? held.version : 0)
    pending.join(token, now + markMs, now)
    this.#space.mark(key, pending, now)
  }

  end(key: string, token: string | null, content: Content): EndResult {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (held?.kind === 'pending') return this.#endOnto(held, { key, token, content, now })
    return { result: this.#endUnmarked(key, held, content, now), markLost: token !== null }
  }

  abort(key: string, token: string): void {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (held?.kind !== 'pending') return
    held.leave(token, now)
    if (held.isEmpty) this.#space.delete(key)
  }

  invalidate(key: string): void {
    const held = this.#space.find(key, this.#now())
    if (held?.kind === 'pending') held.poison()
    else this.#space.delete(key)
  }

  invalidateUpTo(key: string, version: Version): void {
    const held = this.#space.find(key, this.#now())
    if (held?.kind === 'pending') held.raise(version)
    else if (held?.kind !== 'value' || held.version < version) this.#space.delete(key)
  }

  claimRefresh(key: string, softAt: number, refreshMs: number): boolean {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (held?.kind !== 'value' || held.isDirty) return false
    if (held.softAt !== softAt || held.refreshUntil > now) return false
    return this.#space.put(key, held.with({ refreshUntil: now + refreshMs }), now)
  }

  refresh(
    key: string,
    startedFrom: EntryStamp,
    content: Content,
  ): 'replaced' | 'extended' | 'removed' | 'refused' {
    const now = this.#now()
    const held = this.#space.find(key, now)
    if (held?.kind !== 'value' || held.isDirty) return 'refused'
    if (content.json === null) {
      if (held.version !== startedFrom.version) return 'refused'
      if (held.version === 0 && !isSameEntry(held, startedFrom)) return 'refused'
      this.#space.delete(key)
      return 'removed'
    }
    const fresh = entryOf(content, now) as StoredValue
    if (content.version > held.version || mayReplaceUnversioned(held, fresh, startedFrom)) {
      return this.#space.put(key, fresh, now) ? 'replaced' : 'removed'
    }
    if (content.version < held.version || content.version === 0) return 'refused'
    const { storedAt, softAt, hardAt, goneAt, deltaMs } = fresh
    const extended = held.with({ storedAt, softAt, hardAt, goneAt, deltaMs, refreshUntil: 0 })
    return this.#space.put(key, extended, now) ? 'extended' : 'removed'
  }

  clear(prefix: string): undefined {
    this.#space.clear(prefix)
  }

  /** Journals of one prefix are one journal, each with its own limits; prefixes must not overlap. */
  journal(prefix: string, limits: JournalLimits, versionFloor: Version = 0): Journal {
    assertPositive('journal: maxKeys', limits.maxKeys)
    assertPositive('journal: maxBytes', limits.maxBytes)
    let state = this.#journals.get(prefix)
    if (state === undefined) {
      for (const other of this.#journals.keys()) {
        if (other.startsWith(prefix) || prefix.startsWith(other)) {
          throw new InvalidArgumentError(
            'journal: prefix',
            `one that is apart from ${other}`,
            prefix,
          )
        }
      }
      state = new JournalState(prefix, this.#space, this.#now(), this.#log)
      this.#journals.set(prefix, state)
    }
    state.versionFloor = Math.max(state.versionFloor, versionFloor)
    return new MemoryJournal(this.#space, state, limits, this.#now)
  }

  size(): number {
    return this.#space.size
  }

  bytes(): number {
    return this.#space.bytes
  }

  evictions(): number {
    return this.#space.evictions
  }

  #endOnto(
    pending: Pending,
    end: {
      readonly key: string
      readonly token: string | null
      readonly content: Content
      readonly now: number
    },
  ): EndResult {
    const { key, token, content, now } = end
    const markLost = !pending.leave(token, now) && token !== null
    pending.raise(content.version)
    if (!pending.isEmpty) return { result: 'pending', markLost }
    // mine was the last one alive
    if (pending.mayPublish(content.version)) {
      return { result: this.#publish(key, content, now), markLost }
    }
    this.#space.delete(key)
    return { result: 'removed', markLost }
  }

  #endUnmarked(
    key: string,
    held: Exclude<Held, Pending> | undefined,
    content: Content,
    now: number,
  ): EndResult['result'] {
    if (held === undefined) return 'absent'
    if (isDirty(held)) return 'kept'
    if (held.kind === 'value') {
      return held.version < content.version ? this.#publish(key, content, now) : 'kept'
    }
    // L may be about to fill what it read before; N carries no version to compare with
    this.#space.delete(key)
    return 'removed'
  }

  #publish(key: string, content: Content, now: number): 'published' | 'removed' {
    return this.#space.put(key, entryOf(content, now), now) ? 'published' : 'removed'
  }
}

function shown(held: Held): Exclude<StoredState, undefined>
function shown(held: Held | undefined): StoredState | undefined
function shown(held: Held | undefined): StoredState | undefined {
  if (held === undefined) return undefined
  if (held.kind === 'lease') return leaseState
  return held.kind === 'pending' ? pendingState : held
}

function isLeaseOf(held: Held | undefined, token: string): boolean {
  return held?.kind === 'lease' && held.token === token
}

function isDirty(held: Held | undefined): boolean {
  return (held?.kind === 'value' || held?.kind === 'negative') && held.isDirty
}

/**
 * Equal versions say "the same row", except version 0: asking a source without versions again may
 * give anything. Then only the entry that the refresh started from may be replaced.
 */
function mayReplaceUnversioned(
  held: StoredValue,
  fresh: StoredValue,
  startedFrom: EntryStamp,
): boolean {
  return held.version === 0 && fresh.version === 0 && isSameEntry(held, startedFrom)
}

function isSameEntry(held: StoredValue, { storedAt, hardAt }: EntryStamp): boolean {
  return held.storedAt === storedAt && held.hardAt === hardAt
}

function assertPositive(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(what, 'an integer of 1 or more', value)
  }
}
