import type { LookupStatus, ReadOptions } from '../contract/cache.ts'
import type { NegativeEntry, StoredState, ValueEntry, Version } from '../contract/entry.ts'
import { CacheError } from '../contract/errors.ts'
import { Answer, LoadedBody } from './answer.ts'
import type { Core } from './core.ts'
import { withDeadline, withSignal } from './deadline.ts'
import { durationMs } from './duration.ts'
import { type FlightCommands, SingleFlight } from './single-flight.ts'

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
  readonly options?: ReadOptions | undefined
}

type Seen = StoredState | undefined | typeof unreachable
const unreachable = Symbol('the store did not answer')

const firstPauseMs = 10
const longestPauseMs = 100

/**
 * The READ protocol. A hit costs one GET. On a miss one caller, in all processes, acquires the
 * lease, loads and fills; a fill is refused when an invalidation or a write came in between. While
 * writes are in progress, or the store does not answer, reads load from the source and do not fill.
 */
export class Reader<Key, Value> {
  readonly #core: Core<Key>
  readonly #flights = new SingleFlight<Answer<Value>>()
  readonly #onHit: ((trip: Trip<Key>, entry: ValueEntry) => void) | undefined

  /** `onHit` is told of every hit: refresh-ahead decides there. */
  constructor(core: Core<Key>, onHit?: (trip: Trip<Key>, entry: ValueEntry) => void) {
    this.#core = core
    this.#onHit = onHit
  }

  /** The value alone: an in-process hit makes no object. */
  value(trip: Trip<Key>): unknown {
    const { store, invalidator, recorder } = this.#core
    if (trip.options !== undefined || invalidator.isSuspect(trip.id)) {
      return this.lookup(trip).then(valueOfAnswer)
    }
    const isSampled = recorder.samplesNextHit
    const startedAt = isSampled ? performance.now() : 0
    const arrivedAt = this.#flights.arrive()
    const state = store.get(trip.id)
    if (state instanceof Promise || state?.kind !== 'value' || !this.#isFresh(state)) {
      const answering = this.#answer(trip, arrivedAt, state)
      return this.#counted(answering, isSampled ? startedAt : performance.now()).then(valueOfAnswer)
    }
    if (isSampled) recorder.hitTook(performance.now() - startedAt)
    recorder.hits += 1
    this.#onHit?.(trip, state)
    return state.value
  }

  /** The answer with its provenance. */
  lookup(trip: Trip<Key>): Promise<Answer<Value>> {
    if (trip.options?.fresh !== true) return this.#lookup(trip)
    return this.#counted(this.#patiently(this.reload(trip), trip), performance.now())
  }

  /** `lookup` for the library's own needs: it is not counted as a read. */
  inspect(trip: Trip<Key>): Promise<Answer<Value>> {
    const arrivedAt = this.#flights.arrive()
    return this.#answer(trip, arrivedAt, this.#firstGet(trip.id))
  }

  /** `lookup` for a key whose GET was part of a bigger one, sent after `arrivedAt`. */
  resume(
    trip: Trip<Key>,
    arrivedAt: number,
    seen: StoredState | undefined,
  ): Promise<Answer<Value>> {
    const isSuspect = this.#core.invalidator.isSuspect(trip.id)
    const answering = this.#answer(trip, arrivedAt, isSuspect ? unreachable : seen)
    return this.#counted(answering, performance.now())
  }

  /** To be called before a GET that `resume` is told of. */
  arrive(): number {
    return this.#flights.arrive()
  }

