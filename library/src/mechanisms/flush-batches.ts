import type { Version } from '../contract/entry.ts'
import { CacheError } from '../contract/errors.ts'
import type { AckResult, DirtyEntry, Journal, StoredDeadLetter } from '../contract/journal.ts'
import type { FlushableSource, FlushFailure, FlushFence, FlushOutcome } from '../contract/source.ts'
import { commitWithin } from './commit.ts'
import type { Core } from './core.ts'

/** What a batch is written from, and to. */
export interface FlushTarget<Key, Value> {
  readonly core: Core<Key>
  readonly journal: Journal
  readonly source: FlushableSource<Key, Value>
  /** How long writes of a key are gathered, in milliseconds. */
  readonly delayMs: number
  readonly fence: FlushFence
  readonly listener: FlushListener
}

/** Hears what became of dirty entries; what it does in the background is its own to report. */
export interface FlushListener {
  /** Rows are in the database; `freed`: what those that are clean now have given up on their way. */
  flushed(rows: readonly DirtyEntry[], freed: AckResult['freed']): void
  parked(letter: StoredDeadLetter): void
  /** A round is over, in which these partitions were this process's. */
  passed(partitions: readonly number[]): void
}

/** Writes batches of dirty entries into the database, and tells the journal what became of each row. */
export class FlushBatches<Key, Value> {
  readonly #target: FlushTarget<Key, Value>
  #isStopped = false

  constructor(target: FlushTarget<Key, Value>) {
    this.#target = target
  }

  /** No further statement is sent: a batch under way rejects. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Writes the rows, or parks them. Returns those that are dirty still: they met a newer version in the
   * database, or their partition is another process's. Rejects with a failure that may pass: what was not written by
   * then is dirty still. The journal may be told after that: the next batch need not wait for it.
   */
  async write(rows: readonly DirtyEntry[]): Promise<WrittenBatch> {
    const { core, delayMs } = this.#target
    const rewrittenDueAt = core.storeNow() + delayMs
    const batch: Batch = { rewrittenDueAt, refused: [], overtaken: [], fenced: [], told: [] }
    try {
      await this.#write(rows, batch)
      await this.#settleRefused(batch)
    } catch (error) {
      await Promise.allSettled(batch.told)
      throw error
    }
    const isTold = Promise.all(batch.told).then(() => undefined)
    // whoever awaits it hears of a failure; until then it is none that nobody handles
    isTold.catch(() => undefined)
    return { overtaken: batch.overtaken, fenced: batch.fenced, isTold }
  }

