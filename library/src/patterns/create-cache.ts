import type { Cache, CacheWriter, JournaledCache } from '../contract/cache.ts'
import { systemClock } from '../contract/clock.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import type { Source, VersionedSource } from '../contract/source.ts'
import type { Store } from '../contract/store.ts'
import type { WriteFence } from '../mechanisms/commit.ts'
import { cacheControl } from '../mechanisms/control.ts'
import { Core } from '../mechanisms/core.ts'
import { RowWriter } from '../mechanisms/row-writer.ts'
import { StalenessSampler } from '../mechanisms/staleness-sampler.ts'
import { isVersioned } from '../mechanisms/versioned-source.ts'
import { journaled } from './journaled.ts'
import type {
  BaseOptions,
  CacheOptions,
  ReadPolicy,
  RefreshAheadPolicy,
  WriteBehindOptions,
  WriteBehindPolicy,
  WritePolicy,
  WriteThroughOptions,
} from './options.ts'
import { readThroughReads, type SourceReads } from './read-through.ts'
import { RefreshAhead } from './refresh-ahead.ts'
import { checkedNumber, checkedSettings, defaults, markMs } from './settings.ts'
import { writeAroundFence } from './write-around.ts'
import { writeThroughFence } from './write-through.ts'

/** Any options of a cache in front of a source. */
export type AnyOptions<Key, Value> =
  | CacheOptions<Key, Value>
  | WriteThroughOptions<Key, Value>
  | WriteBehindOptions<Key, Value>

/**
 * A cache in front of a source: how it reads and how it writes are chosen apart, as plain data.
 * Writing through needs a source whose writes return versions; writing behind needs a store with a
 * journal and a source that can be flushed to. Wrong options throw a `TypeError` here, never later.
 *
 * ```ts
 * const users = createCache<number, User>({ name: 'users', store, source, ttl: '5m',
 *   read: { policy: 'refresh-ahead', after: '80%' }, write: { policy: 'behind', delay: '1s' } })
 * ```
 */
export function createCache<Key, Value>(
  options: WriteBehindOptions<Key, Value>,
): JournaledCache<Key, Value>
export function createCache<Key, Value>(
  options: CacheOptions<Key, Value> | WriteThroughOptions<Key, Value>,
): Cache<Key, Value>
export function createCache<Key, Value>(
  options: AnyOptions<Key, Value>,
): Cache<Key, Value> | JournaledCache<Key, Value> {
  assertObject('options', options)
  const read: ReadPolicy = options.read === undefined ? { policy: 'through' } : options.read
  const write: WritePolicy = options.write === undefined ? { policy: 'around' } : options.write
  checkPolicies(read, write)
  const source = checkedSource(options.source)
  const { authority = source.authority } = options
  const core = createCore<Key>({ ...options, authority } as BaseOptions<Key>, { read, write })
  const refresher = read.policy === 'refresh-ahead' ? refreshAheadOf(core, read) : undefined
  const sampler = core.settings.sampleStaleness > 0 ? new StalenessSampler(core) : undefined
  const reads = readThroughReads<Key, Value>(core, source, onHits(refresher, sampler))
  const refreshesAhead = refresher !== undefined
  if (write.policy === 'behind') {
    const { control, writer, journal } = journaled<Key, Value>({
      core,
      source,
      reads,
      write: write as WriteBehindPolicy<Value>,
      refreshesAhead,
    })
    return { ...control, ...readFace(reads), ...writeFace(writer), ...journal }
  }
  const writer = new RowWriter(core, source, fenceOf(core, source, write))
  return { ...cacheControl(core, { refreshesAhead }), ...readFace(reads), ...writeFace(writer) }
}

