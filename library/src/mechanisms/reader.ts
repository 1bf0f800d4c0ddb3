import type { LookupStatus } from '../contract/cache.ts'
import type { ValueEntry } from '../contract/entry.ts'
import { Answer } from './answer.ts'
import type { Core } from './core.ts'
import { Grace } from './grace.ts'
import { Loading, type Trip } from './loading.ts'
import { atLeast } from './min-version.ts'
import { type NearHits, nearHitsOf } from './near-hits.ts'
import { patiently } from './read-terms.ts'
import { type FlightCommands, SingleFlight } from './single-flight.ts'
import {
  degrade,
  type Entry,
  isEntry,
  plainStatus,
  type Seen,
  StoreView,
  unreachable,
} from './store-view.ts'

/**
 * The READ protocol. A hit costs one GET. On a miss one caller, in all processes, acquires the
 * lease, loads and fills; a fill is refused when an invalidation or a write came in between. While
 * writes are in progress, or the store does not answer, reads load from the source and do not fill.
 */
export class Reader<Key, Value> {
  readonly #core: Core<Key>
  readonly #loading: Loading<Key, Value>
  readonly #view: StoreView
  readonly #grace: Grace
  readonly #flights = new SingleFlight<Answer<Value>>()
  /** Hits without terms that need no trip: of a store that has places, with plain keys, and nobody to be told. */
  readonly near: NearHits<Key> | undefined
  readonly #onHit: ((trip: Trip<Key>, entry: ValueEntry) => void) | undefined

  /** `onHit` is told of every hit: refresh-ahead decides there. */
  constructor(core: Core<Key>, onHit?: (trip: Trip<Key>, entry: ValueEntry) => void) {
    this.#core = core
    this.#loading = new Loading(core)
    this.#view = new StoreView(core)
    this.#grace = new Grace(core)
    this.#onHit = onHit
    this.near = onHit === undefined ? nearHitsOf(core) : undefined
  }

  /** The value alone: an in-process hit makes no object. */
  value(trip: Trip<Key>): unknown {
    const { store, invalidator, recorder } = this.#core
    if (trip.terms !== undefined || invalidator.isSuspect(trip.id)) {
      return this.lookup(trip).then(valueOfAnswer)
    }
    // one that the store answers at once is over before a clock could tell: only what is recorded is timed
    const startedAt = recorder.samplesNextHit ? performance.now() : 0
    const arrivedAt = this.#flights.arrive()
    const state = store.get(trip.id)
    if (state instanceof Promise) {
      const read = { arrivedAt, startedAt: startedAt || performance.now() }
      return state.then(
        (seen) => this.#valueOf(trip, read, seen),
        () => this.#valueOf(trip, read, unreachable),
      )
    }
    if (state?.kind !== 'value' || !this.#core.isFresh(state)) {
      return this.#valueOf(trip, { arrivedAt, startedAt }, state)
    }
    if (startedAt !== 0) recorder.hitTook(performance.now() - startedAt)
    recorder.hits += 1
    this.near?.remember(trip.key, trip.id)
    this.#onHit?.(trip, state)
    return state.value
  }

