import type { Version } from '../../../contract/entry.ts'
import type { StoredDeadLetter } from '../../../contract/journal.ts'
import type { JournalChange, LoggedJournal } from '../journal-log.ts'
import { type FileChange, sizeOf } from './record.ts'

type Dirty = Extract<JournalChange, { kind: 'dirty' }>
type Reserved = Extract<JournalChange, { kind: 'reserved' }>

/** What the changes of one prefix come to: what a compacted file holds, and an opened one gives back. */
export class LiveState {
  readonly #dirty = new Map<string, Dirty>()
  readonly #letters = new Map<string, StoredDeadLetter>()
  /** The oldest claims first. */
  readonly #reserved = new Map<string, Reserved>()
  #lastVersion: Version = 0
  #bytes = 0
  /** The latest instant that any change tells of: whatever ended before it is over. */
  #latestAt = 0

  /** What it takes in a file. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many keys are dirty. */
  get dirty(): number {
    return this.#dirty.size
  }

  apply(change: FileChange): void {
    switch (change.kind) {
      case 'dirty':
        this.#seen(change.version, change.storedAt)
        this.#supersede(change)
        this.#set(this.#dirty, change.key, change)
        break
      case 'clean':
        this.#seen(change.version)
        this.#clean(change.key, change.version)
        break
      case 'letter':
        this.#seen(change.letter.version)
        this.#delete(this.#dirty, change.letter.key)
        this.#setLetter(change.letter)
        break
      case 'discarded':
        this.#deleteLetter(change.key)
        break
      case 'reserved':
        this.#seen(0, change.stamp / 1_000)
        this.#delete(this.#reserved, change.value)
        this.#set(this.#reserved, change.value, change)
        break
      case 'unreserved':
        this.#delete(this.#reserved, change.value)
        break
      case 'version':
        this.#seen(change.version)
        break
    }
    this.#forgetReservations()
  }

  opened(): LoggedJournal {
    return {
      dirty: [...this.#dirty.values()],
      letters: [...this.#letters.values()],
      reservations: [...this.#reserved.values()],
      lastVersion: this.#lastVersion,
    }
  }

  /** Changes that come to the same state, at this moment. */
  changes(): FileChange[] {
    return [
      { kind: 'version', version: this.#lastVersion },
      // before the writes that supersede them
      ...[...this.#letters.values()].map((letter) => ({ kind: 'letter', letter }) as const),
      ...this.#dirty.values(),
      ...this.#reserved.values(),
    ]
  }

  #seen(version: Version, at = 0): void {
    if (version > this.#lastVersion) this.#lastVersion = version
    if (at > this.#latestAt) this.#latestAt = at
  }

  #supersede({ key, version, isRetry }: Dirty): void {
    const letter = this.#letters.get(key)
    if (letter === undefined) return
    if (isRetry) this.#deleteLetter(key)
    else this.#setLetter({ ...letter, supersededBy: version })
  }

  #clean(key: string, version: Version): void {
    const write = this.#dirty.get(key)
    if (write !== undefined && write.version <= version) this.#delete(this.#dirty, key)
  }

  #setLetter(letter: StoredDeadLetter): void {
    this.#deleteLetter(letter.key)
    this.#letters.set(letter.key, letter)
    this.#bytes += sizeOf({ kind: 'letter', letter })
  }

  #deleteLetter(key: string): void {
    const letter = this.#letters.get(key)
    if (letter === undefined) return
    this.#letters.delete(key)
    this.#bytes -= sizeOf({ kind: 'letter', letter })
  }

  #set<Change extends FileChange>(map: Map<string, Change>, key: string, change: Change): void {
    const previous = map.get(key)
    if (previous !== undefined) this.#bytes -= sizeOf(previous)
    map.set(key, change)
    this.#bytes += sizeOf(change)
  }

  #delete<Change extends FileChange>(map: Map<string, Change>, key: string): void {
    const previous = map.get(key)
    if (previous === undefined) return
    map.delete(key)
    this.#bytes -= sizeOf(previous)
  }

  /** Nobody writes down that one is over. They have about the same lifetime: those that end first come first. */
  #forgetReservations(): void {
    for (const [value, { until }] of this.#reserved) {
      if (until >= this.#latestAt) return
      this.#delete(this.#reserved, value)
    }
  }
}
