/**
 * Cache-aside: the application owns the source, and tells the cache. It asks the cache, loads on a
 * miss, fills; after its own commit it invalidates.
 *
 * What the usual form gets wrong is the fill: a load that began before a commit stores its old
 * value after the invalidation, and it stays for the whole TTL. Here a miss hands out a lease, and
 * an invalidation ends it: the late fill is refused. Of all who miss, in all processes, one loads.
 *
 * Never older than the last confirmed write, where each commit is followed by an awaited
 * `invalidate` (or runs inside `mutate`). A process that dies between the two leaves the old value
 * until its TTL.
 */
import type {
  CacheAside,
  Duration,
  FillOptions,
  LoadContext,
  Lookup,
  ReadOptions,
  Slot,
} from '../contract/cache.ts'
import type { NegativeEntry, StoredState, ValueEntry, Version } from '../contract/entry.ts'
import type { Jsonify } from '../contract/json.ts'
import { Answer, LoadedBody } from '../mechanisms/answer.ts'
import { encodeValue } from '../mechanisms/codec.ts'
import { cacheControl } from '../mechanisms/control.ts'
import type { Core } from '../mechanisms/core.ts'
import { durationMs } from '../mechanisms/duration.ts'
import { measuredWrite } from '../mechanisms/measured-write.ts'
import { type LoadRow, Reader } from '../mechanisms/reader.ts'
import { writeAroundFence } from './write-around.ts'

type Load<Value> = (context: LoadContext<Value>) => Promise<Value | null | undefined>
const longest = { minMs: 1, maxMs: 365 * 86_400_000 }

/** A cache beside a source that it does not know. */
export function cacheAsideCache<Key, Value>(core: Core<Key>): CacheAside<Key, Value> {
  const reader = new Reader<Key, Value>(core)
  const slots = new Slots<Key, Value>(core)
  const fence = writeAroundFence(core, false)
  const trip = (key: Key, load: Load<Value>, options?: ReadOptions) => {
    core.assertOpen()
    return { key, id: core.keys.encode(key), load: loadRow(core, load), options }
  }
  return {
    ...cacheControl<Key, Value>(core, { refreshesAhead: false }),
    async getOrLoad(key, load, options) {
      return reader.value(trip(key, load, options)) as Promise<Jsonify<Value> | undefined>
    },
    async lookupOrLoad(key, load, options) {
      return reader.lookup(trip(key, load, options))
    },
    async acquire(key) {
      core.assertOpen()
      return slots.acquire(key)
    },
    async mutate(keys, commit) {
      core.assertOpen()
      const ids = keys.map((key) => core.keys.encode(key))
      return measuredWrite(core, { operation: 'mutate', id: ids.join(' ') }, () =>
        fence.runOpaque(ids, commit),
      )
    },
  }
}

function loadRow<Key, Value>(core: Core<Key>, load: Load<Value>): LoadRow<Key> {
  return (key, { onSent, stale }) => {
    let isSkipped = false
    let ttlMs: number | undefined
    let version: Version = 0
    return core.gate.pass(async (signal) => {
      const value = await load({
        signal,
        stale: stale?.value as Jsonify<Value> | undefined,
        skip: () => {
          isSkipped = true
        },
        ttl: (duration: Duration) => {
          ttlMs = durationMs('ttl', duration, longest)
        },
        version: (read) => {
          version = read
        },
      })
      const isAbsent = value === null || value === undefined
      const json = isAbsent ? null : await core.encode(value, key)
      return { json, version: isAbsent ? 0 : version, ttlMs, isSkipped }
    }, onSent)
  }
}

/** The explicit form: leases in the hands of callers. */
class Slots<Key, Value> {
  readonly #core: Core<Key>
  /** Leases that callers of this process hold: others here wait for their end instead of polling. */
  readonly #held = new Map<string, Promise<void>>()

  constructor(core: Core<Key>) {
    this.#core = core
  }

  async acquire(key: Key): Promise<Slot<Value>> {
    const { clock, settings, recorder } = this.#core
    const id = this.#core.keys.encode(key)
    const startedAt = performance.now()
    const givesUpAt = clock.now() + settings.waitForLoadMs
    for (let hasWaited = false; ; hasWaited = true) {
      const token = this.#core.tokens.next()
      const seen = await this.#look(id, token)
      if (seen === 'acquired') return this.#miss(key, id, token)
      if (seen?.kind === 'value' || seen?.kind === 'negative') {
        const lookup = this.#hit(seen, hasWaited)
        recorder.answered(lookup.status, hasWaited, performance.now() - startedAt)
        return { status: 'hit', lookup, [Symbol.asyncDispose]: nothingHeld }
      }
      const leftMs = givesUpAt - clock.now()
      if (seen?.kind !== 'lease' || leftMs <= 0) return this.#busy(key)
      await this.#waitForFill(id, leftMs)
    }
  }

