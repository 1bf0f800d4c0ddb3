import type { Awaitable } from '../../contract/awaitable.ts'
import type { Version } from '../../contract/entry.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import type {
  AckResult,
  AckTerms,
  ClaimScope,
  DirtyEntry,
  DirtyKey,
  EnqueueRequest,
  EnqueueResult,
  Journal,
  JournalFigures,
  JournalLimits,
  Ownership,
  Progress,
  Reservation,
  ReserveTerms,
  RetryRequest,
  RetryResult,
  StoredDeadLetter,
} from '../../contract/journal.ts'
import {
  changeOf,
  cleanEntryOf,
  keyOf,
  knownEntry,
  only,
  refusalOf,
  settled,
  shown,
} from './dirty-writes.ts'
import { bytesOf, dirtyEntryOf, type Entry, StoredAbsence } from './entries.ts'
import type { JournalState } from './journal-state.ts'
import type { DirtyWrite, Held, Space } from './space.ts'

type Accepting = Omit<EnqueueRequest, 'precondition'>

/** What an urgent write may go over the limits by. */
const excess = { keys: 16, bytes: 1024 * 1024 }

/** The journal of one prefix in process memory: it lives with the process, and as long as its log, where it has one. */
export class MemoryJournal implements Journal {
  readonly partitions = 1
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

  get name(): string {
    return this.#state.prefix
  }

