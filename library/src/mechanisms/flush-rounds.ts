import { hasCode } from '../contract/errors.ts'
import type { DirtyEntry, DirtyKey, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import { ClaimedRows, type KeyPage, type PageStart } from './claimed-rows.ts'
import type { Core } from './core.ts'
import type { DrainRate } from './drain-rate.ts'
import { FlushBatchSize } from './flush-batch-size.ts'
import { FlushBatches, type FlushListener, type WrittenBatch } from './flush-batches.ts'
import type { FlushBreaker } from './flush-breaker.ts'
import { FlushOwnership } from './flush-ownership.ts'
import type { Pauses } from './pauses.ts'

interface FlushRoundsParts<Key, Value> {
  readonly core: Core<Key>
  readonly journal: Journal
  readonly source: FlushableSource<Key, Value>
  readonly delayMs: number
  readonly batchSize: number
  readonly listener: FlushListener
  readonly breaker: FlushBreaker
  readonly pauses: Pauses
  readonly rate: DrainRate
}

/** What a round is to flush. */
export interface WantedRows {
  /** One page of all there is. Default: pages of sixteen batches, or of one while the database fails. */
  readonly isOnePage?: boolean
  readonly dueBy: number
  /** Default: all. */
  readonly isWanted?: (row: DirtyEntry) => boolean
}

/** What a round left dirty. `isOver`: all that was wanted has been looked at, and none of it is left. */
export interface RoundResult {
  readonly isOver: boolean
  readonly left: ReadonlySet<string>
}

const batchesPerPage = 16
/** Statements under way: while one waits for its disk the next is put together. */
const mostLanes = 2
/** Ownership lasts 15 s: it is renewed in the middle of a long round, too. */
const renewEveryMs = 2_000

/**
 * Flushes page by page, batch by batch, two statements under way at a time, of different keys. Meanwhile the journal is
 * told of the batches before, and asked for the next page. Not to be entered twice at once.
 */
export class FlushRounds<Key, Value> {
  readonly #parts: FlushRoundsParts<Key, Value>
  readonly #batches: FlushBatches<Key, Value>
  readonly #ownership: FlushOwnership<Key, Value>
  readonly #batchSize: FlushBatchSize
  #renewedAt = Number.NEGATIVE_INFINITY
  #underWay = 0
  #isStopped = false

  constructor(parts: FlushRoundsParts<Key, Value>) {
    this.#parts = parts
    this.#ownership = new FlushOwnership(parts)
    this.#batches = new FlushBatches({ ...parts, fence: this.#ownership.fence })
    this.#batchSize = new FlushBatchSize(parts.batchSize)
  }

  /** What is this process's to flush, also while the database does not say that it may. */
  get held(): readonly number[] {
    return this.#ownership.held
  }

  /** No further statement is sent: a batch under way rejects. */
  stop(): void {
    this.#isStopped = true
    this.#batches.stop()
  }

  /** Until nothing more is wanted, or something is left: failed, overtaken or fenced. Rejects with the store's errors. */
  async run(wanted: WantedRows): Promise<RoundResult> {
    // what is due now may be nobody's yet, unless all is mine
    if (!this.#ownership.isWhole) this.#renewedAt = Number.NEGATIVE_INFINITY
    while (!this.#isStopped) {
      if (this.#mustRenew && !(await this.#renew(wanted.dueBy))) break
      const { left, isWhole } = await this.#pass(wanted)
      if (left.size > 0) return { isOver: false, left }
      if (isWhole || wanted.isOnePage) return { isOver: true, left }
    }
    return { isOver: false, left: new Set() }
  }

  /** Once over what is dirty, from the oldest on, until ownership has to be renewed. */
  async #pass(wanted: WantedRows): Promise<{ left: Set<string>; isWhole: boolean }> {
    const rows = new ClaimedRows({
      claim: (start) => this.#claim(wanted, start),
      read: (keys) => this.#read(wanted, keys),
    })
    const left = new Set<string>()
    let hasFailed = false
    const inLane = async () => {
      let isTold: Promise<void> | undefined
      while (left.size === 0) {
        const batch = await rows.take(this.#batchSize.rows)
        if (batch.length === 0) break
        const written = await this.#tryBatch(batch)
        hasFailed ||= written === undefined
        const again = written === undefined ? batch : [...written.overtaken, ...written.fenced]
        for (const { key } of again) left.add(key)
        await isTold
        isTold = written?.isTold
      }
      await isTold
    }
    await allThrough(Array.from({ length: this.#lanes }, inLane))
    // what was read of partitions that have to be taken anew must be read again
    if (left.size > 0) for (const { key } of await rows.close()) left.add(key)
    if (hasFailed) await this.#pause()
    return { left, isWhole: rows.areOnePage }
  }

  /** A database that has failed is asked one thing at a time. */
  get #lanes(): number {
    return this.#parts.breaker.state === 'closed' ? mostLanes : 1
  }

  #limit({ isOnePage = false }: WantedRows): number {
    if (isOnePage) return Number.MAX_SAFE_INTEGER
    const { rows } = this.#batchSize
    return this.#parts.breaker.state === 'closed' ? rows * batchesPerPage : rows
  }

  get #mustRenew(): boolean {
    return this.#parts.core.clock.now() - this.#renewedAt > renewEveryMs
  }

  /** False when the database has failed to say what this process may flush. */
  async #renew(dueBy: number): Promise<boolean> {
    try {
      await this.#ownership.refresh(dueBy)
      this.#renewedAt = this.#parts.core.clock.now()
      return true
    } catch (error) {
      if (isOfStore(error)) throw error
      this.#failed([], error)
      await this.#pause()
      return false
    }
  }

  async #claim(wanted: WantedRows, start: PageStart | undefined): Promise<KeyPage> {
    const { core, journal } = this.#parts
    const { partitions } = this.#ownership
    // a pass ends when ownership has to be renewed: what became due sooner meanwhile is seen by the next
    const isOver = partitions.length === 0 || (start !== undefined && this.#mustRenew)
    if (isOver) return { keys: [], isFull: false }
    const limit = this.#limit(wanted)
    const keys = await core.store.write('claim', () =>
      journal.claim(limit, wanted.dueBy, { partitions, ...start }),
    )
    return { keys, isFull: keys.length >= limit }
  }

  async #read({ isWanted }: WantedRows, keys: readonly DirtyKey[]) {
    const { core, journal } = this.#parts
    const rows = await core.store.write('read', () => journal.read(keys))
    return isWanted === undefined ? rows : rows.filter(isWanted)
  }

  /** `undefined` when the batch has to be tried again. */
  async #tryBatch(rows: readonly DirtyEntry[]): Promise<WrittenBatch | undefined> {
    const { core, breaker, rate } = this.#parts
    const { emitter } = core
    const startedAt = performance.now()
    breaker.tries()
    this.#underWay += 1
    const before = this.#underWay
    let written: WrittenBatch
    try {
      written = await this.#batches.write(rows)
    } catch (error) {
      this.#underWay -= 1
      if (isOfStore(error)) throw error
      // it may be executed yet, after what is flushed next
      this.#ownership.doubt(rows)
      this.#renewedAt = Number.NEGATIVE_INFINITY
      this.#failed(rows, error)
      return undefined
    }
    const durationMs = performance.now() - startedAt
    breaker.succeeded()
    this.#batchSize.wrote(rows.length, durationMs)
    // two that share the time are twice as fast as each of them
    rate.flushed(rows.length, durationMs / Math.max(before, this.#underWay))
    this.#underWay -= 1
    emitter.emit({ type: 'flush', cache: emitter.cache, rows: rows.length, durationMs })
    if (written.fenced.length > 0) this.#fenced(written.fenced)
    return written
  }

  /** What the store says of its owners decides, once more: it may be this process again. */
  #fenced(rows: readonly DirtyEntry[]): void {
    const { recorder, emitter } = this.#parts.core
    this.#ownership.doubt(rows)
    this.#renewedAt = Number.NEGATIVE_INFINITY
    recorder.fenced += rows.length
    emitter.emit({ type: 'fenced', cache: emitter.cache, rows: rows.length })
  }

  #failed(rows: readonly DirtyEntry[], error: unknown): void {
    const { core, source, breaker, rate } = this.#parts
    if (this.#isStopped) return
    this.#batchSize.failed()
    rate.stopped()
    core.recorder.flushRetries += 1
    const { sqlstate } = source.classify(error)
    const { emitter } = core
    const { cache } = emitter
    emitter.emit({ type: 'flush-failure', cache, rows: rows.length, sqlstate, error })
    breaker.failed()
  }

  /** In turn: however much is written meanwhile, the database is left alone. */
  #pause(): Promise<void> {
    const { breaker, pauses } = this.#parts
    return pauses.pause(breaker.pauseMs())
  }
}

/** When all are through; rejects as the first of them did. */
async function allThrough(running: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(running)
  await Promise.all(running)
}

function isOfStore(error: unknown): boolean {
  return hasCode(error, 'STORE_TIMEOUT') || hasCode(error, 'STORE_UNAVAILABLE')
}