  /** Writes the rows, halving around the refused ones. Rejects with a failure that may pass. */
  async #write(rows: readonly DirtyEntry[], batch: Batch): Promise<void> {
    let outcomes: readonly FlushOutcome[]
    try {
      outcomes = await this.#flushRows(rows)
    } catch (error) {
      const failure = this.#target.source.classify(error)
      if (failure.kind === 'transient') throw error
      const [only] = rows
      if (only !== undefined && rows.length === 1) {
        batch.refused.push({ row: only, failure, error, attempts: 1 })
        return
      }
      const middle = rows.length >> 1
      await this.#write(rows.slice(0, middle), batch)
      await this.#write(rows.slice(middle), batch)
      return
    }
    await this.#acknowledge(rows, outcomes, batch)
  }

  /** Parks what is poison. The row in another's way may be gone by now: the rest is tried alone, as long as one of them passes. */
  async #settleRefused(batch: Batch): Promise<void> {
    let waiting: readonly Refused[] = batch.refused
    for (let hasPassed = true; hasPassed; ) {
      hasPassed = false
      const still: Refused[] = []
      for (const refused of waiting) {
        if (refused.failure.kind === 'poison') await this.#park(refused)
        else if (await this.#passesAlone(refused, batch)) hasPassed = true
        else still.push(refused)
      }
      waiting = still
    }
    for (const refused of waiting) await this.#park(refused)
  }

  async #passesAlone(refused: Refused, batch: Batch): Promise<boolean> {
    let outcomes: readonly FlushOutcome[]
    try {
      outcomes = await this.#flushRows([refused.row])
    } catch (error) {
      const failure = this.#target.source.classify(error)
      if (failure.kind === 'transient') throw error
      Object.assign(refused, { failure, error, attempts: refused.attempts + 1 })
      return false
    }
    await this.#acknowledge([refused.row], outcomes, batch)
    return true
  }

  async #flushRows(rows: readonly DirtyEntry[]): Promise<readonly FlushOutcome[]> {
    if (this.#isStopped) throw givenUp()
    const { keys, settings, clock } = this.#target.core
    const { source } = this.#target
    // as they are now: a source that looks at them later must not see those that were raised since
    const { journal, epochs } = this.#target.fence
    const fence = { journal, epochs: new Map(epochs) }
    const flushRows = rows.map(({ key, version, json, partition }) => ({
      key: source.parseKey(keys.textOf(key)),
      version,
      json,
      partition,
    }))
    // one that is answered later needs nothing: its rows are dirty still, and their partitions fenced anew
    const outcomes = await commitWithin(
      (context) => source.flush(flushRows, { ...context, fence }),
      settings.writeDeadlineMs,
      { clock, onLate() {} },
    )
    if (outcomes.length === rows.length) return outcomes
    throw new CacheError(
      'INVALID_VALUE',
      `flush: expected ${rows.length} outcomes in the order of the rows, received ${outcomes.length}`,
    )
  }

  async #acknowledge(
    rows: readonly DirtyEntry[],
    outcomes: readonly FlushOutcome[],
    batch: Batch,
  ): Promise<void> {
    const applied: DirtyEntry[] = []
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index]
      if (outcome?.outcome === 'newer') await this.#restamp(row, outcome.version, batch)
      else if (outcome?.outcome === 'fenced') batch.fenced.push(row)
      else applied.push(row)
    }
    if (applied.length === 0) return
    const told = this.#tell(applied, batch)
    // heard of when the batch is over, which may take a while
    told.catch(() => undefined)
    batch.told.push(told)
  }

  async #tell(applied: readonly DirtyEntry[], batch: Batch): Promise<void> {
    const { core, journal, listener } = this.#target
    const lifetimes = core.content({ json: '', version: 0 })
    const { ttlMs: negativeTtlMs } = core.content({ json: null, version: 0 })
    const next = { ...lifetimes, negativeTtlMs, dueAt: batch.rewrittenDueAt }
    const { freed } = await core.store.write('ack', () => journal.ack(applied, next))
    core.recorder.flushed += applied.length
    listener.flushed(applied, freed)
  }

  async #restamp(row: DirtyEntry, theirs: Version, batch: Batch): Promise<void> {
    const { core, journal } = this.#target
    const { store, recorder, emitter } = core
    const { key, version } = row
    batch.overtaken.push(row)
    const isRestamped = await store.write('restamp', () => journal.restamp(key, version, theirs))
    if (!isRestamped) return
    recorder.restamped += 1
    emitter.emit({ type: 'restamp', cache: emitter.cache, key, version })
  }

  async #park({ row, failure, error, attempts }: Refused): Promise<void> {
    const { core } = this.#target
    const { store, emitter } = core
    const { key, version, json } = row
    const { sqlstate } = failure
    const reason = error instanceof Error ? error.message : String(error)
    const letter = { key, version, json, sqlstate, reason, attempts, at: core.storeNow() }
    const outcome = await store.write('quarantine', () => this.#target.journal.quarantine(letter))
    if (outcome === 'superseded') return
    emitter.emit({ type: 'dead-letter', cache: emitter.cache, key, version, sqlstate })
    this.#target.listener.parked(letter)
  }
}

/** What became of a batch. */
export interface WrittenBatch {
  readonly overtaken: readonly DirtyEntry[]
  readonly fenced: readonly DirtyEntry[]
  /** Resolves when the journal knows what was written; rejects with the store's error. */
  readonly isTold: Promise<void>
}

interface Batch {
  /** When a row is due that was written again while this batch was under way. */
  readonly rewrittenDueAt: number
  readonly refused: Refused[]
  readonly overtaken: DirtyEntry[]
  readonly fenced: DirtyEntry[]
  readonly told: Promise<void>[]
}

interface Refused {
  readonly row: DirtyEntry
  failure: FlushFailure
  error: unknown
  attempts: number
}

/** The flush was given up for good. */
export function givenUp(): CacheError {
  return new CacheError('CLOSED', 'flush: the cache is closed; what is left stays in the journal')
}
