import type { Version } from '../../contract/entry.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import type {
  AckTerms,
  StoredDeadLetter,
  DirtyEntry,
  EnqueueRequest,
  EnqueueResult,
  Journal,
  JournalFigures,
  JournalLimits,
  Precondition,
} from '../../contract/journal.ts'
import { DueOrder } from './due-order.ts'
import { bytesOf, dirtyEntryOf, type Entry, StoredAbsence } from './entries.ts'
import type { DirtyWrite, Held, Space } from './space.ts'

/** What the journals of one prefix share. Dead letters are acknowledged data: all are kept, one per key. */
export class JournalState {
  readonly prefix: string
  readonly order = new DueOrder<DirtyWrite>()
  readonly letters = new Map<string, StoredDeadLetter>()
  bytes = 0

  constructor(prefix: string) {
    this.prefix = prefix
  }
}

/** The journal of one prefix in process memory: it lives, and is lost, with the process. */
export class MemoryJournal implements Journal {
  readonly #space: Space
  readonly #state: JournalState
  readonly #limits: JournalLimits
  readonly #now: () => number

  constructor(space: Space, state: JournalState, limits: JournalLimits, now: () => number) {
    this.#space = space
    this.#state = state
    this.#limits = limits
    this.#now = now
  }

  enqueue(key: string, request: EnqueueRequest): EnqueueResult {
    if (!key.startsWith(this.#state.prefix)) {
      throw new InvalidArgumentError('key', `one that starts with ${this.#state.prefix}`, key)
    }
    const now = this.#now()
    if (now > request.deadlineAt) return { outcome: 'expired' }
    const held = this.#space.find(key, now)
    const known = knownEntry(held, now)
    const refusal = refusalOf(request.precondition, known)
    if (refusal !== undefined) return refusal

    const previous = held !== undefined && 'version' in held ? held.version : 0
    const version = Math.max(Math.floor(now * 1000), previous + 1)
    const entry = dirtyEntryOf(request.json, version, now)
    const write = this.#writeOf(key)
    const isFull = write === undefined && this.#fullBy(bytesOf(key, entry))
    if (isFull) return { outcome: 'full', limit: isFull }

    if (write === undefined) this.#add(key, entry, { now, dueAt: now + request.delayMs })
    else this.#replace(write, entry)
    return {
      outcome: 'accepted',
      version,
      existed: known?.kind === 'value',
      coalesced: write !== undefined,
    }
  }

  claim(limit: number, dueBy: number): DirtyEntry[] {
    return this.#state.order.dueBy(dueBy, limit).map(({ key, entry, enqueuedAt, dueAt }) => ({
      key,
      version: entry.version,
      json: jsonOf(entry),
      enqueuedAt,
      dueAt,
    }))
  }

  nextDueAt(): number | undefined {
    return this.#state.order.firstAt()
  }

  ack(
    flushed: readonly { readonly key: string; readonly version: Version }[],
    next: AckTerms,
  ): number {
    const now = this.#now()
    let cleaned = 0
    for (const { key, version } of flushed) {
      const write = this.#writeOf(key)
      if (write === undefined || write.entry.version < version) continue
      if (write.entry.version === version) {
        this.#drop(write)
        this.#space.put(key, cleanEntryOf(write.entry, next, now), now)
        cleaned++
      } else {
        this.#postpone(write, next.dueAt)
      }
    }
    return cleaned
  }

  restamp(key: string, version: Version, theirs: Version): boolean {
    const write = this.#writeOf(key)
    if (write === undefined || write.entry.version !== version) return false
    const above = Math.max(version, theirs + 1)
    const { entry } = write
    write.entry =
      entry.kind === 'value'
        ? entry.with({ version: above })
        : new StoredAbsence(above, entry, entry.isDirty)
    return true
  }

  quarantine(letter: StoredDeadLetter): 'parked' | 'superseded' {
    const { letters } = this.#state
    const write = this.#writeOf(letter.key)
    // a repeat, whose first answer was lost
    if (write === undefined && letters.get(letter.key)?.version === letter.version) return 'parked'
    if (write === undefined || write.entry.version !== letter.version) return 'superseded'
    this.#drop(write)
    letters.set(letter.key, letter)
    return 'parked'
  }

  deadLetters(): StoredDeadLetter[] {
    return [...this.#state.letters.values()]
  }

  /** Nobody else could claim. */
  release(): void {}

  figures(): JournalFigures {
    const { order, letters, bytes } = this.#state
    let oldestAt = Number.POSITIVE_INFINITY
    for (const write of order.items()) oldestAt = Math.min(oldestAt, write.enqueuedAt)
    return {
      dirty: order.size,
      bytes,
      oldestMs: order.size === 0 ? 0 : Math.max(0, this.#now() - oldestAt),
      deadLetters: letters.size,
    }
  }

  /** This journal's dirty write of the key. */
  #writeOf(key: string): DirtyWrite | undefined {
    const write = this.#space.dirty.get(key)
    return write?.prefix === this.#state.prefix ? write : undefined
  }

  #fullBy(bytes: number): 'keys' | 'bytes' | false {
    if (this.#state.order.size >= this.#limits.maxKeys) return 'keys'
    return this.#state.bytes + bytes > this.#limits.maxBytes && 'bytes'
  }

  #add(key: string, entry: Entry, at: { readonly now: number; readonly dueAt: number }): void {
    const bytes = bytesOf(key, entry)
    const { prefix, order } = this.#state
    const write = { key, prefix, entry, bytes, enqueuedAt: at.now, dueAt: at.dueAt }
    this.#space.soil(write)
    order.add(write, write.dueAt)
    this.#state.bytes += bytes
  }

  /** The first due time stays: however often a key is written, its flush is not put off. */
  #replace(write: DirtyWrite, entry: Entry): void {
    const bytes = bytesOf(write.key, entry)
    this.#state.bytes += bytes - write.bytes
    write.bytes = bytes
    write.entry = entry
  }

  #drop(write: DirtyWrite): void {
    this.#space.dirty.delete(write.key)
    this.#state.order.remove(write)
    this.#state.bytes -= write.bytes
  }

  /** A newer write came while the flushed one was under way: it is what now waits, from its own acceptance on. */
  #postpone(write: DirtyWrite, dueAt: number): void {
    write.enqueuedAt = write.entry.storedAt
    write.dueAt = dueAt
    this.#state.order.remove(write)
    this.#state.order.add(write, dueAt)
  }
}