  /** Loads past the cache, and stores the result where the protocol allows it. Not counted as a read. */
  async reload(trip: Trip<Key>): Promise<Answer<Value>> {
    const { store, tokens, settings } = this.#core
    let state = await this.#get(trip.id, this.#core.invalidator.isSuspect(trip.id))
    if (state !== unreachable && state?.kind === 'negative' && !state.isDirty) {
      await store.write('invalidate', (s) => s.invalidate(trip.id)).catch(degrade)
      state = undefined
    }
    const token = tokens.next()
    let isOwner = false
    if (state === undefined) {
      const answer = await store
        .write('acquire', (s) => s.acquire(trip.id, token, settings.leaseMs))
        .catch(degrade)
      isOwner = answer === 'acquired'
      if (answer === unreachable) this.#release(trip.id, token)
    }
    if (isOwner) return this.#loadAndFill(trip, token, alone)
    if (isEntry(state) && state.isDirty) return this.#entryAnswer('hit', state, false)
    if (isEntry(state) && state.kind === 'value') return this.#loadAndReplace(trip, state, alone)
    return this.#loadOnly(trip, alone, state === unreachable)
  }

  #lookup(trip: Trip<Key>): Promise<Answer<Value>> {
    const startedAt = performance.now()
    const arrivedAt = this.#flights.arrive()
    const seen = this.#firstGet(trip.id)
    if (seen instanceof Promise || !isEntry(seen) || !this.#isFresh(seen)) {
      return this.#counted(this.#answer(trip, arrivedAt, seen), startedAt)
    }
    const answer = this.#found(trip, seen)
    this.#core.recorder.answered(answer.status, false, performance.now() - startedAt)
    return Promise.resolve(answer)
  }

  #firstGet(id: string): Seen | Promise<Seen> {
    const { store, invalidator } = this.#core
    return invalidator.isSuspect(id) ? unreachable : store.get(id)
  }

  async #counted(answering: Promise<Answer<Value>>, startedAt: number): Promise<Answer<Value>> {
    const answer = await answering
    const ms = performance.now() - startedAt
    this.#core.recorder.answered(answer.status, answer.isCollapsed, ms)
    return answer
  }

  async #answer(
    trip: Trip<Key>,
    arrivedAt: number,
    answer: Seen | Promise<Seen>,
  ): Promise<Answer<Value>> {
    let seen: Seen
    try {
      seen = answer instanceof Promise ? await answer : answer
    } catch {
      // a broken store must not break a read; the guard has reported it
      seen = unreachable
    }
    if (!isEntry(seen) || !this.#isFresh(seen)) return this.#board(trip, arrivedAt, seen)
    return this.#found(trip, seen)
  }

  #found(trip: Trip<Key>, entry: ValueEntry | NegativeEntry): Answer<Value> {
    if (entry.kind === 'negative') return this.#entryAnswer('negative', entry, false)
    this.#onHit?.(trip, entry)
    return this.#entryAnswer('hit', entry, false)
  }

  async #board(trip: Trip<Key>, arrivedAt: number, seen: Seen): Promise<Answer<Value>> {
    const boarding = this.#flights.board(trip.id, arrivedAt, (flight, isForLateCallers) =>
      this.#fly(trip, flight, isForLateCallers ? undefined : { seen }),
    )
    try {
      const { value, isJoined } = await this.#patiently(boarding, trip)
      return isJoined && value.status !== 'hit' && value.status !== 'negative'
        ? value.collapsed()
        : value
    } catch (error) {
      // only what this caller's own GET saw: another's may be older than a write acknowledged before this caller came
      if (!isEntry(seen) || trip.options?.signal?.aborted === true) throw error
      return this.#entryAnswer('stale', seen, false)
    }
  }

  /** Deadlines and signals are the caller's own: the flight goes on for the others. */
  #patiently<T>(boarding: Promise<T>, { options, key }: Trip<Key>): Promise<T> {
    if (options === undefined) return boarding
    let waiting = boarding
    if (options.deadline !== undefined) {
      const ms = durationMs('deadline', options.deadline, { minMs: 0, maxMs: 3_600_000 })
      waiting = withDeadline(
        waiting,
        ms,
        this.#core.clock,
        () => new CacheError('LOAD_TIMEOUT', `read: no answer within ${ms} ms`, { key }),
      )
    }
    return options.signal === undefined ? waiting : withSignal(waiting, options.signal)
  }

  async #fly(
    trip: Trip<Key>,
    flight: FlightCommands,
    start: { readonly seen: Seen } | undefined,
  ): Promise<Answer<Value>> {
    const { clock, random, settings } = this.#core
    const givesUpAt = clock.now() + settings.waitForLoadMs
    let hasWaited = start === undefined
    let seen = start === undefined ? await this.#getAgain(trip.id, flight) : start.seen
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      if (seen === undefined) {
        const token = this.#core.tokens.next()
        seen = await this.#acquire(trip.id, token, flight)
        if (seen === undefined) return this.#loadAndFill(trip, token, flight)
      }
      if (seen === unreachable) return this.#loadOnly(trip, flight, true)
      if (seen.kind === 'pending') return this.#loadOnly(trip, flight)
      if (isEntry(seen)) {
        if (!this.#isFresh(seen)) return this.#loadAndReplace(trip, seen as ValueEntry, flight)
        const status = seen.kind === 'value' ? 'hit' : 'negative'
        return this.#entryAnswer(hasWaited ? 'miss' : status, seen, hasWaited)
      }
      flight.idle()
      const jitteredMs = pauseMs * (1 + 1.5 * random())
      if (clock.now() + jitteredMs > givesUpAt) return this.#loadOnly(trip, flight)
      await this.#core.sleep(jitteredMs)
      hasWaited = true
      seen = await this.#getAgain(trip.id, flight)
    }
  }

  async #getAgain(id: string, flight: FlightCommands): Promise<Seen> {
    flight.sending()
    return this.#get(id, this.#core.invalidator.isSuspect(id))
  }

  async #get(id: string, isSuspect: boolean): Promise<Seen> {
    if (isSuspect) return unreachable
    try {
      return await this.#core.store.get(id)
    } catch {
      return unreachable
    }
  }

  /** `undefined`: the lease is mine. */
  async #acquire(id: string, token: string, flight: FlightCommands): Promise<Seen> {
    flight.sending()
    const { store, settings } = this.#core
    const answer = await store
      .write('acquire', (s) => s.acquire(id, token, settings.leaseMs))
      .catch(degrade)
    // it may have been executed: a lease that nobody uses makes others wait
    if (answer === unreachable) this.#release(id, token)
    return answer === 'acquired' ? undefined : answer
  }

  async #loadAndFill(
    trip: Trip<Key>,
    token: string,
    flight: FlightCommands,
  ): Promise<Answer<Value>> {
    const { store, settings } = this.#core
    let row: LoadedRow & { readonly loadMs: number }
    try {
      row = await this.#load(trip, flight)
    } catch (error) {
      this.#release(trip.id, token)
      throw error
    }
    const isStorable = row.isSkipped !== true && (row.json !== null || settings.negativeTtlMs > 0)
    if (!isStorable || this.#core.invalidator.isSuspect(trip.id)) {
      this.#release(trip.id, token)
      return this.#loadedAnswer('miss', row, false)
    }
    const content = this.#core.content({ ...row, ttlMs: row.ttlMs ?? callTtlMs(trip.options) })
    const filled = await store.write('fill', (s) => s.fill(trip.id, token, content)).catch(degrade)
    if (filled === unreachable) this.#release(trip.id, token)
    this.#countFill(filled === 'stored')
    return this.#loadedAnswer('miss', row, filled === 'stored')
  }

  /** Around a value that stands: expired and kept, or passed over. It is replaced only if it is not newer. */
  async #loadAndReplace(
    trip: Trip<Key>,
    entry: ValueEntry,
    flight: FlightCommands,
  ): Promise<Answer<Value>> {
    const row = await this.#load(trip, flight, entry)
    if (row.isSkipped === true) return this.#loadedAnswer('miss', row, false)
    const content = this.#core.content({ ...row, ttlMs: row.ttlMs ?? callTtlMs(trip.options) })
    const stored = await this.#core.store
      .write('refresh', (s) => s.refresh(trip.id, entry.version, content))
      .catch(degrade)
    const isStored = stored === 'replaced' || stored === 'extended'
    this.#countFill(isStored)
    return this.#loadedAnswer('miss', row, isStored)
  }

  async #loadOnly(
    trip: Trip<Key>,
    flight: FlightCommands,
    isStoreDown = false,
  ): Promise<Answer<Value>> {
    const { whenStoreIsDown } = this.#core.settings
    if (isStoreDown && whenStoreIsDown === 'throw') throw storeDown(trip.key)
    const row = await this.#load(trip, flight)
    return this.#loadedAnswer('bypass', row, false, isStoreDown && whenStoreIsDown === 'stale')
  }

  /** One load, measured and counted. */
  async #load(
    trip: Trip<Key>,
    flight: FlightCommands,
    stale?: ValueEntry,
  ): Promise<LoadedRow & { readonly loadMs: number }> {
    const { recorder, emitter } = this.#core
    flight.idle()
    let startedAt = performance.now()
    const onSent = () => {
      startedAt = performance.now()
      flight.sending()
    }
    recorder.loads += 1
    try {
      const row = await trip.load(trip.key, { onSent, stale })
      const loadMs = performance.now() - startedAt
      recorder.loadTook(loadMs)
      this.#announceLoad(trip.id, loadMs, row.json === null ? 'absent' : 'value')
      return { ...row, loadMs }
    } catch (error) {
      recorder.loadFailures += 1
      if (emitter.isHeard) {
        this.#announceLoad(trip.id, performance.now() - startedAt, 'failure', error)
      }
      throw error
    }
  }

  #announceLoad(
    key: string,
    durationMs: number,
    outcome: 'value' | 'absent' | 'failure',
    error?: unknown,
  ): void {
    const { emitter } = this.#core
    if (!emitter.isHeard) return
    emitter.emit({ type: 'load', cache: emitter.cache, key, durationMs, outcome, error })
  }

  #release(id: string, token: string): void {
    const { background, store } = this.#core
    background.run('release', () => store.write('release', (s) => s.release(id, token)))
  }

  #countFill(isStored: boolean): void {
    if (isStored) this.#core.recorder.fillsStored += 1
    else this.#core.recorder.fillsRefused += 1
  }

  /** Where no grace is given, the store itself ends an entry at its hard expiry. */
  #isFresh(entry: ValueEntry | NegativeEntry): boolean {
    return (
      this.#core.settings.graceMs === 0 ||
      entry.isDirty ||
      entry.kind === 'negative' ||
      entry.hardAt > this.#core.clock.now()
    )
  }

  #entryAnswer(
    status: LookupStatus,
    entry: ValueEntry | NegativeEntry,
    isCollapsed: boolean,
  ): Answer<Value> {
    const { clock, store } = this.#core
    return new Answer(entry, { status, tier: store.store.name, isCollapsed }, clock)
  }

  #loadedAnswer(
    status: 'miss' | 'bypass',
    row: LoadedRow & { readonly loadMs: number },
    isStored: boolean,
    isStale = false,
  ): Answer<Value> {
    return new Answer(
      new LoadedBody(row.json, row.version),
      { status, tier: 'source', isStored, isStale, loadMs: row.loadMs },
      this.#core.clock,
    )
  }
}

/** A read outside of any flight. */
const alone: FlightCommands = { sending() {}, idle() {} }

function isEntry(seen: Seen): seen is ValueEntry | NegativeEntry {
  return typeof seen === 'object' && (seen.kind === 'value' || seen.kind === 'negative')
}

function storeDown(key: unknown): CacheError {
  return new CacheError(
    'STORE_UNAVAILABLE',
    'read: the store holds the newest values, and does not answer',
    { key, retryAfterMs: 1_000 },
  )
}

function valueOfAnswer(answer: { readonly value: unknown }): unknown {
  return answer.value
}

/** A read goes on without the store; the guard has reported why. */
function degrade(): typeof unreachable {
  return unreachable
}

function callTtlMs(options: ReadOptions | undefined): number | undefined {
  return options?.ttl === undefined
    ? undefined
    : durationMs('ttl', options.ttl, { minMs: 1, maxMs: 365 * 86_400_000 })
}