  /** `undefined`: the store does not answer, or cannot be trusted with this key. */
  async #look(id: string, token: string): Promise<'acquired' | StoredState | undefined> {
    const { store, invalidator, background, settings } = this.#core
    if (invalidator.isSuspect(id)) return undefined
    try {
      const state = await store.get(id)
      if (state !== undefined) return state
      return await store.write('acquire', (s) => s.acquire(id, token, settings.leaseMs))
    } catch {
      background.run('release', () => store.write('release', (s) => s.release(id, token)))
      return undefined
    }
  }

  #hit(entry: ValueEntry | NegativeEntry, hasWaited: boolean): Answer<Value> {
    const { clock, store } = this.#core
    const plain = entry.kind === 'value' ? 'hit' : 'negative'
    const status = hasWaited ? 'miss' : plain
    return new Answer(entry, { status, tier: store.store.name, isCollapsed: hasWaited }, clock)
  }

  #miss(key: Key, id: string, token: string): Slot<Value> {
    const { store, background, recorder } = this.#core
    const startedAt = performance.now()
    let leave: () => void = () => {}
    let isOpen = true
    this.#held.set(id, new Promise((resolve) => (leave = resolve)))
    recorder.loads += 1
    const end = () => {
      isOpen = false
      this.#held.delete(id)
      leave()
    }
    const release = async () => {
      if (!isOpen) return
      recorder.loadFailures += 1
      await background.attempt('release', () => store.write('release', (s) => s.release(id, token)))
      end()
    }
    const fill = async (value: Value | null | undefined, options: FillOptions = {}) => {
      const loadMs = performance.now() - startedAt
      recorder.loadTook(loadMs)
      const row = await this.#row(key, value, options)
      const isStored = isOpen && (await this.#fill(id, token, { ...row, loadMs }))
      if (!isStored && isOpen) {
        await background.attempt('release', () =>
          store.write('release', (s) => s.release(id, token)),
        )
      }
      end()
      recorder.answered('miss', false, performance.now() - startedAt)
      return this.#loaded('miss', row, { isStored, loadMs })
    }
    return { status: 'miss', fill, release, [Symbol.asyncDispose]: release }
  }

  #busy(key: Key): Slot<Value> {
    const { recorder } = this.#core
    const startedAt = performance.now()
    recorder.loads += 1
    return {
      status: 'busy',
      pass: (value, { version = 0 } = {}) => {
        const loadMs = performance.now() - startedAt
        recorder.loadTook(loadMs)
        recorder.answered('bypass', false, loadMs)
        const json = value === null || value === undefined ? null : encodeValue(value, key)
        return this.#loaded('bypass', { json, version }, { isStored: false, loadMs })
      },
      [Symbol.asyncDispose]: nothingHeld,
    }
  }

  async #row(key: Key, value: Value | null | undefined, { version = 0, ttl }: FillOptions) {
    const isAbsent = value === null || value === undefined
    return {
      json: isAbsent ? null : await this.#core.encode(value, key),
      version: isAbsent ? 0 : version,
      ttlMs: ttl === undefined ? undefined : durationMs('ttl', ttl, longest),
    }
  }

  async #fill(
    id: string,
    token: string,
    row: Parameters<Core<Key>['content']>[0],
  ): Promise<boolean> {
    const { store, recorder, settings, invalidator } = this.#core
    if (invalidator.isSuspect(id) || (row.json === null && settings.negativeTtlMs === 0)) {
      return false
    }
    const content = this.#core.content(row)
    const result = await store
      .write('fill', (s) => s.fill(id, token, content))
      .catch(() => 'refused' as const)
    if (result === 'stored') recorder.fillsStored += 1
    else recorder.fillsRefused += 1
    return result === 'stored'
  }

  #loaded(
    status: 'miss' | 'bypass',
    row: { readonly json: string | null; readonly version: Version },
    { isStored, loadMs }: { readonly isStored: boolean; readonly loadMs: number },
  ): Lookup<Value> {
    const body = new LoadedBody(row.json, row.version)
    return new Answer(body, { status, tier: 'source', isStored, loadMs }, this.#core.clock)
  }

  #waitForFill(id: string, leftMs: number): Promise<void> {
    const held = this.#held.get(id)
    const elsewhereMs = Math.min(leftMs, 10 + 15 * this.#core.random())
    if (held === undefined) return this.#core.sleep(elsewhereMs)
    return Promise.race([held, this.#core.sleep(leftMs)])
  }
}

async function nothingHeld(): Promise<void> {}
