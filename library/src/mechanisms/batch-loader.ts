import { BulkheadRejectedError, bulkhead } from 'cockatiel'
import type { Clock } from '../contract/clock.ts'
import { CacheError } from '../contract/errors.ts'
import type { Row } from '../contract/source.ts'
import { withDeadline, withSignal } from './deadline.ts'
import type { Recorder } from './recorder.ts'
import type { RowLoader } from './versioned-source.ts'

/** The limits on loads. */
export interface LoadLimits {
  readonly maxLoads: number
  readonly maxQueuedLoads: number
  readonly loadDeadlineMs: number
  readonly batchSize: number
  readonly clock: Clock
  readonly recorder: Recorder
}

const retryOverloadAfterMs = 1_000

/** At most `maxLoads` loads at once, `maxQueuedLoads` waiting, each within the load deadline. */
export class LoadGate {
  readonly limits: LoadLimits
  readonly #bulkhead

  constructor(limits: LoadLimits) {
    this.limits = limits
    this.#bulkhead = bulkhead(limits.maxLoads, limits.maxQueuedLoads)
  }

  /** Rejects with `LOAD_OVERLOADED` when there is no place, with `LOAD_TIMEOUT` at the deadline. `onSent` runs when the load starts. */
  async pass<T>(
    load: (signal: AbortSignal) => Promise<T>,
    onSent: () => void = ignore,
  ): Promise<T> {
    const { loadDeadlineMs, clock } = this.limits
    const aborter = new AbortController()
    const { signal } = aborter
    const admitted = this.#bulkhead.execute(async () => {
      // its waiters have been answered: the database is spared a load that nobody reads
      signal.throwIfAborted()
      onSent()
      // one that never settles must not keep its place for ever
      return withSignal(load(signal), signal)
    })
    try {
      return await withDeadline(admitted, loadDeadlineMs, clock, () => {
        const timeout = new CacheError(
          'LOAD_TIMEOUT',
          `source: no answer to the load within ${loadDeadlineMs} ms`,
          { retryAfterMs: retryOverloadAfterMs },
        )
        aborter.abort(timeout)
        return timeout
      })
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error
      throw new CacheError('LOAD_OVERLOADED', 'source: too many loads are waiting', {
        cause: error,
        retryAfterMs: retryOverloadAfterMs,
      })
    }
  }
}

interface Waiting<Key, Value> {
  readonly key: Key
  readonly onSent: () => void
  readonly resolve: (row: Row<Value> | null) => void
  readonly reject: (error: unknown) => void
}

/**
 * Loads rows of a source. Single loads asked for in one turn of the event loop become one
 * `loadMany`; each key has its own outcome, so that one lost key fails nobody else's.
 */
export class BatchLoader<Key, Value> {
  readonly #source: RowLoader<Key, Value>
  readonly #gate: LoadGate
  #waiting: Waiting<Key, Value>[] = []

  constructor(source: RowLoader<Key, Value>, gate: LoadGate) {
    this.#source = source
    this.#gate = gate
  }

  load(key: Key, onSent: () => void): Promise<Row<Value> | null> {
    if (this.#source.loadMany === undefined) return this.#one(key, onSent)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, onSent, resolve, reject })
      // not a microtask: requests of other sockets that are readable now may still join the batch
      if (this.#waiting.length === 1) setImmediate(() => this.#dispatch())
    })
  }

  #dispatch(): void {
    const all = this.#waiting
    this.#waiting = []
    const { batchSize } = this.#gate.limits
    for (let from = 0; from < all.length; from += batchSize) {
      const batch = all.slice(from, from + batchSize)
      const [first] = batch
      if (first !== undefined && batch.length === 1) {
        this.#one(first.key, first.onSent).then(first.resolve, first.reject)
      } else {
        this.#many(batch).catch((error: unknown) => {
          for (const { reject } of batch) reject(error)
        })
      }
    }
  }

  async #one(key: Key, onSent: () => void): Promise<Row<Value> | null> {
    const row = await this.#gate.pass((signal) => this.#source.load(key, { signal }), onSent)
    return row ?? null
  }

  async #many(batch: readonly Waiting<Key, Value>[]): Promise<void> {
    const loadMany = this.#source.loadMany?.bind(this.#source)
    if (loadMany === undefined) return
    this.#gate.limits.recorder.batches += 1
    const keys = batch.map(({ key }) => key)
    const rows = await this.#gate.pass(
      (signal) => loadMany(keys, { signal }),
      () => {
        for (const { onSent } of batch) onSent()
      },
    )
    if (!Array.isArray(rows) || rows.length !== keys.length) {
      throw new CacheError(
        'INVALID_VALUE',
        `loadMany: expected an array of ${keys.length} results in the order of the keys, received ${Array.isArray(rows) ? `${rows.length} results` : typeof rows}`,
      )
    }
    for (const [index, { resolve, reject }] of batch.entries()) {
      const row: Row<Value> | Error | null | undefined = rows[index]
      if (row instanceof Error) reject(row)
      else resolve(row ?? null)
    }
  }
}

function ignore(): void {}
