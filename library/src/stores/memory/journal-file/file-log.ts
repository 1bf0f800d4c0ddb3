import type { Clock } from '../../../contract/clock.ts'
import { CacheError, StoreRefusedError } from '../../../contract/errors.ts'
import type { JournalChange, JournalLog, LoggedJournal } from '../journal-log.ts'
import { compact } from './compacting.ts'
import { type Disk, writeAll } from './disk.ts'
import { recordOf, type Step } from './record.ts'
import { LiveState } from './state.ts'
import { type FsyncPolicy, Syncing } from './syncing.ts'

/** Where a log writes, and how. */
export interface FileLogTerms {
  readonly disk: Disk
  readonly folder: string
  readonly path: string
  readonly unfinishedPath: string
  readonly fsync: FsyncPolicy
  readonly clock: Clock
  readonly onTrouble: ((error: unknown) => void) | undefined
  /** A file is not worth to be made smaller below this. */
  readonly smallBytes: number
}

/** Nor is this one, when nothing else fits on the disk. */
const tinyBytes = 4096
const pauseAfterFailureMs = 5_000

/** Appends to one file, and keeps what that comes to, by prefix. */
export class FileLog implements JournalLog {
  readonly #terms: FileLogTerms
  readonly #states: Map<string, LiveState>
  readonly #syncing: Syncing
  #file: number
  /** Where the last whole record ends. */
  #size: number
  /** After a new file took the name of the old one, which a power failure could undo. */
  #isNameUnsynced = false
  #failure: StoreRefusedError | undefined
  #isClosed = false
  #compacting: Promise<void> | undefined
  #nextCompactionAt = Number.NEGATIVE_INFINITY

  constructor(
    terms: FileLogTerms,
    states: Map<string, LiveState>,
    { file, size }: { readonly file: number; readonly size: number },
  ) {
    this.#terms = terms
    this.#states = states
    this.#file = file
    this.#size = size
    this.#syncing = new Syncing(terms.fsync, terms.clock, () => this.#sync())
    this.#compactWhenLarge()
  }

  get failure(): string | undefined {
    return this.#failure?.message
  }

  open(prefix: string): LoggedJournal {
    return this.#stateOf(prefix).opened()
  }

  append(prefix: string, changes: readonly JournalChange[]): Promise<void> | undefined {
    if (changes.length === 0) return undefined
    let isWritten = true
    try {
      this.#write(recordOf({ prefix, changes }))
    } catch (error) {
      // That a row is in the database holds without a record of it: a full disk must not keep a journal from draining.
      if (changes.some(({ kind }) => kind !== 'clean')) throw error
      isWritten = false
    }
    const state = this.#stateOf(prefix)
    for (const change of changes) state.apply(change)
    this.#compactWhenLarge()
    return isWritten ? this.#syncing.written() : undefined
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#compacting
    try {
      await this.#syncing.close()
    } finally {
      this.#terms.disk.close(this.#file)
    }
  }

  #stateOf(prefix: string): LiveState {
    let state = this.#states.get(prefix)
    if (state === undefined) {
      state = new LiveState()
      this.#states.set(prefix, state)
    }
    return state
  }

  #write(record: Buffer): void {
    if (this.#isClosed) throw new CacheError('CLOSED', `journal file ${this.#terms.path}: closed`)
    if (this.#failure !== undefined) throw this.#failure
    const { disk, path } = this.#terms
    try {
      writeAll(disk, this.#file, record, this.#size)
    } catch (cause) {
      this.#cutUnfinished(cause)
      this.#compactWhenLarge(tinyBytes)
      throw new StoreRefusedError(
        `journal file ${path}: cannot be written (${reasonOf(cause)}); nothing was accepted`,
        { cause },
      )
    }
    this.#size += record.length
  }

  /** What follows must not stand behind half a record. */
  #cutUnfinished(cause: unknown): void {
    const { disk } = this.#terms
    try {
      disk.truncate(this.#file, this.#size)
    } catch (error) {
      const both = `${reasonOf(cause)}, then ${reasonOf(error)}`
      this.#fail(`half a record cannot be cut off its end (${both})`, error)
      throw this.#failure
    }
  }

  async #sync(): Promise<void> {
    const { disk, folder } = this.#terms
    try {
      await disk.sync(this.#file)
      if (!this.#isNameUnsynced) return
      this.#isNameUnsynced = false
      await disk.syncFolder(folder)
    } catch (cause) {
      this.#fail(`a sync of it failed (${reasonOf(cause)})`, cause)
      const message = `journal file ${this.#terms.path}: the sync failed; what it covered may be lost when the power fails`
      throw new CacheError('WRITE_OUTCOME_UNKNOWN', message, { cause })
    }
  }

  #fail(what: string, cause: unknown): void {
    this.#failure ??= new StoreRefusedError(
      `journal file ${this.#terms.path}: ${what}: nothing is accepted until it is opened anew`,
      { cause },
    )
    this.#terms.onTrouble?.(this.#failure)
  }

  #compactWhenLarge(smallest = this.#terms.smallBytes): void {
    if (this.#size <= smallest || this.#compacting !== undefined) return
    if (this.#isClosed || this.#failure !== undefined) return
    const live = [...this.#states.values()].reduce((sum, { bytes }) => sum + bytes, 0)
    if (this.#size <= 2 * live || performance.now() < this.#nextCompactionAt) return
    this.#compacting = this.#compact().finally(() => {
      this.#compacting = undefined
      // What came meanwhile may be most of it.
      this.#compactWhenLarge()
    })
  }

  async #compact(): Promise<void> {
    const { disk, path, unfinishedPath } = this.#terms
    try {
      await compact({
        disk,
        path,
        unfinishedPath,
        state: () => this.#steps(),
        file: () => this.#file,
        size: () => this.#size,
        isOver: () => this.#isClosed || this.#failure !== undefined,
        unpromised: async (work) => {
          await this.#syncing.pause()
          try {
            await work()
          } finally {
            this.#syncing.resume()
          }
        },
        replace: (file, size) => this.#replace(file, size),
      })
      await this.#syncing.now()
    } catch (error) {
      this.#nextCompactionAt = performance.now() + pauseAfterFailureMs
      if (!this.#isClosed && this.#failure === undefined) this.#terms.onTrouble?.(error)
    }
  }

  #steps(): Step[] {
    return [...this.#states].map(([prefix, state]) => ({ prefix, changes: state.changes() }))
  }

  #replace(file: number, size: number): void {
    const old = this.#file
    this.#file = file
    this.#size = size
    this.#isNameUnsynced = true
    this.#terms.disk.close(old)
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? String(error)
}
