import type { Duration } from '../contract/cache.ts'
import type { Version } from '../contract/entry.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import { checkedTtlMs, durationMs } from '../mechanisms/duration.ts'
import type { Settings } from '../mechanisms/settings.ts'
import type { BaseOptions, ReadPolicy, WritePolicy } from './options.ts'

const second = 1_000
const minute = 60 * second
const year = 365 * 24 * 60 * minute

/** What a cache does where its options are silent. Durations in milliseconds. `docs/options.md` shows them. */
export const defaults = Object.freeze({
  namespace: 'cp',
  version: 1,
  negativeTtl: 30 * second,
  jitter: 0.1,
  staleIfError: 0,
  staleWhileLoading: 0,
  softLoadTimeout: 0,
  storeReadDeadline: 100,
  storeWriteDeadline: 500,
  loadDeadline: 2 * second,
  writeDeadline: 2 * second,
  lease: 3 * second,
  waitForLoad: 1 * second,
  maxLoads: 16,
  maxQueuedLoads: 1_000,
  batchSize: 100,
  onUnconfirmed: 'report',
  sampleStaleness: 0,
  after: '80%',
  beta: 1,
  consistency: 'linearizable',
  markFor: 3 * second,
  delay: 1 * second,
  flushBatchSize: 1_000,
  maxDirtyKeys: 100_000,
  maxDirtyBytes: 64 * 1024 * 1024,
  onFull: 'reject',
  durability: 'accepted',
  onStoreDown: 'stale',
  drainFor: 5 * second,
} as const)

const word = /^[A-Za-z0-9_.-]{1,64}$/

/** Checks the options; throws a `TypeError` that names the first wrong one. */
export function checkedSettings(
  options: Omit<BaseOptions<never>, 'encodeKey'>,
  policies: { readonly read?: ReadPolicy | undefined; readonly write?: WritePolicy | undefined },
): Settings {
  const ms = (name: keyof typeof defaults & keyof typeof options, minMs: number, maxMs: number) =>
    durationMs(name, (options[name] ?? defaults[name]) as Duration, { minMs, maxMs })
  const { onUnconfirmed = defaults.onUnconfirmed } = options
  const namespace = checkedWord('namespace', options.namespace ?? defaults.namespace)
  const name = checkedWord('name', options.name)
  const authority =
    options.authority === undefined ? '' : `${checkedWord('authority', options.authority)}:`
  const version = checkedInteger('version', options.version ?? defaults.version, 0, 2 ** 31)
  const ttlMs = checkedTtlMs(options.ttl)
  const loadDeadlineMs = ms('loadDeadline', 1, 10 * minute)
  const leaseMs = ms('lease', 1, 20 * minute)
  if (leaseMs <= loadDeadlineMs) {
    throw new InvalidArgumentError(
      'lease',
      `more than loadDeadline (${loadDeadlineMs} ms)`,
      options.lease ?? defaults.lease,
    )
  }
  if (onUnconfirmed !== 'report' && onUnconfirmed !== 'throw') {
    throw new InvalidArgumentError('onUnconfirmed', "'report' or 'throw'", onUnconfirmed)
  }
  return Object.freeze({
    name,
    prefix: `${namespace}:${name}:${version}:${authority}`,
    ttlMs,
    negativeTtlMs: Math.min(ttlMs, ms('negativeTtl', 0, year)),
    jitter: checkedNumber('jitter', options.jitter ?? defaults.jitter, 0, 1),
    ...graces(ms, policies.write),
    storeReadDeadlineMs: ms('storeReadDeadline', 1, minute),
    storeWriteDeadlineMs: ms('storeWriteDeadline', 1, minute),
    loadDeadlineMs,
    writeDeadlineMs: writeDeadlineMs(ms('writeDeadline', 1, 10 * minute), policies.write),
    leaseMs,
    waitForLoadMs: ms('waitForLoad', 0, minute),
    maxLoads: checkedInteger('maxLoads', options.maxLoads ?? defaults.maxLoads, 1, 10_000),
    maxQueuedLoads: checkedInteger(
      'maxQueuedLoads',
      options.maxQueuedLoads ?? defaults.maxQueuedLoads,
      0,
      1_000_000,
    ),
    batchSize: checkedInteger('batchSize', options.batchSize ?? defaults.batchSize, 1, 10_000),
    onUnconfirmed,
    sampleStaleness: checkedNumber(
      'sampleStaleness',
      options.sampleStaleness ?? defaults.sampleStaleness,
      0,
      1,
    ),
    whenStoreIsDown: whenStoreIsDown(policies.write),
    softTtlMs: softTtl(policies.read, ttlMs),
  })
}

