import type { Version } from '../../contract/entry.ts'
import type { StoredDeadLetter } from '../../contract/journal.ts'
import { DueOrder } from './due-order.ts'
import { bytesOf, dirtyEntryOf } from './entries.ts'
import type { JournalChange, JournalLog, LoggedJournal } from './journal-log.ts'
import { Reservations } from './reservations.ts'
import type { DirtyWrite, Space } from './space.ts'

/** What the journals of one prefix share. Dead letters are acknowledged data: all are kept, one per key. */
export class JournalState {
  readonly prefix: string
  readonly order = new DueOrder<DirtyWrite>()
  readonly letters = new Map<string, StoredDeadLetter>()
  readonly reservations = new Reservations()
  /** No version that is drawn is as low as this one: what earlier lives of the process drew, and what the database holds. */
  versionFloor: Version = 0
  bytes = 0
  isOwned = false
  readonly #log: JournalLog | undefined

  /** With a log: as it was written down, at the store's instant `now`. */
  constructor(prefix: string, space: Space, now: number, log?: JournalLog) {
    this.prefix = prefix
    this.#log = log
    if (log !== undefined) this.#restore(log.open(prefix), space, now)
  }

  /** Before a step happens in memory; throws when it must not. The promise, if there is one, is what an acknowledgement waits for. */
  writeDown(changes: readonly JournalChange[]): Promise<void> | undefined {
    return changes.length === 0 ? undefined : this.#log?.append(this.prefix, changes)
  }

  add(write: DirtyWrite): void {
    this.order.add(write, write.dueAt)
    this.bytes += write.bytes
  }

  remove(write: DirtyWrite): void {
    this.order.remove(write)
    this.bytes -= write.bytes
  }

  move(write: DirtyWrite, dueAt: number): void {
    write.dueAt = dueAt
    this.order.remove(write)
    this.order.add(write, dueAt)
  }

  #restore(
    { dirty, letters, reservations, lastVersion }: LoggedJournal,
    space: Space,
    now: number,
  ): void {
    this.versionFloor = lastVersion
    const byDueTime = dirty
      .map((change) => {
        // The clock may have gone back since: what lies ahead of it would wait for so long.
        const aheadMs = Math.max(0, change.enqueuedAt - now)
        const times = { enqueuedAt: change.enqueuedAt - aheadMs, dueAt: change.dueAt - aheadMs }
        return { ...change, ...times }
      })
      .toSorted((one, other) => one.dueAt - other.dueAt)
    for (const { key, version, storedAt, json, frees, flushed, enqueuedAt, dueAt } of byDueTime) {
      const entry = dirtyEntryOf(json, version, storedAt)
      const bytes = bytesOf(key, entry)
      const { prefix } = this
      const write = { key, prefix, entry, bytes, enqueuedAt, dueAt, flushed, frees }
      space.soil(write)
      this.add(write)
    }
    for (const letter of letters) this.letters.set(letter.key, letter)
    for (const { value, holder, stamp, until } of reservations) {
      this.reservations.restore(value, { holder, stamp, until })
    }
  }
}
