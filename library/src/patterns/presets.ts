import type { Cache, CacheAside, JournaledCache } from '../contract/cache.ts'
import { cacheAsideCache } from './cache-aside.ts'
import { type AnyOptions, assertFunction, createCache, createCore } from './create-cache.ts'
import type {
  BaseOptions,
  CacheAsideOptions,
  CacheOptions,
  RefreshAheadPolicy,
  WriteBehindOptions,
  WriteBehindPolicy,
  WriteThroughOptions,
  WriteThroughPolicy,
} from './options.ts'

/** What the factories leave open: the other axis. Of their overloads the plainest is last: TypeScript's complaints speak of that one. */
type Preset<Options, Fixed extends string> = Omit<Options, Fixed>

/** Read-through: the cache loads on a miss; writes go around it unless `write` says otherwise. */
export function readThrough<Key, Value>(
  options: Preset<WriteBehindOptions<Key, Value>, 'read'>,
): JournaledCache<Key, Value>
export function readThrough<Key, Value>(
  options: Preset<WriteThroughOptions<Key, Value>, 'read'>,
): Cache<Key, Value>
export function readThrough<Key, Value>(
  options: Preset<CacheOptions<Key, Value>, 'read'>,
): Cache<Key, Value>
export function readThrough<Key, Value>(
  options: Preset<AnyOptions<Key, Value>, 'read'>,
): Cache<Key, Value> {
  return createCache({ ...options, read: { policy: 'through' } } as CacheOptions<Key, Value>)
}

/** Refresh-ahead: values that are still read are reloaded from `after` on, before they expire. */
export function refreshAhead<Key, Value>(
  options: Preset<WriteBehindOptions<Key, Value>, 'read'> & Omit<RefreshAheadPolicy, 'policy'>,
): JournaledCache<Key, Value>
export function refreshAhead<Key, Value>(
  options: Preset<WriteThroughOptions<Key, Value>, 'read'> & Omit<RefreshAheadPolicy, 'policy'>,
): Cache<Key, Value>
export function refreshAhead<Key, Value>(
  options: Preset<CacheOptions<Key, Value>, 'read'> & Omit<RefreshAheadPolicy, 'policy'>,
): Cache<Key, Value>
export function refreshAhead<Key, Value>({
  after,
  beta,
  ...options
}: Preset<AnyOptions<Key, Value>, 'read'> & Omit<RefreshAheadPolicy, 'policy'>): Cache<Key, Value> {
  const read = {
    policy: 'refresh-ahead',
    ...(after !== undefined && { after }),
    ...(beta !== undefined && { beta }),
  }
  return createCache({ ...options, read } as CacheOptions<Key, Value>)
}

/** Write-through: a write is committed and published before it is acknowledged; linearizable unless `consistency` says `acked`. */
export function writeThrough<Key, Value>({
  consistency,
  markFor,
  ...options
}: Preset<WriteThroughOptions<Key, Value>, 'write'> & Omit<WriteThroughPolicy, 'policy'>): Cache<
  Key,
  Value
> {
  const write: WriteThroughPolicy = {
    policy: 'through',
    ...(consistency !== undefined && { consistency }),
    ...(markFor !== undefined && { markFor }),
  }
  return createCache<Key, Value>({ ...options, write })
}

/** Write-behind: a write is acknowledged when the journal has it; the database follows after `delay`. */
export function writeBehind<Key, Value>({
  delay,
  flushBatchSize,
  maxDirtyKeys,
  maxDirtyBytes,
  onFull,
  onStoreDown,
  durability,
  unique,
  drainFor,
  ...options
}: Preset<WriteBehindOptions<Key, Value>, 'write'> &
  Omit<WriteBehindPolicy<Value>, 'policy'>): JournaledCache<Key, Value> {
  const limits = { maxDirtyKeys, maxDirtyBytes, onFull, onStoreDown }
  const given = { delay, flushBatchSize, ...limits, durability, unique, drainFor }
  const write = { policy: 'behind', ...defined(given) } as WriteBehindPolicy<Value>
  return createCache<Key, Value>({ ...options, write })
}

/** Cache-aside: you own the source, and tell the cache: `getOrLoad` or `acquire`, and `invalidate` after your commit. */
export function cacheAside<Key, Value>(
  options: CacheAsideOptions<Key, Value>,
): CacheAside<Key, Value> {
  const core = createCore<Key>(options, {})
  const { primary } = options
  if (primary !== undefined) assertFunction('primary', primary)
  return cacheAsideCache<Key, Value>(core, primary)
}

/**
 * `fn` with its results cached: the key is made from its arguments by `key`, by default the first
 * argument alone. The cache is at hand as `.cache`, to invalidate and to close.
 *
 * ```ts
 * const rate = cached(fetchRate, { name: 'rates', store, ttl: '1m' })
 * await rate('EUR'); await rate.cache.invalidate('EUR')
 * ```
 */
export function cached<Args extends readonly unknown[], Value, Key = Args[0]>(
  fn: (...args: Args) => Promise<Value | null | undefined>,
  options: BaseOptions<Key> & { readonly key?: (...args: Args) => Key },
) {
  assertFunction('fn', fn)
  const { key = (...args: Args) => args[0] as Key, ...rest } = options
  assertFunction('key', key)
  const cache = cacheAside<Key, Value>(rest as BaseOptions<Key>)
  const call = async (...args: Args) => cache.getOrLoad(key(...args), () => fn(...args))
  return Object.assign(call, { cache })
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}
