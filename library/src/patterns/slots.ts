import type { Awaitable } from '../contract/awaitable.ts'
import type { FillOptions, Lookup, LookupStatus, Slot } from '../contract/cache.ts'
import type { Content, NegativeEntry, StoredState, ValueEntry, Version } from '../contract/entry.ts'
import { Answer, LoadedBody } from '../mechanisms/answer.ts'
import type { Core } from '../mechanisms/core.ts'
import { checkedTtlMs } from '../mechanisms/duration.ts'
import { Grace } from '../mechanisms/grace.ts'
import { Loading } from '../mechanisms/loading.ts'
import { plainStatus } from '../mechanisms/store-view.ts'
import { checkedVersion } from './settings.ts'

/** How a slot's caller stores what it loads: onto its own lease, or around an expired value that still stands. */
interface Claim {
  store(content: Content): Awaitable<'stored' | 'refused' | 'replaced' | 'extended' | 'removed'>
  /** Left out where nothing was taken. */
  release?(): Promise<void>
  /** The expired value that stands. */
  readonly overdue?: ValueEntry
}

/** The explicit form: leases in the hands of callers. */
export class Slots<Key, Value> {
  readonly #core: Core<Key>
  readonly #loading: Loading<Key, Value>
  readonly #grace: Grace
  /** Keys that callers of this process load: others here wait for their end instead of polling. */
  readonly #held = new Map<string, Promise<void>>()

  readonly #onHit: ((key: Key, id: string, entry: ValueEntry) => void) | undefined

  /** `onHit` is told of every hit. */
  constructor(core: Core<Key>, onHit?: (key: Key, id: string, entry: ValueEntry) => void) {
    this.#core = core
    this.#loading = new Loading(core)
    this.#grace = new Grace(core)
    this.#onHit = onHit
  }

  async acquire(key: Key): Promise<Slot<Value>> {
    const { clock, settings, recorder, tokens } = this.#core
    const id = this.#core.keys.encode(key)
    const startedAt = performance.now()
    const arrivedAt = clock.now()
    const givesUpAt = arrivedAt + settings.waitForLoadMs
    let hasWaited = false
    for (let attempt = 0; ; attempt += 1) {
      const token = tokens.next()
      const seen = await this.#look(id, token)
      if (seen === 'acquired') return this.#miss(key, id, this.#lease(id, token))
      if (seen?.kind === 'negative' || (seen?.kind === 'value' && this.#core.isFresh(seen))) {
        if (seen.kind === 'value') this.#onHit?.(key, id, seen)
        const lookup = this.#hit(seen, hasWaited ? 'miss' : plainStatus(seen))
        recorder.answered(lookup.status, hasWaited, performance.now() - startedAt)
        return { status: 'hit', lookup, [Symbol.asyncDispose]: nothingHeld }
      }
      const isHeld = this.#held.has(id)
      if (seen?.kind === 'value' && !isHeld) return this.#miss(key, id, this.#overdue(id, seen))
      const leftMs = givesUpAt - clock.now()
      if (seen === undefined || seen.kind === 'pending' || leftMs <= 0) return this.#busy(key, id)
      const isCovered = seen.kind === 'value' && this.#grace.covers(seen, 'loading')
      const softLeftMs = isCovered
        ? arrivedAt + settings.softLoadTimeoutMs - clock.now()
        : Number.POSITIVE_INFINITY
      if (isCovered && softLeftMs <= 0) return this.#stale(seen as ValueEntry, startedAt)
      await this.#waitForFill(id, Math.min(leftMs, softLeftMs), attempt)
      hasWaited = true
    }
  }

  /** `undefined`: the store does not answer, or cannot be trusted with this key. */
  async #look(id: string, token: string): Promise<'acquired' | StoredState | undefined> {
    const { store, invalidator, settings } = this.#core
    if (invalidator.isSuspect(id)) return undefined
    let isSent = false
    try {
      const state = await store.get(id)
      if (state !== undefined) return state
      isSent = true
      return await store.write('acquire', (s) => s.acquire(id, token, settings.leaseMs))
    } catch {
      // reported by the guard; a lease whose answer was lost may have been given
      if (isSent) this.#loading.release(id, token)
      return undefined
    }
  }

