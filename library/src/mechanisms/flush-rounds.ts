import { hasCode } from '../contract/errors.ts'
import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
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
  /** One page of all there is. Default: pages of eight batches, or of one while the database fails. */
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

type Page = readonly DirtyEntry[] | undefined

const batchesPerPage = 8
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
    this.#renewedAt = Number.NEGATIVE_INFINITY
    let isTold: Promise<void> = Promise.resolve()
    let isOver = false
    let page = await this.#claim(wanted)
    while (page !== undefined && !isOver && !this.#isStopped) {
      const done = await this.#flushPage(page, wanted, isTold)
      isTold = done.isTold
      if (done.left.size > 0) {
        await isTold
        return { isOver: false, left: done.left }
      }
      isOver = page.length === 0 || (wanted.isOnePage ?? false)
      if (isOver) break
      if (done.next === undefined) await isTold
      page = await (done.next ?? this.#claim(wanted))
    }
    await isTold
    return { isOver, left: new Set() }
  }

  async #flushPage(claimed: readonly DirtyEntry[], wanted: WantedRows, before: Promise<void>) {
    const left = new Set<string>()
    // a batch of few partitions has few epochs to lock, and the journal is told of it in few calls
    const page = claimed.toSorted((a, b) => a.partition - b.partition)
    const isFull = page.length >= this.#limit(wanted)
    const told = [before]
    let next: Promise<Page> | undefined
    let from = 0
    let hasFailed = false
    const inLane = async () => {
      let isTold = before
      while (from < page.length && left.size === 0) {
        const batch = page.slice(from, from + this.#batchSize.rows)
        from += batch.length
        const written = await this.#tryBatch(batch)
        hasFailed ||= written === undefined
        const again = written === undefined ? batch : [...written.overtaken, ...written.fenced]
        for (const { key } of again) left.add(key)
        await isTold
        if (written === undefined) return
        isTold = written.isTold
        if (isFull && left.size === 0) next ??= this.#claimAfter(claimed, wanted)
      }
      told.push(isTold)
    }
    await allThrough(Array.from({ length: this.#lanes }, inLane))
    if (left.size > 0) {
      for (const { key } of page.slice(from)) left.add(key)
      // what was read of partitions that have to be taken anew must be read again
      await next
    }
    if (hasFailed) await this.#pause()
    const isTold = allThrough(told)
    // whoever awaits it hears of a failure; until then it is none that nobody handles
    isTold.catch(() => undefined)
    return { left, isTold, next }
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

  /** The page behind this one. Whoever awaits it hears of a failure; until then it is none that nobody handles. */
  #claimAfter(page: readonly DirtyEntry[], wanted: WantedRows): Promise<Page> {
    const next = this.#claim(wanted, page)
    next.catch(() => undefined)
    return next
  }

  /** `undefined` when the database has failed to say what this process may flush. `before`: the page that is under way. */
  async #claim(wanted: WantedRows, before?: readonly DirtyEntry[]): Promise<Page> {
    const { core, journal } = this.#parts
    const { dueBy } = wanted
    let dueFrom = before?.at(-1)?.dueAt
    if (core.clock.now() - this.#renewedAt > renewEveryMs) {
      try {
        await this.#ownership.refresh(dueBy)
        this.#renewedAt = core.clock.now()
        // now and then a look at all: some may be due sooner than when the page before was read
        dueFrom = undefined
      } catch (error) {
        if (isOfStore(error)) throw error
        this.#failed([], error)
        await this.#pause()
        return undefined
      }
    }
    const { partitions } = this.#ownership
    if (partitions.length === 0) return []
    const scope = { partitions, ...(before && { dueFrom, except: keysOf(before, dueFrom) }) }
    const claimed = await core.store.write('claim', () =>
      journal.claim(this.#limit(wanted), dueBy, scope),
    )
    return wanted.isWanted === undefined ? claimed : claimed.filter(wanted.isWanted)
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

/** Of rows that are due at an instant or later. */
function keysOf(rows: readonly DirtyEntry[], dueFrom = Number.NEGATIVE_INFINITY) {
  const keys = new Set<string>()
  for (const { key, dueAt } of rows) if (dueAt >= dueFrom) keys.add(key)
  return keys
}

/** When all are through; rejects as the first of them did. */
async function allThrough(running: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(running)
  await Promise.all(running)
}

function isOfStore(error: unknown): boolean {
  return hasCode(error, 'STORE_TIMEOUT') || hasCode(error, 'STORE_UNAVAILABLE')
}
