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
import type { CacheAside, Duration, LoadContext, ReadOptions } from '../contract/cache.ts'
import type { ValueEntry, Version } from '../contract/entry.ts'
import type { Jsonify } from '../contract/json.ts'
import { cacheControl } from '../mechanisms/control.ts'
import type { Core } from '../mechanisms/core.ts'
import { checkedTtlMs } from '../mechanisms/duration.ts'
import type { LoadRow } from '../mechanisms/loading.ts'
import { measuredWrite } from '../mechanisms/measured-write.ts'
import { readTerms } from '../mechanisms/read-terms.ts'
import { Reader } from '../mechanisms/reader.ts'
import { StalenessSampler } from '../mechanisms/staleness-sampler.ts'
import type { CacheAsideOptions } from './options.ts'
import { checkedVersion } from './settings.ts'
import { Slots } from './slots.ts'
import { writeAroundFence } from './write-around.ts'

type Load<Value> = (context: LoadContext<Value>) => Promise<Value | null | undefined>
type Primary<Key, Value> = Required<CacheAsideOptions<Key, Value>>['primary']

/** A cache beside a source that it does not know. */
export function cacheAsideCache<Key, Value>(
  core: Core<Key>,
  primary?: Primary<Key, Value>,
): CacheAside<Key, Value> {
  const sampler = core.settings.sampleStaleness > 0 ? new StalenessSampler(core) : undefined
  const reader = new Reader<Key, Value>(core, sampler && ((...hit) => sampler.onHit(...hit)))
  const slots = new Slots<Key, Value>(core, sampler && primary && onSlotHit(core, sampler, primary))
  const fence = writeAroundFence(core, false)
  const trip = (key: Key, load: Load<Value>, options?: ReadOptions) => {
    core.assertOpen()
    const terms = readTerms(options, core.clock)
    return { key, id: core.keys.encode(key), load: loadRow(core, load), terms }
  }
  // async: what is wrong with a key or an option rejects
  const value = async (key: Key, load: Load<Value>, options?: ReadOptions) =>
    reader.value(trip(key, load, options))
  return {
    ...cacheControl<Key, Value>(core, { refreshesAhead: false }),
    getOrLoad(key, load, options) {
      const hit = options === undefined ? reader.near?.hit(key) : undefined
      return (hit ?? value(key, load, options)) as Promise<Jsonify<Value> | undefined>
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
      const ids = [...new Set(keys.map((key) => core.keys.encode(key)))]
      return measuredWrite(core, { operation: 'mutate', id: ids.join(' ') }, () =>
        fence.runOpaque(ids, commit),
      )
    },
  }
}

/** A slot's caller loads by itself: what its hits are compared with is asked of `primary`. */
function onSlotHit<Key, Value>(
  core: Core<Key>,
  sampler: StalenessSampler<Key>,
  primary: Primary<Key, Value>,
) {
  const load: LoadRow<Key> = (key, { onSent }) =>
    core.gate.pass(async (signal) => {
      const row = await primary(key, { signal })
      if (row === null || row === undefined) return { json: null, version: 0 }
      return { json: await core.encode(row.value, key), version: row.version }
    }, onSent)
  return (key: Key, id: string, entry: ValueEntry) => sampler.onHit({ key, id, load }, entry)
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
          ttlMs = checkedTtlMs(duration)
        },
        version: (read) => {
          version = checkedVersion(read)
        },
      })
      const isAbsent = value === null || value === undefined
      const json = isAbsent ? null : await core.encode(value, key)
      return { json, version: isAbsent ? 0 : version, ttlMs, isSkipped }
    }, onSent)
  }
}
