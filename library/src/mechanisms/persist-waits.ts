import type { Version } from '../contract/entry.ts'
import type { Journal } from '../contract/journal.ts'
import type { Core } from './core.ts'

/** What became of an accepted write while its caller waited. */
export type PersistOutcome = 'persisted' | 'parked' | 'late'

/** A write whose caller waits until the database has it. */
export interface AwaitedWrite {
  /** The stored key. */
  readonly id: string
  readonly version: Version
  readonly isDelete: boolean
}

interface Wait extends AwaitedWrite {
  /** Looks again at once. */
  look: () => void
}

const firstLookMs = 10
const longestPauseMs = 100

/**
 * Callers that wait for the database. Whoever flushes, here or elsewhere, the journal tells how far a write has come: it is
 * asked after each flush of this process, and every 10 to 100 ms in between.
 */
export class PersistWaits<Key> {
  readonly #core: Core<Key>
  readonly #journal: Journal
  /** The version of the row; `undefined`: there is none. */
  readonly #versionInDatabase: (id: string) => Promise<Version | undefined>
  readonly #waits = new Map<string, Set<Wait>>()
  #isClosed = false

  constructor(
    core: Core<Key>,
    journal: Journal,
    versionInDatabase: (id: string) => Promise<Version | undefined>,
  ) {
    this.#core = core
    this.#journal = journal
    this.#versionInDatabase = versionInDatabase
  }

  /** Rows of these keys were flushed, or parked. */
  flushed(rows: readonly { readonly key: string }[]): void {
    if (this.#waits.size === 0) return
    for (const { key } of rows) for (const wait of this.#waits.get(key) ?? []) wait.look()
  }

  /** Nothing is flushed here any more: those that wait look once more, and are `late` then. */
  close(): void {
    this.#isClosed = true
    for (const waits of this.#waits.values()) for (const wait of waits) wait.look()
  }

  /** `late`: after `withinMs`, or at the signal, it had not come to either end. A store that does not answer only makes it wait. */
  async until(
    write: AwaitedWrite,
    withinMs: number,
    signal?: AbortSignal,
  ): Promise<PersistOutcome> {
    const { clock } = this.#core
    const endsAt = clock.now() + withinMs
    const wait: Wait = { ...write, look: () => {} }
    const lookOnce = () => wait.look()
    signal?.addEventListener('abort', lookOnce)
    this.#add(wait)
    try {
      for (let pauseMs = firstLookMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
        const outcome = await this.#look(write)
        if (outcome !== undefined) return outcome
        const leftMs = endsAt - clock.now()
        if (leftMs <= 0 || signal?.aborted || this.#isClosed) return 'late'
        await this.#pause(wait, Math.min(leftMs, pauseMs))
      }
    } finally {
      signal?.removeEventListener('abort', lookOnce)
      this.#remove(wait)
    }
  }

  async #look({ id, version, isDelete }: AwaitedWrite): Promise<PersistOutcome | undefined> {
    try {
      const progress = await this.#core.store.read('progress', () =>
        this.#journal.progress(id, version),
      )
      if (progress === 'waiting') return undefined
      if (progress !== 'unknown') return progress
      const stands = await this.#versionInDatabase(id)
      const isThere = stands === undefined ? isDelete : stands >= version
      return isThere ? 'persisted' : undefined
    } catch {
      // the guard has reported it; the next look may be answered
      return undefined
    }
  }

  #pause(wait: Wait, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#core.clock.after(ms, resolve)
      wait.look = () => {
        cancel()
        resolve()
      }
    })
  }

  #add(wait: Wait): void {
    const others = this.#waits.get(wait.id)
    if (others === undefined) this.#waits.set(wait.id, new Set([wait]))
    else others.add(wait)
  }

  #remove(wait: Wait): void {
    const others = this.#waits.get(wait.id)
    others?.delete(wait)
    if (others?.size === 0) this.#waits.delete(wait.id)
  }
}
