import type { ReadOptions } from '../contract/cache.ts'
import type { Clock } from '../contract/clock.ts'
import type { Version } from '../contract/entry.ts'
import { CacheError, InvalidArgumentError } from '../contract/errors.ts'
import { withDeadline, withSignal } from './deadline.ts'
import { checkedTtlMs, durationMs } from './duration.ts'

/** What a read says about itself, checked and in milliseconds. */
export interface ReadTerms {
  readonly signal: AbortSignal | undefined
  readonly deadlineMs: number | undefined
  /** The deadline as an instant, counted from the call. */
  readonly deadlineAt: number
  readonly isFresh: boolean
  readonly ttlMs: number | undefined
  readonly minVersion: Version | undefined
}

/** Throws a `TypeError` that names a wrong option, and the signal's reason when it is aborted already: then nothing was started. */
export function readTerms(options: ReadOptions | undefined, clock: Clock): ReadTerms | undefined {
  if (options === undefined) return undefined
  const { signal, deadline, fresh = false, ttl, minVersion } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidArgumentError('signal', 'an AbortSignal', signal)
  }
  if (typeof fresh !== 'boolean') throw new InvalidArgumentError('fresh', 'true or false', fresh)
  const deadlineMs =
    deadline === undefined
      ? undefined
      : durationMs('deadline', deadline, { minMs: 0, maxMs: 3_600_000 })
  const ttlMs = ttl === undefined ? undefined : checkedTtlMs(ttl)
  if (minVersion !== undefined && !(Number.isSafeInteger(minVersion) && minVersion >= 0)) {
    throw new InvalidArgumentError('minVersion', 'the version of a row', minVersion)
  }
  signal?.throwIfAborted()
  const deadlineAt = clock.now() + (deadlineMs ?? Number.POSITIVE_INFINITY)
  return { signal, deadlineMs, deadlineAt, isFresh: fresh, ttlMs, minVersion }
}

/** What is waited for, or the end of this caller's patience: `LOAD_TIMEOUT`, or the signal's reason. The work goes on for others. */
export function patiently<T>(
  waiting: Promise<T>,
  terms: ReadTerms,
  { key, clock }: { readonly key: unknown; readonly clock: Clock },
): Promise<T> {
  const { deadlineMs, deadlineAt, signal } = terms
  const timed =
    deadlineMs === undefined
      ? waiting
      : withDeadline(
          waiting,
          Math.max(0, deadlineAt - clock.now()),
          clock,
          () => new CacheError('LOAD_TIMEOUT', `read: no answer within ${deadlineMs} ms`, { key }),
        )
  return signal === undefined ? timed : withSignal(timed, signal)
}
