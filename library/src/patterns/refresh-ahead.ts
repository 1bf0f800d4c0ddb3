/**
 * Refresh-ahead: read-through, and values that are still read are reloaded before they expire, so
 * that readers of busy keys never wait for a load.
 *
 * An entry has a soft and a hard expiry. On a hit XFetch decides whether this read starts a
 * refresh in the background: certainly from the soft expiry on, by chance shortly before it. The
 * store lets one process in at a time (`refreshUntil` in the entry), and takes the result only onto
 * a value that stands and is not newer: an invalidation or a write in between wins. Hard expiry
 * always wins; a key that nobody reads is not refreshed; a failed refresh keeps the value to its
 * hard expiry, and backs off.
 *
 * Never older than the last confirmed write. Changes made behind the cache's back are seen within
 * soft TTL + load time for keys that are read all the time, else within the hard TTL.
 */
import type { ValueEntry } from '../contract/entry.ts'
import type { Core } from '../mechanisms/core.ts'
import { Loading, type Trip } from '../mechanisms/loading.ts'
import { isRefreshDue } from '../mechanisms/refresh-window.ts'

const backOffFromMs = 100
const backOffToMs = 30_000
const maxRemembered = 10_000

/** Starts refreshes on hits that ask for one. */
export class RefreshAhead<Key> {
  readonly #core: Core<Key>
  readonly #loading: Loading<Key, unknown>
  readonly #beta: number
  readonly #inFlight = new Set<string>()
  /** Keys whose last refresh failed: how often, and when to try again. */
  readonly #failed = new Map<string, { readonly failures: number; readonly notBefore: number }>()
  /** Entries that a refresh stored and nobody has read yet: the next hit makes it a useful one. */
  readonly #unread = new Map<string, number>()

  constructor(core: Core<Key>, beta: number) {
    this.#core = core
    this.#loading = new Loading(core)
    this.#beta = beta
  }

  /** To be called on every hit. Costs one comparison before the window. */
  onHit(trip: Trip<Key>, entry: ValueEntry): void {
    if (entry.isDirty) return
    if (this.#unread.size > 0) this.#countUseful(trip.id, entry)
    const { random } = this.#core
    const nowMs = this.#core.storeNow()
    if (!isRefreshDue(entry, { nowMs, beta: this.#beta, random })) return
    if (entry.refreshUntil > nowMs || this.#inFlight.has(trip.id)) return
    if ((this.#failed.get(trip.id)?.notBefore ?? 0) > nowMs) return
    this.#inFlight.add(trip.id)
    this.#core.background.run('refresh', () => this.#refresh(trip, entry))
  }

  async #refresh(trip: Trip<Key>, entry: ValueEntry): Promise<void> {
    const { store, recorder, settings } = this.#core
    const startedAt = performance.now()
    try {
      const isMine = await store
        .write('claimRefresh', (s) => s.claimRefresh(trip.id, entry.softAt, settings.leaseMs))
        .catch(unclaimed)
      if (!isMine) return
      recorder.refreshes += 1
      const outcome = await this.#reload(trip, entry)
      this.#failed.delete(trip.id)
      this.#announce(trip.id, outcome, startedAt)
    } catch (error) {
      recorder.refreshFailures += 1
      this.#backOff(trip.id)
      this.#announce(trip.id, 'failure', startedAt, error)
    } finally {
      this.#inFlight.delete(trip.id)
    }
  }

  async #reload(trip: Trip<Key>, entry: ValueEntry) {
    const { recorder, invalidator } = this.#core
    const { id } = trip
    const row = await this.#loading.load(trip, notJoined)
    const content = this.#core.content(row)
    const outcome = invalidator.isSuspect(id)
      ? 'refused'
      : await this.#loading.refresh(id, entry, content)
    if (outcome === 'refused') recorder.refreshesDiscarded += 1
    else if (outcome !== 'removed') this.#expectReader(id, row.version)
    return outcome
  }

  #expectReader(id: string, version: number): void {
    const [oldest] = this.#unread.keys()
    if (this.#unread.size >= maxRemembered && oldest !== undefined) this.#unread.delete(oldest)
    this.#unread.set(id, version)
  }

  #countUseful(id: string, entry: ValueEntry): void {
    if (this.#unread.get(id) !== entry.version) return
    this.#unread.delete(id)
    this.#core.recorder.refreshesUseful += 1
  }

  #backOff(id: string): void {
    const failures = (this.#failed.get(id)?.failures ?? 0) + 1
    const ms = Math.min(backOffToMs, backOffFromMs * 2 ** Math.min(failures, 20))
    const notBefore = this.#core.storeNow() + ms * (0.5 + this.#core.random() / 2)
    // bounded: when very many keys fail, the source is down, and any of them may try again
    if (this.#failed.size >= maxRemembered) this.#failed.clear()
    this.#failed.set(id, { failures, notBefore })
  }

  #announce(
    key: string,
    outcome: 'replaced' | 'extended' | 'removed' | 'refused' | 'failure',
    startedAt: number,
    error?: unknown,
  ): void {
    const { emitter } = this.#core
    const durationMs = performance.now() - startedAt
    emitter.emit({ type: 'refresh', cache: emitter.cache, key, outcome, durationMs, error })
  }
}

const notJoined = { sending() {}, idle() {} }

/** The guard has reported why. */
function unclaimed(): false {
  return false
}