  /** The answer with its provenance. */
  lookup(trip: Trip<Key>): Promise<Answer<Value>> {
    const startedAt = performance.now()
    if (trip.terms?.isFresh === true) {
      return this.#counted(this.#atLeast(trip, this.#readPast(trip)), startedAt)
    }
    const read = { arrivedAt: this.#flights.arrive(), startedAt }
    const looking = this.#view.look(trip.id)
    if (trip.terms !== undefined) {
      const answering = this.#answer(trip, read.arrivedAt, looking)
      return this.#counted(this.#atLeast(trip, answering), startedAt)
    }
    if (!(looking instanceof Promise)) return Promise.resolve(this.#settled(trip, read, looking))
    return looking.then(
      (seen) => this.#settled(trip, read, seen),
      () => this.#settled(trip, read, unreachable),
    )
  }

  /** `lookup` for many of one call's keys, with one GET for all; each has its own outcome. */
  async lookupMany(trips: readonly Trip<Key>[]): Promise<PromiseSettledResult<Answer<Value>>[]> {
    const [first] = trips
    if (first === undefined) return []
    if (first.terms?.isFresh === true) {
      return Promise.allSettled(trips.map((trip) => this.lookup(trip)))
    }
    const startedAt = performance.now()
    const arrivedAt = this.#flights.arrive()
    let states: readonly Seen[]
    try {
      states = await this.#patiently(this.#view.seeMany(trips.map(({ id }) => id)), first)
    } catch (reason) {
      return trips.map(() => ({ status: 'rejected', reason }))
    }
    return Promise.allSettled(
      trips.map((trip, index) => this.#settled(trip, { arrivedAt, startedAt }, states[index])),
    )
  }

  /** `value` for many, with one GET for all: a hit makes nothing but its value. When all are through it rejects as the first of them did. */
  async values(keys: readonly Key[], tripOf: (key: Key) => Trip<Key>): Promise<Map<Key, unknown>> {
    const core = this.#core
    const read = { arrivedAt: this.#flights.arrive(), startedAt: performance.now() }
    const states = await this.#view.seeMany(keys.map((key) => core.keys.encode(key)))
    const values = new Map<Key, unknown>()
    const others: Promise<unknown>[] = []
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as Key
      const seen = states[i]
      if (seen !== unreachable && seen?.kind === 'value' && core.isFresh(seen)) {
        const { size } = values
        values.set(key, seen.value)
        // asked for twice it is one read: a look before would cost as much as this
        if (values.size === size) continue
        this.#countHit(read)
        this.#onHit?.(tripOf(key), seen)
      } else if (!values.has(key)) {
        const other = Promise.resolve(this.#valueOf(tripOf(key), read, seen))
        others.push(other)
        values.set(key, other)
      }
    }
    if (others.length === 0) return values
    await Promise.allSettled(others)
    for (const [key, value] of values) {
      if (value instanceof Promise) values.set(key, await value)
    }
    return values
  }

  /** `lookup` for the library's own needs: it is not counted as a read. */
  inspect(trip: Trip<Key>): Promise<Answer<Value>> {
    const arrivedAt = this.#flights.arrive()
    return this.#answer(trip, arrivedAt, this.#view.look(trip.id))
  }

  /** Reloads a cached value; where nothing is cached it is a read that is not counted. */
  async reload(trip: Trip<Key>): Promise<Answer<Value>> {
    const arrivedAt = this.#flights.arrive()
    const seen = await this.#view.see(trip.id)
    return isEntry(seen) ? this.#reloadFrom(trip, seen) : this.#answer(trip, arrivedAt, seen)
  }

  #atLeast(trip: Trip<Key>, answering: Promise<Answer<Value>>): Promise<Answer<Value>> {
    return atLeast(trip, answering, () => this.#readPast(trip))
  }

  #readPast(trip: Trip<Key>): Promise<Answer<Value>> {
    const reading = this.#view.see(trip.id).then((seen) => this.#reloadFrom(trip, seen))
    return this.#patiently(reading, trip)
  }

  /** A load of its own, whatever is cached or being loaded; only a dirty entry is newer than the source. */
  async #reloadFrom(trip: Trip<Key>, found: Seen): Promise<Answer<Value>> {
    const { store } = this.#core
    let seen = found
    if (isEntry(seen) && seen.isDirty) return this.#entryAnswer(plainStatus(seen), seen, false)
    if (seen !== unreachable && seen?.kind === 'negative') {
      await store.write('invalidate', (s) => s.invalidate(trip.id)).catch(degrade)
      seen = undefined
    }
    if (seen === undefined) {
      const token = this.#core.tokens.next()
      seen = await this.#loading.acquire(trip.id, token, alone)
      if (seen === undefined) return this.#loading.fill(trip, token, alone)
    }
    if (seen === unreachable || seen.kind !== 'value') {
      return this.#loading.bypass(trip, alone, seen === unreachable)
    }
    return this.#loading.replace(trip, seen, alone)
  }

  /** Counted; at once if a fresh value is here already. */
  #valueOf(trip: Trip<Key>, read: Read, seen: Seen): unknown {
    if (seen === unreachable || seen?.kind !== 'value' || !this.#core.isFresh(seen)) {
      const startedAt = read.startedAt === 0 ? performance.now() : read.startedAt
      return this.#counted(this.#answer(trip, read.arrivedAt, seen), startedAt).then(valueOfAnswer)
    }
    this.#countHit(read)
    this.#onHit?.(trip, seen)
    return seen.value
  }

  /** Counted; at once if a fresh entry is here already. */
  #settled(trip: Trip<Key>, read: Read, seen: Seen): Answer<Value> | Promise<Answer<Value>> {
    if (!isEntry(seen) || !this.#core.isFresh(seen)) {
      return this.#counted(this.#answer(trip, read.arrivedAt, seen), read.startedAt)
    }
    if (seen.kind === 'value') this.#countHit(read)
    else this.#core.recorder.answered('negative', false, performance.now() - read.startedAt)
    return this.#found(trip, seen)
  }