  #lease(id: string, token: string): Claim {
    const { store, background } = this.#core
    return {
      store: (content) => store.write('fill', (s) => s.fill(id, token, content)),
      release: () =>
        background.attempt('release', () => store.write('release', (s) => s.release(id, token))),
    }
  }

  #overdue(id: string, entry: ValueEntry): Claim {
    return { store: (content) => this.#loading.refresh(id, entry, content), overdue: entry }
  }

  /** Somebody here loads it already. */
  #stale(entry: ValueEntry, startedAt: number): Slot<Value> {
    const lookup = this.#hit(entry, 'stale')
    this.#core.recorder.answered('stale', false, performance.now() - startedAt)
    return { status: 'hit', lookup, [Symbol.asyncDispose]: nothingHeld }
  }

  /** A `miss` that an entry answers has waited for another's load. */
  #hit(entry: ValueEntry | NegativeEntry, status: LookupStatus): Answer<Value> {
    const { store } = this.#core
    const isCollapsed = status === 'miss'
    return new Answer(entry, { status, tier: store.store.name, isCollapsed }, store.store)
  }

  #miss(key: Key, id: string, claim: Claim): Slot<Value> {
    const { recorder } = this.#core
    const startedAt = performance.now()
    const leave = this.#hold(id)
    recorder.loads += 1
    let isOpen = true
    const release = async () => {
      if (!isOpen) return
      isOpen = false
      recorder.loadFailures += 1
      this.#loading.announce(id, performance.now() - startedAt, 'failure')
      await claim.release?.()
      leave()
    }
    const fill = async (value: Value | null | undefined, options: FillOptions = {}) => {
      const loadMs = performance.now() - startedAt
      const row = { ...(await this.#row(key, value, options)), loadMs }
      // used up: what was read since may be old, and has been counted
      if (!isOpen) return this.#loaded('miss', row, false)
      isOpen = false
      recorder.loadTook(loadMs)
      this.#loading.announce(id, loadMs, row.json === null ? 'absent' : 'value')
      const isStored = await this.#store(id, claim, row)
      if (!isStored) await claim.release?.()
      leave()
      recorder.answered('miss', false, performance.now() - startedAt)
      return this.#loaded('miss', row, isStored)
    }
    const fallBack = async () => {
      const { overdue } = claim
      const mayServe = isOpen && overdue !== undefined && this.#grace.covers(overdue, 'error')
      await release()
      if (!mayServe) return undefined
      recorder.answered('stale', false, performance.now() - startedAt)
      return this.#hit(overdue, 'stale')
    }
    return { status: 'miss', fill, release, fallBack, [Symbol.asyncDispose]: release }
  }

  /** Until the returned function is called, or the lease is over: a slot may be forgotten. */
  #hold(id: string): () => void {
    let leave: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      const end = () => {
        if (this.#held.get(id) === held) this.#held.delete(id)
        resolve()
      }
      const cancel = this.#core.clock.after(this.#core.settings.leaseMs, end)
      leave = () => {
        cancel()
        end()
      }
    })
    this.#held.set(id, held)
    return leave
  }

  #busy(key: Key, id: string): Slot<Value> {
    const { recorder } = this.#core
    const startedAt = performance.now()
    recorder.loads += 1
    let isCounted = false
    return {
      status: 'busy',
      pass: async (value, { version = 0 } = {}) => {
        const isAbsent = value === null || value === undefined
        const json = isAbsent ? null : await this.#core.encode(value, key)
        const loadMs = performance.now() - startedAt
        const row = { json, version: isAbsent ? 0 : checkedVersion(version), loadMs }
        if (!isCounted) {
          isCounted = true
          recorder.loadTook(loadMs)
          this.#loading.announce(id, loadMs, isAbsent ? 'absent' : 'value')
          recorder.answered('bypass', false, loadMs)
        }
        return this.#loaded('bypass', row, false)
      },
      [Symbol.asyncDispose]: nothingHeld,
    }
  }

  async #row(key: Key, value: Value | null | undefined, { version = 0, ttl }: FillOptions) {
    const ttlMs = ttl === undefined ? undefined : checkedTtlMs(ttl)
    const isAbsent = value === null || value === undefined
    return {
      json: isAbsent ? null : await this.#core.encode(value, key),
      version: isAbsent ? 0 : checkedVersion(version),
      ttlMs,
    }
  }

  async #store(
    id: string,
    claim: Claim,
    row: Parameters<Core<Key>['content']>[0],
  ): Promise<boolean> {
    const { recorder, settings, invalidator } = this.#core
    const isRemembered = row.json !== null || settings.negativeTtlMs > 0
    if (invalidator.isSuspect(id) || !isRemembered) return false
    let isStored = false
    try {
      const outcome = await claim.store(this.#core.content(row))
      isStored = outcome !== 'refused' && outcome !== 'removed'
    } catch {
      // a broken store must not break a read; the guard has reported it
    }
    if (isStored) recorder.fillsStored += 1
    else recorder.fillsRefused += 1
    return isStored
  }

  #loaded(
    status: 'miss' | 'bypass',
    row: { readonly json: string | null; readonly version: Version; readonly loadMs: number },
    isStored: boolean,
  ): Lookup<Value> {
    const body = new LoadedBody(row.json, row.version)
    const provenance = { status, tier: 'source', isStored, loadMs: row.loadMs }
    return new Answer(body, provenance, this.#core.clock)
  }

  async #waitForFill(id: string, leftMs: number, attempt: number): Promise<void> {
    const { clock } = this.#core
    const held = this.#held.get(id)
    if (held === undefined) return this.#core.sleep(this.#core.pauseMs(attempt, leftMs))
    let cancel = () => {}
    const outOfTime = new Promise<void>((resolve) => {
      cancel = clock.after(leftMs, resolve)
    })
    await Promise.race([held, outOfTime])
    cancel()
  }
}

async function nothingHeld(): Promise<void> {}
