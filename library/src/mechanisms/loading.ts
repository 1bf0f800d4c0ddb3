import type { Content, ValueEntry, Version } from '../contract/entry.ts'
import { CacheError } from '../contract/errors.ts'
import { Answer, LoadedBody } from './answer.ts'
import type { Core } from './core.ts'
import type { ReadTerms } from './read-terms.ts'
import type { FlightCommands } from './single-flight.ts'
import { degrade, type Seen, unreachable } from './store-view.ts'

/** A loaded row on its way to the store. */
export interface LoadedRow {
  /** `null`: the row is absent. */
  readonly json: string | null
  readonly version: Version
  readonly ttlMs?: number | undefined
  /** Answer it, and do not store it. */
  readonly isSkipped?: boolean
}

/** Loads one row; calls `onSent` when the source is asked, not when the load is queued. */
export type LoadRow<Key> = (
  key: Key,
  call: { readonly onSent: () => void; readonly stale: ValueEntry | undefined },
) => Promise<LoadedRow>

/** One read. */
export interface Trip<Key> {
  readonly key: Key
  readonly id: string
  readonly load: LoadRow<Key>
  readonly terms?: ReadTerms | undefined
}

type Measured = LoadedRow & { readonly loadMs: number }

/** Loads rows, and puts them where the protocol allows it. A store that fails meanwhile fails no read. */
export class Loading<Key, Value> {
  readonly #core: Core<Key>

  constructor(core: Core<Key>) {
    this.#core = core
  }

  /** `undefined`: the lease is mine; else what stands there. */
  async acquire(id: string, token: string, flight: FlightCommands): Promise<Seen> {
    flight.sending()
    const { store, settings } = this.#core
    const answer = await store
      .write('acquire', (s) => s.acquire(id, token, settings.leaseMs))
      .catch(degrade)
    // it may have been executed: a lease that nobody uses makes others wait
    if (answer === unreachable) this.release(id, token)
    return answer === 'acquired' ? undefined : answer
  }

  /** With the lease of `token`: stored, unless an invalidation or a write ended it; given back where nothing is stored. */
  async fill(trip: Trip<Key>, token: string, flight: FlightCommands): Promise<Answer<Value>> {
    const { store, settings, invalidator } = this.#core
    let row: Measured
    try {
      row = await this.load(trip, flight)
    } catch (error) {
      this.release(trip.id, token)
      throw error
    }
    const isStorable = row.isSkipped !== true && (row.json !== null || settings.negativeTtlMs > 0)
    if (!isStorable || invalidator.isSuspect(trip.id)) {
      this.release(trip.id, token)
      return this.#answer('miss', row)
    }
    const content = this.#core.content({ ...row, ttlMs: row.ttlMs ?? trip.terms?.ttlMs })
    const filled = await store.write('fill', (s) => s.fill(trip.id, token, content)).catch(noAnswer)
    if (filled === undefined) this.release(trip.id, token)
    this.#countFill(filled === 'stored')
    return this.#answer('miss', row, { isStored: filled === 'stored' })
  }

  /** Around a value that stands: expired and kept, or passed over. It is replaced only if it is not newer. */
  async replace(
    trip: Trip<Key>,
    entry: ValueEntry,
    flight: FlightCommands,
  ): Promise<Answer<Value>> {
    const { invalidator } = this.#core
    const row = await this.load(trip, flight, entry)
    if (row.isSkipped === true || invalidator.isSuspect(trip.id)) return this.#answer('miss', row)
    const content = this.#core.content({ ...row, ttlMs: row.ttlMs ?? trip.terms?.ttlMs })
    const outcome = await this.refresh(trip.id, entry, content).catch(noAnswer)
    const isStored = outcome === 'replaced' || outcome === 'extended'
    if (outcome !== 'removed') this.#countFill(isStored)
    return this.#answer('miss', row, { isStored })
  }

  /** Stores a reloaded value around the entry that the load started from. */
  refresh(id: string, { version, storedAt, hardAt }: ValueEntry, content: Content) {
    const startedFrom = { version, storedAt, hardAt }
    return this.#core.store.write('refresh', (s) => s.refresh(id, startedFrom, content))
  }

  /** Without a fill: others write the row, or the store does not answer. */
  async bypass(
    trip: Trip<Key>,
    flight: FlightCommands,
    isStoreDown: boolean,
  ): Promise<Answer<Value>> {
    const { whenStoreIsDown } = this.#core.settings
    if (isStoreDown && whenStoreIsDown === 'throw') throw storeDown(trip.key)
    const row = await this.load(trip, flight)
    return this.#answer('bypass', row, { isStale: isStoreDown && whenStoreIsDown === 'stale' })
  }

  /** One load, measured, counted and announced. */
  async load({ key, id, load }: Trip<Key>, flight: FlightCommands, stale?: ValueEntry) {
    const { recorder } = this.#core
    flight.idle()
    let startedAt = performance.now()
    const onSent = () => {
      startedAt = performance.now()
      flight.sending()
    }
    recorder.loads += 1
    try {
      const row = await load(key, { onSent, stale })
      const loadMs = performance.now() - startedAt
      recorder.loadTook(loadMs)
      this.announce(id, loadMs, row.json === null ? 'absent' : 'value')
      return { ...row, loadMs }
    } catch (error) {
      recorder.loadFailures += 1
      this.announce(id, performance.now() - startedAt, 'failure', error)
      throw error
    }
  }

  announce(
    key: string,
    durationMs: number,
    outcome: 'value' | 'absent' | 'failure',
    error?: unknown,
  ): void {
    const { emitter } = this.#core
    if (!emitter.isHeard) return
    emitter.emit({ type: 'load', cache: emitter.cache, key, durationMs, outcome, error })
  }

  /** Gives a lease back in the background: one that nobody uses makes others wait. */
  release(id: string, token: string): void {
    const { background, store } = this.#core
    background.run('release', () => store.write('release', (s) => s.release(id, token)))
  }

  #countFill(isStored: boolean): void {
    if (isStored) this.#core.recorder.fillsStored += 1
    else this.#core.recorder.fillsRefused += 1
  }

  #answer(
    status: 'miss' | 'bypass',
    row: Measured,
    label: { readonly isStored?: boolean; readonly isStale?: boolean } = {},
  ): Answer<Value> {
    const body = new LoadedBody(row.json, row.version)
    const provenance = { status, tier: 'source', loadMs: row.loadMs, ...label }
    return new Answer(body, provenance, this.#core.store.store)
  }
}

function storeDown(key: unknown): CacheError {
  return new CacheError(
    'STORE_UNAVAILABLE',
    'read: the store holds the newest values, and does not answer',
    { key, retryAfterMs: 1_000 },
  )
}

/** The guard has reported why. */
function noAnswer(): undefined {}