/** What the patterns of one cache share, from checked options. */
export function createCore<Key, S extends Store = Store>(
  options: BaseOptions<Key> & { readonly store: S },
  policies: { readonly read?: ReadPolicy; readonly write?: WritePolicy },
): Core<Key, S> {
  assertObject('options', options)
  const { store, clock = systemClock, random = Math.random, encodeKey, schema, onEvent } = options
  if (typeof store?.get !== 'function' || typeof store.acquire !== 'function') {
    throw new InvalidArgumentError('store', 'a Store, such as memoryStore()', store)
  }
  if (typeof clock?.now !== 'function' || typeof clock.after !== 'function') {
    throw new InvalidArgumentError('clock', 'an object with now and after', clock)
  }
  assertFunction('random', random)
  if (encodeKey !== undefined) assertFunction('encodeKey', encodeKey)
  if (onEvent !== undefined) assertFunction('onEvent', onEvent)
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
    throw new InvalidArgumentError('schema', 'a Standard Schema', schema)
  }
  const settings = checkedSettings(options, policies)
  return new Core<Key, S>({ settings, store, clock, random, encodeKey, schema, onEvent })
}

function assertObject(what: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return
  throw new InvalidArgumentError(what, 'an object', value)
}

/** Throws a `TypeError` that names what should have been a function. */
export function assertFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw new InvalidArgumentError(what, 'a function', value)
}

function checkPolicies(read: ReadPolicy, write: WritePolicy): void {
  assertObject('read', read)
  assertObject('write', write)
  if (!['through', 'refresh-ahead'].includes(read.policy)) {
    throw new InvalidArgumentError('read.policy', "'through' or 'refresh-ahead'", read.policy)
  }
  if (!['around', 'through', 'behind'].includes(write.policy)) {
    throw new InvalidArgumentError('write.policy', "'around', 'through' or 'behind'", write.policy)
  }
}

function checkedSource<Key, Value>(
  source: Source<Key, Value> | VersionedSource<Key, Value>,
): Source<Key, Value> | VersionedSource<Key, Value> {
  if (typeof source?.load === 'function') return source
  throw new InvalidArgumentError('source', 'an object with a load function', source)
}

function refreshAheadOf<Key>(core: Core<Key>, read: RefreshAheadPolicy): RefreshAhead<Key> {
  return new RefreshAhead(core, checkedNumber('beta', read.beta ?? defaults.beta, 0, 10))
}

function onHits<Key, Value>(
  refresher: RefreshAhead<Key> | undefined,
  sampler: StalenessSampler<Key> | undefined,
): Parameters<typeof readThroughReads<Key, Value>>[2] {
  if (sampler === undefined) return refresher && ((trip, entry) => refresher.onHit(trip, entry))
  return (trip, entry) => {
    refresher?.onHit(trip, entry)
    sampler.onHit(trip, entry)
  }
}

function fenceOf<Key>(
  core: Core<Key>,
  source: Source<Key, never> | VersionedSource<Key, never> | object,
  write: WritePolicy,
): WriteFence {
  const isExact = isVersioned(source as Source<Key, never>)
  if (write.policy !== 'through') return writeAroundFence(core, isExact)
  const { consistency = defaults.consistency } = write
  if (consistency !== 'linearizable' && consistency !== 'acked') {
    throw new InvalidArgumentError('consistency', "'linearizable' or 'acked'", consistency)
  }
  if (!isExact) {
    throw new InvalidArgumentError('source', 'a source whose writes return versions', source)
  }
  return writeThroughFence(core, { consistency, markMs: markMs(write) })
}

function readFace<Key, Value>({ inspect: _, ...face }: SourceReads<Key, Value>) {
  return face
}

function writeFace<Key, Value>(writer: CacheWriter<Key, Value>): CacheWriter<Key, Value> {
  return {
    create: (value, options) => writer.create(value, options),
    update: (key, change, options) => writer.update(key, change, options),
    put: (key, value, options) => writer.put(key, value, options),
    delete: (key, options) => writer.delete(key, options),
    mutate: (keys, commit) => writer.mutate(keys, commit),
  }
}