/** How long a write-through mark lives. */
export function markMs(write: { readonly markFor?: Duration }): number {
  return durationMs('markFor', write.markFor ?? defaults.markFor, { minMs: 100, maxMs: minute })
}

/** A whole number within bounds, or a `TypeError` that names the option. */
export function checkedInteger(what: string, value: unknown, min: number, max: number): number {
  if (!Number.isInteger(value)) {
    throw new InvalidArgumentError(what, `a whole number from ${min} to ${max}`, value)
  }
  return checkedNumber(what, value, min, max)
}

/** A number within bounds, or a `TypeError` that names the option. */
export function checkedNumber(what: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new InvalidArgumentError(what, `a number from ${min} to ${max}`, value)
}

/** A row's version, or a `TypeError`. */
export function checkedVersion(value: unknown): Version {
  return checkedInteger('version', value, 0, Number.MAX_SAFE_INTEGER)
}

function checkedWord(what: string, value: unknown): string {
  if (typeof value === 'string' && word.test(value)) return value
  throw new InvalidArgumentError(what, '1 to 64 of a-z A-Z 0-9 _ - .', value)
}

/** A linearizable cache answers nothing that may be old, labelled or not. */
function graces(
  ms: (
    name: 'staleIfError' | 'staleWhileLoading' | 'softLoadTimeout',
    min: number,
    max: number,
  ) => number,
  write: WritePolicy | undefined,
) {
  const staleIfErrorMs = ms('staleIfError', 0, year)
  const staleWhileLoadingMs = ms('staleWhileLoading', 0, year)
  const softLoadTimeoutMs = ms('softLoadTimeout', 0, 10 * minute)
  const graceMs = Math.max(staleIfErrorMs, staleWhileLoadingMs)
  if (graceMs > 0 && write?.policy === 'through' && write.consistency !== 'acked') {
    const what = staleIfErrorMs > 0 ? 'staleIfError' : 'staleWhileLoading'
    throw new InvalidArgumentError(what, "0 where writes are 'linearizable'", graceMs)
  }
  return { graceMs, staleIfErrorMs, staleWhileLoadingMs, softLoadTimeoutMs }
}

function writeDeadlineMs(wantedMs: number, write: WritePolicy | undefined): number {
  return write?.policy === 'through' ? Math.min(wantedMs, markMs(write) / 2) : wantedMs
}

function whenStoreIsDown(write: WritePolicy | undefined): Settings['whenStoreIsDown'] {
  if (write?.policy !== 'behind') return 'trust'
  const { onStoreDown = defaults.onStoreDown } = write
  if (onStoreDown === 'stale' || onStoreDown === 'throw') return onStoreDown
  throw new InvalidArgumentError('onStoreDown', "'stale' or 'throw'", onStoreDown)
}

function softTtl(read: ReadPolicy | undefined, ttlMs: number): Settings['softTtlMs'] {
  if (read?.policy !== 'refresh-ahead') return (hardMs) => hardMs
  const { after = defaults.after } = read
  const percent = typeof after === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(after)?.[1] : undefined
  if (percent === undefined) {
    const afterMs = durationMs('after', after as Duration, { minMs: 1, maxMs: ttlMs })
    return () => afterMs
  }
  const share = checkedNumber('after', Number(percent), 1, 100) / 100
  return (hardMs) => hardMs * share
}
