import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Core } from './core.ts'
import { FlushBatches, givenUp } from './flush-batches.ts'

/** How a flusher works. */
export interface FlusherOptions {
  readonly delayMs: number
  readonly batchSize: number
  readonly drainMs: number
}

const backOffFromMs = 50
const backOffToMs = 5_000
const pollFlushedMs = 20
/** What this process knows of the store's clock may be this much behind it. */
const clockMarginMs = 10

/**
 * Brings dirty entries into the database: oldest first, one batch under way at a time, each row
 * guarded by its version. A failed batch keeps its journal, and is tried again with a growing
 * pause; a row that the database refuses is found by halving the batch, and parked, so that it never
 * blocks others. What the journal held before is flushed without waiting for a new write. Instants
 * are the store's. Where processes share a journal, each flushes what it has claimed.
 */
export class Flusher<Key, Value> {
  readonly #core: Core<Key>
  readonly #journal: Journal
  readonly #source: FlushableSource<Key, Value>
  readonly #options: FlusherOptions
  readonly #batches: FlushBatches<Key, Value>
  readonly #pauses = new Set<() => void>()
  #turn: Promise<unknown> = Promise.resolve()
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelWake: () => void = () => {}
  #isQueued = false
  #failures = 0
  /** The end of the pause after a failed batch: however much is written meanwhile, the database is left alone. */
  #notBefore = 0
  #isStopped = false

  constructor(
    core: Core<Key>,
    journal: Journal,
    source: FlushableSource<Key, Value>,
    options: FlusherOptions,
  ) {
    this.#core = core
    this.#journal = journal
    this.#source = source
    this.#options = options
    this.#batches = new FlushBatches({ core, journal, source, delayMs: options.delayMs })
    this.expect(core.storeNow())
  }

  /** Something is due at `dueAt`. */
  expect(dueAt: number): void {
    const wakesAt = Math.max(dueAt, this.#notBefore)
    if (wakesAt >= this.#wakesAt || this.#isStopped) return
    this.#cancelWake()
    this.#wakesAt = wakesAt
    const delayMs = Math.max(0, wakesAt - this.#core.storeNow())
    this.#cancelWake = this.#core.clock.after(delayMs, () => {
      this.#wakesAt = Number.POSITIVE_INFINITY
      this.#queue()
    })
  }

  /**
   * Resolves when all that is dirty now is in the database or among the dead letters. Rejects with
   * `CLOSED` when `close` gives up first, and with the store's error when the journal cannot be read.
   */
  async flush(): Promise<void> {
    const startedAt = this.#core.storeNow() + clockMarginMs
    await this.#flushMine(startedAt)
    if (this.#journal.pollMs === undefined) return
    // what is left that old is claimed by other processes, or was by one that is gone
    while (await this.#holdsOlderThan(startedAt)) {
      await this.#pause(pollFlushedMs)
      await this.#flushMine(startedAt)
    }
  }

  /**
   * Drains for as long as the options say, and ends with the statement that is under way then; what
   * is left stays in the journal, for others to claim.
   */
  async close(): Promise<void> {
    let cancel = () => {}
    const deadline = new Promise<void>((resolve) => {
      cancel = this.#core.clock.after(this.#options.drainMs, resolve)
    })
    const draining = this.#drain()
    await Promise.race([draining, deadline])
    cancel()
    this.#isStopped = true
    this.#batches.stop()
    this.#cancelWake()
    for (const end of this.#pauses) end()
    await draining
    await this.#core.background.attempt('flush', () =>
      this.#core.store.write('release', () => this.#journal.release()),
    )
  }

  /** All that this process may claim and that was accepted by `instant`. */
  async #flushMine(instant: number): Promise<void> {
    const { batchSize } = this.#options
    // a journal of this process alone tells all at once, and new writes are not taken for old ones
    const isShared = this.#journal.pollMs !== undefined
    await this.#inTurn(async () => {
      let keys: ReadonlySet<string> | undefined
      for (;;) {
        if (this.#isStopped) throw givenUp()
        const limit = isShared ? batchSize : Number.MAX_SAFE_INTEGER
        const claimed = await this.#claim(limit, Number.POSITIVE_INFINITY)
        const rows = claimed.filter(
          ({ key, enqueuedAt }) => enqueuedAt <= instant && (keys?.has(key) ?? true),
        )
        if (rows.length === 0) return
        const left = await this.#pass(rows)
        if (!isShared) keys = left
      }
    })
  }

