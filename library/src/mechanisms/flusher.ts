import { hasCode } from '../contract/errors.ts'
import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Core } from './core.ts'
import { DrainRate } from './drain-rate.ts'
import { FlushBatchSize } from './flush-batch-size.ts'
import { FlushBatches, type FlushListener, givenUp, type WrittenBatch } from './flush-batches.ts'
import { FlushBreaker } from './flush-breaker.ts'
import { FlushOwnership } from './flush-ownership.ts'
import { Pauses } from './pauses.ts'

/** How a flusher works. */
export interface FlusherOptions {
  readonly delayMs: number
  /** Rows of a batch, at most. */
  readonly batchSize: number
  readonly drainMs: number
  /** Hears what became of rows. */
  readonly listener: FlushListener
}

/** A claim looks at so many batches: what the partitions are asked for costs more than one of them. */
const batchesPerClaim = 4
const pollFlushedMs = 20
/** What this process knows of the store's clock may be this much behind it. */
const clockMarginMs = 10
/** Ownership lasts 15 s: it is renewed in the middle of a long drain, too. */
const renewEveryMs = 2_000

/**
 * Brings dirty entries into the database: oldest first, one statement under way at a time, each row
 * guarded by its version and by the epoch of its partition. A failed batch keeps its journal, and is tried again
 * behind a breaker, with a growing pause; a row that the database refuses is found by halving the batch, and
 * parked, so that it never blocks others. What the journal held before is flushed without waiting for a new write.
 * Instants are the store's. Where processes share a journal, each flushes the partitions that it owns.
 */
