import type { DirtyEntry, Journal } from '../contract/journal.ts'
import type { FlushableSource, FlushFailure, FlushOutcome } from '../contract/source.ts'
import type { Core } from './core.ts'

/** How a flusher works. */
export interface FlusherOptions {
  readonly delayMs: number
  readonly batchSize: number
  readonly drainMs: number
}

const backOffFromMs = 50
const backOffToMs = 5_000

/**
 * Brings dirty entries into the database: oldest first, one batch under way at a time, each row
 * guarded by its version. A failed batch keeps its journal, and is tried again with a growing
 * pause; a row that the database refuses is found by halving the batch, and parked, so that it never
 * blocks others.
 */
export class Flusher<Key, Value> {
  readonly #core: Core<Key>
  readonly #journal: Journal
  readonly #source: FlushableSource<Key, Value>
  readonly #options: FlusherOptions
  #turn: Promise<unknown> = Promise.resolve()
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelWake: () => void = () => {}
  #failures = 0
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
  }

  /** Something is due at `dueAt`. */
  expect(dueAt: number): void {
    if (dueAt >= this.#wakesAt || this.#isStopped) return
    this.#cancelWake()
    this.#wakesAt = dueAt
    const { clock, background } = this.#core
    this.#cancelWake = clock.after(Math.max(0, dueAt - clock.now()), () => {
      this.#wakesAt = Number.POSITIVE_INFINITY
      background.run('flush', () => this.#flushDue())
    })
  }

  /** Resolves when all that is dirty now is in the database or among the dead letters. */
  async flush(): Promise<void> {
    await this.#inTurn(async () => {
      const dirty = await this.#claim(Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY)
      for (let from = 0; from < dirty.length; ) {
        const batch = dirty.slice(from, from + this.#options.batchSize)
        if (await this.#tryBatch(batch)) from += batch.length
        else await this.#core.sleep(this.#pauseMs())
        if (this.#isStopped) return
      }
    })
  }

  /** Drains for as long as the options say; what is left then stays in the journal. */
  async close(): Promise<void> {
    const { clock } = this.#core
    let cancel = () => {}
    const deadline = new Promise<void>((resolve) => {
      cancel = clock.after(this.#options.drainMs, resolve)
    })
    await Promise.race([this.#core.background.attempt('flush', () => this.flush()), deadline])
    cancel()
    this.#isStopped = true
    this.#cancelWake()
  }

  async #flushDue(): Promise<void> {
    const { clock, store } = this.#core
    let isTaken = false
    try {
      await this.#inTurn(async () => {
        let batch = await this.#claim(this.#options.batchSize, clock.now())
        isTaken = true
        while (batch.length > 0 && isTaken && !this.#isStopped) {
          isTaken = await this.#tryBatch(batch)
          if (isTaken) batch = await this.#claim(this.#options.batchSize, clock.now())
        }
      })
      const nextAt = await store.read('nextDueAt', () => this.#journal.nextDueAt())
      if (nextAt !== undefined && isTaken) this.expect(nextAt)
    } catch (error) {
      isTaken = false
      throw error
    } finally {
      if (!isTaken) this.expect(clock.now() + this.#pauseMs())
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work, work)
    this.#turn = mine
    return mine
  }

  #claim(limit: number, dueBy: number): Promise<readonly DirtyEntry[]> {
    return this.#core.store.write('claim', () => this.#journal.claim(limit, dueBy))
  }

  /** False when the batch has to be tried again later. */
  async #tryBatch(batch: readonly DirtyEntry[]): Promise<boolean> {
    const { recorder, emitter } = this.#core
    const startedAt = performance.now()
    const refused: Refused[] = []
    try {
      await this.#write(batch, refused)
      // a row in the way may be gone by now: each has one more try, alone
      for (const row of refused) await this.#writeAlone(row)
      this.#failures = 0
      const durationMs = performance.now() - startedAt
      emitter.emit({ type: 'flush', cache: emitter.cache, rows: batch.length, durationMs })
      return true
    } catch (error) {
      this.#failures += 1
      recorder.flushRetries += 1
      const { sqlstate } = this.#source.classify(error)
      const rows = batch.length
      emitter.emit({ type: 'flush-failure', cache: emitter.cache, rows, sqlstate, error })
      return false
    }
  }

  /** Writes the rows, halving around the refused ones. Rejects with a failure that may pass. */
  async #write(rows: readonly DirtyEntry[], refused: Refused[]): Promise<void> {
    let outcomes: readonly FlushOutcome[]
    try {
      outcomes = await this.#flushRows(rows)
    } catch (error) {
      const failure = this.#source.classify(error)
      if (failure.kind === 'transient') throw error
      const [only] = rows
      if (only !== undefined && rows.length === 1) {
        refused.push({ row: only, failure, error })
        return
      }
      const middle = rows.length >> 1
      await this.#write(rows.slice(0, middle), refused)
      await this.#write(rows.slice(middle), refused)
      return
    }
    await this.#acknowledge(rows, outcomes)
  }

  async #writeAlone({ row, failure, error }: Refused): Promise<void> {
    let last = { failure, error }
    if (failure.kind === 'retry-alone') {
      try {
        await this.#acknowledge([row], await this.#flushRows([row]))
        return
      } catch (again) {
        last = { failure: this.#source.classify(again), error: again }
        if (last.failure.kind === 'transient') throw again
      }
    }
    await this.#park(row, last, failure.kind === 'retry-alone' ? 2 : 1)
  }

  #flushRows(rows: readonly DirtyEntry[]): Promise<readonly FlushOutcome[]> {
    const { keys, settings, clock } = this.#core
    const deadlineAt = clock.now() + settings.writeDeadlineMs
    return this.#source.flush(
      rows.map(({ key, version, json }) => ({
        key: this.#source.parseKey(keys.textOf(key)),
        version,
        json,
      })),
      { deadlineAt },
    )
  }

  async #acknowledge(
    rows: readonly DirtyEntry[],
    outcomes: readonly FlushOutcome[],
  ): Promise<void> {
    const { store, recorder, clock } = this.#core
    const applied: DirtyEntry[] = []
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index]
      if (outcome?.outcome === 'applied') applied.push(row)
      else if (outcome?.outcome === 'newer') {
        recorder.restamped += 1
        await store.write('restamp', () =>
          this.#journal.restamp(row.key, row.version, outcome.version),
        )
      }
    }
    if (applied.length === 0) return
    const { ttlMs } = this.#core.content({ json: '', version: 0 })
    const { ttlMs: negativeTtlMs } = this.#core.content({ json: null, version: 0 })
    const dueAt = clock.now() + this.#options.delayMs
    await store.write('ack', () => this.#journal.ack(applied, { ttlMs, negativeTtlMs, dueAt }))
    recorder.flushed += applied.length
    // rows that were written again meanwhile
    this.expect(dueAt)
  }

  async #park(
    row: DirtyEntry,
    last: { readonly failure: FlushFailure; readonly error: unknown },
    attempts: number,
  ): Promise<void> {
    const { store, emitter, clock } = this.#core
    const { key, version, json } = row
    const { sqlstate } = last.failure
    const reason = last.error instanceof Error ? last.error.message : String(last.error)
    const letter = { key, version, json, sqlstate, reason, attempts, at: clock.now() }
    const outcome = await store.write('quarantine', () => this.#journal.quarantine(letter))
    if (outcome === 'superseded') return
    emitter.emit({ type: 'dead-letter', cache: emitter.cache, key, version, sqlstate })
  }

  #pauseMs(): number {
    const ms = Math.min(backOffToMs, backOffFromMs * 2 ** Math.min(this.#failures, 10))
    return ms * (0.5 + this.#core.random() / 2)
  }
}

interface Refused {
  readonly row: DirtyEntry
  readonly failure: FlushFailure
  readonly error: unknown
}
