import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Core } from './core.ts'
import { DrainRate } from './drain-rate.ts'
import { type FlushListener, givenUp } from './flush-batches.ts'
import { FlushBreaker } from './flush-breaker.ts'
import { FlushRounds } from './flush-rounds.ts'
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

const pollFlushedMs = 20
/** Looks at a shared journal are at least this share of the delay apart, unless somebody waits. */
const restShare = 0.1
/** What this process knows of the store's clock may be this much behind it. */
const clockMarginMs = 10

/**
 * Brings dirty entries into the database: oldest first, two statements under way at a time, each row
 * guarded by its version and by the epoch of its partition. A failed batch keeps its journal, and is tried again
 * behind a breaker, with a growing pause; a row that the database refuses is found by halving the batch, and
 * parked, so that it never blocks others. What the journal held before is flushed without waiting for a new write.
 * Instants are the store's. Where processes share a journal, each flushes the partitions that it owns.
 */
export class Flusher<Key, Value> {
  readonly rate = new DrainRate()
  readonly #core: Core<Key>
  readonly #journal: Journal
  readonly #options: FlusherOptions
  readonly #rounds: FlushRounds<Key, Value>
  readonly #breaker: FlushBreaker
  readonly #pauses: Pauses
  #turn: Promise<unknown> = Promise.resolve()
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelWake: () => void = () => {}
  #isQueued = false
  #isStopped = false

  constructor(
    core: Core<Key>,
    journal: Journal,
    source: FlushableSource<Key, Value>,
    options: FlusherOptions,
  ) {
    this.#core = core
    this.#journal = journal
    this.#options = options
    this.#breaker = new FlushBreaker(core)
    this.#pauses = new Pauses(core.clock)
    this.#rounds = new FlushRounds({
      ...options,
      core,
      journal,
      source,
      breaker: this.#breaker,
      pauses: this.#pauses,
      rate: this.rate,
    })
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
    this.#rounds.stop()
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
    await this.#inTurn(async () => {
      let keys: ReadonlySet<string> | undefined
      const isWanted = ({ key, enqueuedAt }: DirtyEntry) =>
        enqueuedAt <= instant && (keys?.has(key) ?? true)
      for (;;) {
        if (this.#isStopped) throw givenUp()
        const { isOver, left } = await this.#rounds.run({
          isOnePage: !isShared,
          dueBy: Number.POSITIVE_INFINITY,
          isWanted,
        })
        if (isOver) return
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
    let startedAt = 0
    try {
      await this.#inTurn(async () => {
        this.#isQueued = false
        startedAt = this.#core.storeNow()
        await this.#rounds.run({ dueBy: startedAt })
      })
      this.#options.listener.passed(this.#rounds.held)
      const nextAt = await this.#core.store.read('nextDueAt', () => this.#journal.nextDueAt())
      this.#expectNext(nextAt, startedAt)
    } catch (error) {
      const { pollMs = 0 } = this.#journal
      this.expect(this.#core.storeNow() + Math.max(pollMs, this.#breaker.pauseMs()))
      throw error
    }
  }

  #expectNext(nextAt: number | undefined, startedAt: number): void {
    const { pollMs } = this.#journal
    if (pollMs === undefined) {
      if (nextAt !== undefined) this.expect(nextAt)
      return
    }
    // what was due and was not claimed is another's, or waits behind the breaker
    const isMine = nextAt !== undefined && nextAt > startedAt
    // a look at a shared journal costs each of its partitions a call or more, however little is due
    if (isMine) this.expect(Math.max(nextAt, startedAt + this.#options.delayMs * restShare))
    this.expect(this.#core.storeNow() + pollMs)
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work, work)
    this.#turn = mine
    return mine
  }
}