  async #holdsOlderThan(instant: number): Promise<boolean> {
    const figures = await this.#core.store.read('figures', () => this.#journal.figures())
    return figures.dirty > 0 && this.#core.storeNow() - figures.oldestMs <= instant
  }

  async #drain(): Promise<void> {
    for (let isEmpty = false; !isEmpty && !this.#isStopped; ) {
      await this.#core.background.attempt('flush', async () => {
        await this.#flushMine(Number.POSITIVE_INFINITY)
        isEmpty = true
      })
      if (!isEmpty) await this.#pause(this.#pauseMs())
    }
  }

  /** One that waits for its turn will claim what is due by then. */
  #queue(): void {
    if (this.#isQueued) return
    this.#isQueued = true
    this.#core.background.run('flush', () => this.#flushDue())
  }

  async #flushDue(): Promise<void> {
    const { store } = this.#core
    const { batchSize } = this.#options
    try {
      await this.#inTurn(async () => {
        this.#isQueued = false
        let batch = await this.#claim(batchSize, this.#core.storeNow())
        while (batch.length > 0 && !this.#isStopped) {
          if ((await this.#tryBatch(batch)) === undefined) break
          batch = await this.#claim(batchSize, this.#core.storeNow())
        }
      })
      const nextAt = await store.read('nextDueAt', () => this.#journal.nextDueAt())
      this.#expectNext(nextAt)
    } catch (error) {
      const { pollMs = 0 } = this.#journal
      this.expect(this.#core.storeNow() + Math.max(pollMs, this.#pauseMs()))
      throw error
    }
  }

  #expectNext(nextAt: number | undefined): void {
    const { pollMs } = this.#journal
    const now = this.#core.storeNow()
    // what is due and was not claimed is another's
    if (nextAt !== undefined && (pollMs === undefined || nextAt > now)) this.expect(nextAt)
    if (pollMs !== undefined) this.expect(now + pollMs)
  }

  /** One attempt at these rows. Returns the keys that are to be tried again. */
  async #pass(rows: readonly DirtyEntry[]): Promise<ReadonlySet<string>> {
    const left = new Set<string>()
    const { batchSize } = this.#options
    for (let from = 0; from < rows.length; from += batchSize) {
      const overtaken = await this.#tryBatch(rows.slice(from, from + batchSize))
      for (const key of overtaken ?? rows.slice(from).map((row) => row.key)) left.add(key)
      if (overtaken !== undefined) continue
      await this.#pause(this.#pauseMs())
      break
    }
    return left
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work, work)
    this.#turn = mine
    return mine
  }

  #claim(limit: number, dueBy: number): Promise<readonly DirtyEntry[]> {
    return this.#core.store.write('claim', () => this.#journal.claim(limit, dueBy))
  }

  /** The keys that are dirty still; `undefined` when the batch has to be tried again. */
  async #tryBatch(rows: readonly DirtyEntry[]): Promise<readonly string[] | undefined> {
    const { recorder, emitter } = this.#core
    const { cache } = emitter
    const startedAt = performance.now()
    let overtaken: readonly string[]
    try {
      overtaken = await this.#batches.write(rows)
    } catch (error) {
      this.#failures += 1
      this.#notBefore = this.#core.storeNow() + this.#pauseMs()
      recorder.flushRetries += 1
      const { sqlstate } = this.#source.classify(error)
      emitter.emit({ type: 'flush-failure', cache, rows: rows.length, sqlstate, error })
      return undefined
    }
    this.#failures = 0
    this.#notBefore = 0
    const durationMs = performance.now() - startedAt
    emitter.emit({ type: 'flush', cache, rows: rows.length, durationMs })
    return overtaken
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const cancel = this.#core.clock.after(ms, end)
      this.#pauses.add(end)
    })
  }

  #pauseMs(): number {
    const ms = Math.min(backOffToMs, backOffFromMs * 2 ** Math.min(this.#failures, 10))
    return ms * (0.5 + this.#core.random() / 2)
  }
}
