import type { Duration } from '../contract/cache.ts'
import { InvalidArgumentError } from '../contract/errors.ts'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds of a duration within `minMs`..`maxMs`; throws with the option's name otherwise. */
export function durationMs(
  what: string,
  duration: Duration,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
): number {
  const ms = parse(duration)
  if (ms === undefined || !(ms >= minMs && ms <= maxMs)) {
    throw new InvalidArgumentError(
      what,
      `a duration from ${format(minMs)} to ${format(maxMs)}, in milliseconds or as text such as '250ms', '1s', '5m', '2h', '1d'`,
      duration,
    )
  }
  return ms
}

/** Milliseconds of a TTL: from 1 ms to a year. */
export function checkedTtlMs(ttl: Duration): number {
  return durationMs('ttl', ttl, { minMs: 1, maxMs: 365 * unitMs.d })
}

function parse(duration: unknown): number | undefined {
  if (typeof duration === 'number') return duration
  if (typeof duration !== 'string') return undefined
  const match = pattern.exec(duration)
  if (match === null) return undefined
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}

function format(ms: number): string {
  if (ms === 0) return '0'
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`
  }
  return `${ms}ms`
}