  /** One in sixteen is timed: the clock and the histogram cost more than the count. */
  #countHit({ startedAt }: Read): void {
    const { recorder } = this.#core
    if (recorder.samplesNextHit) recorder.hitTook(performance.now() - startedAt)
    recorder.hits += 1
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
    looking: Seen | Promise<Seen>,
  ): Promise<Answer<Value>> {
    const seen =
      looking instanceof Promise ? await this.#patiently(looking.catch(degrade), trip) : looking
    if (!isEntry(seen) || !this.#core.isFresh(seen)) return this.#board(trip, arrivedAt, seen)
    return this.#found(trip, seen)
  }

  #found(trip: Trip<Key>, entry: Entry): Answer<Value> {
    if (entry.kind === 'value') this.#onHit?.(trip, entry)
    return this.#entryAnswer(plainStatus(entry), entry, false)
  }

  async #board(trip: Trip<Key>, arrivedAt: number, seen: Seen): Promise<Answer<Value>> {
    const boarding = this.#flights.board(
      this.#flightOf(trip, seen),
      arrivedAt,
      (flight, isForLateCallers) =>
        this.#fly(trip, flight, isForLateCallers ? undefined : { seen }),
    )
    try {
      const waiting = this.#patiently(boarding, trip)
      // what this caller's own GET saw, here and below: another's may be older than a write acknowledged before this caller came
      const isCovered = isEntry(seen) && this.#grace.covers(seen, 'loading')
      const landed = isCovered ? await this.#grace.loadedSoon(waiting) : await waiting
      if (landed === undefined) return this.#entryAnswer('stale', seen as Entry, false)
      const { value, isJoined } = landed
      return isJoined && value.status !== 'hit' && value.status !== 'negative'
        ? value.collapsed()
        : value
    } catch (error) {
      if (!isEntry(seen) || !this.#grace.covers(seen, 'error')) throw error
      if (trip.terms?.signal?.aborted === true) throw error
      return this.#entryAnswer('stale', seen, false)
    }
  }

  /**
   * Where the store is the authority, a caller whose GET was not answered flies apart: a write may
   * have been accepted that the others were too early to see, and that the source does not know.
   */
  #flightOf({ id }: Trip<Key>, seen: Seen): string {
    const isApart = seen === unreachable && this.#core.settings.whenStoreIsDown !== 'trust'
    return isApart ? `${id} without the store` : id
  }

  async #fly(
    trip: Trip<Key>,
    flight: FlightCommands,
    start: { readonly seen: Seen } | undefined,
  ): Promise<Answer<Value>> {
    const { clock, settings } = this.#core
    const givesUpAt = clock.now() + settings.waitForLoadMs
    let hasWaited = start === undefined
    let seen = start === undefined ? await this.#view.lookAgain(trip.id, flight) : start.seen
    for (let attempt = 0; ; attempt += 1) {
      if (seen === undefined) {
        const token = this.#core.tokens.next()
        seen = await this.#loading.acquire(trip.id, token, flight)
        if (seen === undefined) return this.#loading.fill(trip, token, flight)
      }
      if (seen === unreachable || seen.kind === 'pending') {
        return this.#loading.bypass(trip, flight, seen === unreachable)
      }
      if (isEntry(seen)) {
        if (!this.#core.isFresh(seen))
          return this.#loading.replace(trip, seen as ValueEntry, flight)
        return this.#entryAnswer(hasWaited ? 'miss' : plainStatus(seen), seen, hasWaited)
      }
      flight.idle()
      const leftMs = givesUpAt - clock.now()
      if (leftMs <= 0) return this.#loading.bypass(trip, flight, false)
      await this.#core.sleep(this.#core.pauseMs(attempt, leftMs))
      hasWaited = true
      seen = await this.#view.lookAgain(trip.id, flight)
    }
  }

  /** What this caller says about itself holds for its own waiting: the flight goes on for the others. */
  #patiently<T>(waiting: Promise<T>, { terms, key }: Trip<Key>): Promise<T> {
    return terms === undefined
      ? waiting
      : patiently(waiting, terms, { key, clock: this.#core.clock })
  }

  #entryAnswer(status: LookupStatus, entry: Entry, isCollapsed: boolean): Answer<Value> {
    const { settings } = this.#core
    const { store } = this.#core.store
    // its TTL starts when it is flushed
    const ttlMs = entry.isDirty ? settings.ttlMs : undefined
    return new Answer(entry, { status, tier: store.name, isCollapsed, ttlMs }, store)
  }
}

/** When a caller came: on the counter of arrivals, and in milliseconds. */
interface Read {
  readonly arrivedAt: number
  readonly startedAt: number
}

/** A read outside of any flight. */
const alone: FlightCommands = { sending() {}, idle() {} }

function valueOfAnswer(answer: { readonly value: unknown }): unknown {
  return answer.value
}