export class Flusher<Key, Value> {
  readonly #core: Core<Key>
  readonly #journal: Journal
  readonly #source: FlushableSource<Key, Value>
  readonly #options: FlusherOptions
  readonly #batches: FlushBatches<Key, Value>
  readonly #ownership: FlushOwnership<Key, Value>
  readonly #batchSize: FlushBatchSize
  readonly #breaker: FlushBreaker
  readonly #pauses: Pauses
  readonly rate = new DrainRate()
  #turn: Promise<unknown> = Promise.resolve()
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelWake: () => void = () => {}
  #isQueued = false
  #renewedAt = Number.NEGATIVE_INFINITY
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
    const { delayMs, listener } = options
    this.#ownership = new FlushOwnership({ core, journal, source })
    const { fence } = this.#ownership
    this.#batches = new FlushBatches({ core, journal, source, delayMs, fence, listener })
    this.#batchSize = new FlushBatchSize(options.batchSize)
    this.#breaker = new FlushBreaker(core)
    this.#pauses = new Pauses(core.clock)
    this.expect(core.storeNow())
  }

  /** `open`: flushes are held back from a database that fails. */
  get breakerState(): 'closed' | 'open' | 'half-open' {
    return this.#breaker.state
  }

  /** Something is due at `dueAt`. */
  expect(dueAt: number): void {
    if (dueAt >= this.#wakesAt || this.#isStopped) return
    this.#cancelWake()
    this.#wakesAt = dueAt
    const delayMs = Math.max(0, dueAt - this.#core.storeNow())
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
      await this.#core.store.write('hurry', () => this.#journal.hurry())
      await this.#pauses.pause(pollFlushedMs)
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
    this.#pauses.close()
    await draining
    await this.#core.background.attempt('flush', () =>
      this.#core.store.write('release', () => this.#journal.release()),
    )
  }

  /** All that this process may claim and that was accepted by `instant`. */
  async #flushMine(instant: number): Promise<void> {
    // a journal of this process alone tells all at once, and new writes are not taken for old ones
    const isShared = this.#journal.pollMs !== undefined
    const limit = () => (isShared ? this.#claimSize() : Number.MAX_SAFE_INTEGER)
    await this.#inTurn(async () => {
      this.#renewedAt = Number.NEGATIVE_INFINITY
      let keys: ReadonlySet<string> | undefined
      for (;;) {
        if (this.#isStopped) throw givenUp()
        const claimed = await this.#claim(limit(), Number.POSITIVE_INFINITY)
        const rows = claimed?.filter(
          ({ key, enqueuedAt }) => enqueuedAt <= instant && (keys?.has(key) ?? true),
        )
        if (rows?.length === 0) return
        const left = rows === undefined ? keys : await this.#pass(rows)
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
      if (!isEmpty) await this.#pauses.pause(this.#breaker.pauseMs())
    }
  }

  /** One that waits for its turn will claim what is due by then. */
  #queue(): void {
    if (this.#isQueued) return
    this.#isQueued = true
    this.#core.background.run('flush', () => this.#flushDue())
  }

  async #flushDue(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        this.#isQueued = false
        this.#renewedAt = Number.NEGATIVE_INFINITY
        while (!this.#isStopped) {
          const rows = await this.#claim(this.#claimSize(), this.#core.storeNow())
          if (rows === undefined || rows.length === 0) break
          const { size } = await this.#pass(rows)
          if (size > 0) break
        }
      })
      await this.#options.listener.passed(this.#ownership.partitions)
      const nextAt = await this.#core.store.read('nextDueAt', () => this.#journal.nextDueAt())
      this.#expectNext(nextAt)
    } catch (error) {
      const { pollMs = 0 } = this.#journal
      this.expect(this.#core.storeNow() + Math.max(pollMs, this.#breaker.pauseMs()))
      throw error
    }
  }

  #expectNext(nextAt: number | undefined): void {
    const { pollMs } = this.#journal
    const now = this.#core.storeNow()
    // what is due and was not claimed is another's, or waits behind the breaker
    const isMine = pollMs === undefined || (nextAt ?? 0) > now
    if (nextAt !== undefined && isMine) this.expect(nextAt)
    if (pollMs !== undefined) this.expect(now + pollMs)
  }

  #claimSize(): number {
    return this.#breaker.state === 'closed'
      ? this.#batchSize.rows * batchesPerClaim
      : this.#batchSize.rows
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work, work)
    this.#turn = mine
    return mine
  }

  /** What this process may flush; `undefined` when the database has failed to say that it may. */
  async #claim(limit: number, dueBy: number): Promise<readonly DirtyEntry[] | undefined> {
    const { store, clock } = this.#core
    if (clock.now() - this.#renewedAt > renewEveryMs) {
      try {
        await this.#ownership.refresh(dueBy)
        this.#renewedAt = clock.now()
      } catch (error) {
        if (isOfStore(error)) throw error
        await this.#failed([], error)
        return undefined
      }
    }
    const { partitions } = this.#ownership
    if (partitions.length === 0) return []
    return store.write('claim', () => this.#journal.claim(limit, dueBy, partitions))
  }

  /** One attempt at these rows, batch by batch. Returns the keys that are dirty still. */
  async #pass(rows: readonly DirtyEntry[]): Promise<ReadonlySet<string>> {
    const left = new Set<string>()
    // the journal hears of a batch while the next one is written
    let isTold: Promise<void> = Promise.resolve()
    for (let from = 0; from < rows.length; ) {
      const batch = rows.slice(from, from + this.#batchSize.rows)
      const written = await this.#tryBatch(batch)
      await isTold
      if (written === undefined) {
        for (const { key } of rows.slice(from)) left.add(key)
        return left
      }
      for (const { key } of [...written.overtaken, ...written.fenced]) left.add(key)
      isTold = written.isTold
      from += batch.length
    }
    await isTold
    return left
  }

  /** `undefined` when the batch has to be tried again. */
  async #tryBatch(rows: readonly DirtyEntry[]): Promise<WrittenBatch | undefined> {
    const { emitter } = this.#core
    const startedAt = performance.now()
    this.#breaker.tries()
    let written: WrittenBatch
    try {
      written = await this.#batches.write(rows)
    } catch (error) {
      if (isOfStore(error)) throw error
      // it may be executed yet, after what is flushed next
      this.#ownership.doubt(rows)
      this.#renewedAt = Number.NEGATIVE_INFINITY
      await this.#failed(rows, error)
      return undefined
    }
    const durationMs = performance.now() - startedAt
    this.#breaker.succeeded()
    this.#batchSize.wrote(rows.length, durationMs)
    this.rate.flushed(rows.length, durationMs)
    emitter.emit({ type: 'flush', cache: emitter.cache, rows: rows.length, durationMs })
    if (written.fenced.length > 0) this.#fenced(written.fenced)
    return written
  }

  /** What the store says of its owners decides, once more: it may be this process again. */
  #fenced(rows: readonly DirtyEntry[]): void {
    const { recorder, emitter } = this.#core
    this.#ownership.doubt(rows)
    this.#renewedAt = Number.NEGATIVE_INFINITY
    recorder.fenced += rows.length
    emitter.emit({ type: 'fenced', cache: emitter.cache, rows: rows.length })
  }

  async #failed(rows: readonly DirtyEntry[], error: unknown): Promise<void> {
    const { recorder, emitter } = this.#core
    if (this.#isStopped) return
    this.#batchSize.failed()
    this.rate.stopped()
    recorder.flushRetries += 1
    const { sqlstate } = this.#source.classify(error)
    emitter.emit({
      type: 'flush-failure',
      cache: emitter.cache,
      rows: rows.length,
      sqlstate,
      error,
    })
    this.#breaker.failed()
    // in turn: however much is written meanwhile, the database is left alone
    await this.#pauses.pause(this.#breaker.pauseMs())
  }
}

function isOfStore(error: unknown): boolean {
  return hasCode(error, 'STORE_TIMEOUT') || hasCode(error, 'STORE_UNAVAILABLE')
}
