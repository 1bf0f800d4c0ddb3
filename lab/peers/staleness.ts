import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from './messages.ts'

/** What readers got after a row had changed and the cache had been told. */
export interface Staleness {
  /** Of the first read. */
  readonly first: Outcome
  /** From `since` to the end of the last read that gave an older row; 0 when none did. */
  readonly staleMs: number
  /** Reads gave older rows to the end of the observation. */
  readonly isEndless: boolean
}

/** How reads are watched. */
export interface Watch {
  readonly get: () => Promise<Outcome>
  /** The version that was written. */
  readonly version: number
  /** A reading of `performance.now()`: from when on every read has to be as new. */
  readonly since: number
  readonly withinMs: number
}

const pauseMs = 50

/** Reads until a row is as new as `version`, or the time is up. Reads that answer nothing or fail are no stale reads. */
export async function watch({ get, version, since, withinMs }: Watch): Promise<Staleness> {
  const isStale = (outcome: Outcome) => outcome.kind === 'row' && outcome.row.version < version
  const first = await get()
  let staleMs = 0
  for (let outcome = first; isStale(outcome); outcome = await get()) {
    // Not when the next one is fresh: on a busy machine that may be much later.
    staleMs = performance.now() - since
    if (staleMs > withinMs) return { first, staleMs, isEndless: true }
    await delay(pauseMs)
  }
  return { first, staleMs, isEndless: false }
}

/** In a word or two: `fresh`, `stale 2.0 s (TTL)` when nothing but the expiry of the entry ended it. */
export function stalenessText({ first, staleMs, isEndless }: Staleness, ttlMs: number): string {
  if (first.kind !== 'row') return outcomeText(first)
  if (isEndless) return `stale > ${seconds(staleMs)}`
  if (staleMs === 0) return 'fresh'
  if (staleMs < 100) return `stale ${Math.ceil(staleMs)} ms`
  // The last stale read is some time before the expiry, and the entry some time older than the observation.
  const isTtl = staleMs > ttlMs * 0.4 && staleMs < ttlMs * 1.3
  return `stale ${seconds(staleMs)}${isTtl ? ' (TTL)' : ''}`
}

/** In a word or two: `103 ms`, `throws after 43 ms`, `no answer in 10 s`. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'row':
      return time(outcome.ms)
    case 'nothing':
      return `nothing after ${time(outcome.ms)}`
    case 'error':
      return `throws after ${time(outcome.ms)}`
    case 'silence':
      return `no answer in ${Math.round(outcome.ms / 1_000)} s`
    case 'death':
      return 'process dies'
  }
}

/** A length of time that a reader takes in. */
export function time(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : seconds(ms)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