  enqueue(key: string, request: EnqueueRequest): Awaitable<EnqueueResult> {
    this.#assertMine(key)
    const now = this.#now()
    if (now > request.deadlineAt) return { outcome: 'expired' }
    const refusal = refusalOf(request.precondition, knownEntry(this.#space.find(key, now), now))
    return refusal ?? this.#accept(key, request, { now, isRetry: false })
  }

  retry(key: string, request: RetryRequest): Awaitable<RetryResult> {
    const now = this.#now()
    if (now > request.deadlineAt) return { outcome: 'expired' }
    const letter = this.#state.letters.get(key)
    if (letter?.version !== request.version) return { outcome: 'none' }
    const { supersededBy } = letter
    if (supersededBy !== undefined) return { outcome: 'superseded', version: supersededBy }
    return this.#accept(key, request, { now, isRetry: true })
  }

  own(dueBy: number): Ownership {
    const dueAt = this.#state.order.firstAt()
    const wasOwned = this.#state.isOwned
    if (dueAt !== undefined && dueAt <= dueBy) this.#state.isOwned = true
    if (!this.#state.isOwned) return { held: [], taken: [] }
    return { held: [only], taken: wasOwned ? [] : [only] }
  }

  claim(limit: number, dueBy: number, { partitions, except, dueFrom }: ClaimScope): DirtyKey[] {
    if (!partitions.includes(only)) return []
    const { order } = this.#state
    if (except === undefined) return order.dueBy(dueBy, limit, dueFrom).map(keyOf)
    const due = order.dueBy(dueBy, limit + except.size, dueFrom)
    const others = due.filter(({ key }) => !except.has(key))
    return others.slice(0, limit).map(keyOf)
  }

  read(claimed: readonly DirtyKey[]): DirtyEntry[] {
    return claimed.flatMap(({ key }) => {
      const write = this.#writeOf(key)
      return write === undefined ? [] : [shown(write)]
    })
  }

  dirtyIn(partition: number): DirtyEntry[] {
    return partition === only ? [...this.#state.order.items()].map(shown) : []
  }

  nextDueAt(): number | undefined {
    return this.#state.order.firstAt()
  }

  hurry(key?: string): void {
    const now = this.#now()
    const { order } = this.#state
    const one = key === undefined ? undefined : this.#writeOf(key)
    const some = key === undefined ? order.dueBy(Number.POSITIVE_INFINITY, order.size) : [one]
    for (const write of some) {
      if (write !== undefined && write.dueAt > now) this.#state.move(write, now)
    }
  }

  ack(
    flushed: readonly { readonly key: string; readonly version: Version }[],
    next: AckTerms,
  ): AckResult {
    const now = this.#now()
    const written = flushed.flatMap(({ key, version }) => {
      const write = this.#writeOf(key)
      return write === undefined || write.entry.version < version ? [] : [{ write, version }]
    })
    const cleaned = written.filter(({ write, version }) => write.entry.version === version)
    // What is not known to be clean after a crash is flushed again, which changes nothing: nobody waits for this.
    void this.#state
      .writeDown(cleaned.map(({ write: { key }, version }) => ({ kind: 'clean', key, version })))
      ?.catch(() => undefined)
    for (const { write, version } of written) {
      if (write.entry.version === version) {
        this.#drop(write)
        this.#space.put(write.key, cleanEntryOf(write.entry, next, now), now)
      } else {
        this.#postpone(write, version, next.dueAt)
      }
    }
    const freed = cleaned.filter(({ write: { frees } }) => frees.length > 0)
    return {
      cleaned: cleaned.length,
      freed: freed.map(({ write: { key, frees }, version }) => ({ key, version, values: frees })),
    }
  }

  restamp(key: string, version: Version, theirs: Version): Awaitable<boolean> {
    const write = this.#writeOf(key)
    if (write === undefined || write.entry.version !== version) return false
    const above = Math.max(version, theirs + 1)
    const { entry } = write
    const raised =
      entry.kind === 'value'
        ? entry.with({ version: above })
        : new StoredAbsence(above, entry, entry.isDirty)
    const isDown = this.#state.writeDown([changeOf({ ...write, entry: raised }, false)])
    write.entry = raised
    return settled(true, isDown)
  }

  progress(key: string, version: Version): Progress {
    const letter = this.#state.letters.get(key)
    if (letter?.version === version) return 'parked'
    const write = this.#writeOf(key)
    if (write !== undefined) return write.flushed >= version ? 'persisted' : 'waiting'
    if (letter !== undefined && letter.version > version) return 'parked'
    const held = this.#space.find(key, this.#now())
    const isThere = held !== undefined && 'version' in held && held.version >= version
    return isThere ? 'persisted' : 'unknown'
  }

  quarantine(letter: StoredDeadLetter): Awaitable<'parked' | 'superseded'> {
    const { letters } = this.#state
    const write = this.#writeOf(letter.key)
    // a repeat, whose first answer was lost
    if (write === undefined && letters.get(letter.key)?.version === letter.version) return 'parked'
    if (write === undefined || write.entry.version !== letter.version) return 'superseded'
    const isDown = this.#state.writeDown([{ kind: 'letter', letter }])
    this.#drop(write)
    letters.set(letter.key, letter)
    return settled('parked', isDown)
  }

  deadLetters(): StoredDeadLetter[] {
    return [...this.#state.letters.values()]
  }

  deadLetter(key: string): StoredDeadLetter | undefined {
    return this.#state.letters.get(key)
  }

  discard(key: string, version: Version): Awaitable<boolean> {
    if (this.#state.letters.get(key)?.version !== version) return false
    const isDown = this.#state.writeDown([{ kind: 'discarded', key }])
    this.#state.letters.delete(key)
    return settled(true, isDown)
  }

  reserve(value: string, holder: string, terms: ReserveTerms): Awaitable<Reservation> {
    const { reservations } = this.#state
    const answer = reservations.ask(value, holder, { ...terms, now: this.#now() })
    if (answer.outcome === 'taken') return answer
    const { stamp, until } = answer
    const isDown = this.#state.writeDown([{ kind: 'reserved', value, holder, stamp, until }])
    reservations.restore(value, { holder, stamp, until })
    return settled({ outcome: 'held', stamp } as const, isDown)
  }

  unreserve(value: string, holder: string, stamp: number): Awaitable<void> {
    const { reservations } = this.#state
    if (!reservations.isHeld(value, holder, stamp)) return
    const isDown = this.#state.writeDown([{ kind: 'unreserved', value }])
    reservations.delete(value)
    return settled(undefined, isDown)
  }

  release(partitions: readonly number[] = [only]): void {
    if (partitions.includes(only)) this.#state.isOwned = false
  }

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

  #assertMine(key: string): void {
    if (key.startsWith(this.#state.prefix)) return
    throw new InvalidArgumentError('key', `one that starts with ${this.#state.prefix}`, key)
  }

  #accept(
    key: string,
    request: Accepting,
    { now, isRetry }: { readonly now: number; readonly isRetry: boolean },
  ): Awaitable<EnqueueResult> {
    const held = this.#space.find(key, now)
    const refused = isRetry ? (this.#state.letters.get(key)?.version ?? 0) : 0
    const version = this.#nextVersion(held, { now, above: refused })
    const entry = dirtyEntryOf(request.json, version, now)
    const previous = this.#writeOf(key)
    const full = previous === undefined && this.#fullBy(bytesOf(key, entry), request.mayExceed)
    if (full) return { outcome: 'full', limit: full }

    const write = this.#written(key, entry, { previous, request, now })
    const isDown = this.#state.writeDown([changeOf(write, isRetry)])
    if (previous === undefined) this.#add(write)
    else this.#replace(previous, write)
    this.#supersede(key, version, isRetry)
    const existed = knownEntry(held, now)?.kind === 'value'
    const coalesced = previous !== undefined
    return settled({ outcome: 'accepted', version, existed, coalesced } as const, isDown)
  }

  #nextVersion(
    held: Held | undefined,
    { now, above }: { readonly now: number; readonly above: Version },
  ): Version {
    const previous = held !== undefined && 'version' in held ? held.version : 0
    // a claim that was made before a write is not younger than it: else giving its value up frees nothing
    const { lastStamp } = this.#state.reservations
    const us = Math.max(Math.floor(now * 1000), lastStamp)
    const version = Math.max(us, Math.max(previous, above) + 1)
    if (version > this.#state.versionFloor) return version
    // the clock is behind what was drawn before: no version of any key is drawn twice
    this.#state.versionFloor += 1
    return this.#state.versionFloor
  }

  /** The first due time stays, unless somebody waits: however often a key is written, its flush is not put off. */
  #written(
    key: string,
    entry: Entry,
    from: {
      readonly previous: DirtyWrite | undefined
      readonly request: Accepting
      readonly now: number
    },
  ): DirtyWrite {
    const { previous, now } = from
    const { delayMs, isUrgent = false, frees = [] } = from.request
    const dueAt = isUrgent ? now : (previous?.dueAt ?? now + delayMs)
    return {
      key,
      prefix: this.#state.prefix,
      entry,
      bytes: bytesOf(key, entry),
      enqueuedAt: previous?.enqueuedAt ?? now,
      dueAt: Math.min(dueAt, previous?.dueAt ?? dueAt),
      flushed: previous?.flushed ?? 0,
      frees: previous === undefined ? frees : [...new Set([...previous.frees, ...frees])],
    }
  }

  #add(write: DirtyWrite): void {
    this.#space.soil(write)
    this.#state.add(write)
  }

  #replace(previous: DirtyWrite, { entry, bytes, dueAt, frees }: DirtyWrite): void {
    this.#state.bytes += bytes - previous.bytes
    Object.assign(previous, { entry, bytes, frees })
    if (dueAt !== previous.dueAt) this.#state.move(previous, dueAt)
  }

  #supersede(key: string, version: Version, isRetry: boolean): void {
    const { letters } = this.#state
    const letter = letters.size === 0 ? undefined : letters.get(key)
    if (letter === undefined) return
    if (isRetry) letters.delete(key)
    else letters.set(key, { ...letter, supersededBy: version })
  }

  /** This journal's dirty write of the key. */
  #writeOf(key: string): DirtyWrite | undefined {
    const write = this.#space.dirty.get(key)
    return write?.prefix === this.#state.prefix ? write : undefined
  }

  #fullBy(bytes: number, mayExceed = false): 'keys' | 'bytes' | false {
    const { maxKeys, maxBytes } = this.#limits
    if (this.#state.order.size >= maxKeys + (mayExceed ? excess.keys : 0)) return 'keys'
    return this.#state.bytes + bytes > maxBytes + (mayExceed ? excess.bytes : 0) && 'bytes'
  }

  #drop(write: DirtyWrite): void {
    this.#space.dirty.delete(write.key)
    this.#state.remove(write)
  }

  /** A newer write came while the flushed one was under way: it is what now waits, from its own acceptance on. */
  #postpone(write: DirtyWrite, flushed: Version, dueAt: number): void {
    write.flushed = Math.max(write.flushed, flushed)
    write.enqueuedAt = write.entry.storedAt
    this.#state.move(write, dueAt)
  }
}