/** What the store knows of the row. An expired value that is kept for grace is not knowledge. */
function knownEntry(held: Held | undefined, now: number): Entry | undefined {
  if (held?.kind !== 'value' && held?.kind !== 'negative') return undefined
  return held.hardAt > now ? held : undefined
}

function refusalOf(
  precondition: Precondition,
  known: Entry | undefined,
): EnqueueResult | undefined {
  if (precondition === 'any') return undefined
  if (known === undefined) return { outcome: 'load-first' }
  if (known.kind === 'negative')
    return precondition === 'absent' ? undefined : { outcome: 'missing' }
  const isMet =
    precondition === 'exists' ||
    (precondition !== 'absent' && precondition.version === known.version)
  return isMet ? undefined : { outcome: 'conflict', version: known.version }
}

function jsonOf(entry: Entry): string | null {
  return entry.kind === 'value' ? entry.json : null
}

function cleanEntryOf(entry: Entry, terms: AckTerms, now: number): Entry {
  if (entry.kind === 'negative') {
    const times = { storedAt: entry.storedAt, hardAt: now + terms.negativeTtlMs }
    return new StoredAbsence(entry.version, times, false)
  }
  const hardAt = now + terms.ttlMs
  const softAt = now + terms.softTtlMs
  return entry.with({ isDirty: false, softAt, hardAt, goneAt: hardAt + terms.graceMs })
}
