import type { Lookup } from 'caching-patterns'

/** What a read says about itself to a client. */
export type Provenance = Pick<
  Lookup<unknown>,
  'status' | 'ageMs' | 'ttlMs' | 'isCollapsed' | 'isStored' | 'isStale' | 'loadMs'
>

/** The `Cache-Status` header (RFC 9211) of a read, in the name of `cache`. */
export function cacheStatus(cache: string, lookup: Provenance): string {
  // A stale answer is labelled by its negative ttl; any other that may be old says so in words.
  const detail = lookup.isStale && lookup.status !== 'stale' ? '; detail=stale' : ''
  return `"${cache}"; ${parameters(lookup)}${detail}`
}

/** The `Age` header: whole seconds since the entry was stored; `undefined` when none answered. */
export function age(lookup: Provenance): string | undefined {
  if (lookup.status === 'miss' || lookup.status === 'bypass') return undefined
  return String(Math.max(0, Math.floor(lookup.ageMs / 1000)))
}

/** The `Server-Timing` header of a read that took `totalMs`: what the load took, and the rest. */
export function serverTiming(totalMs: number, loadMs: number): string {
  // A joined load began before this read did.
  const dbMs = Math.min(loadMs, totalMs)
  return `cache;dur=${hundredths(totalMs - dbMs)}, db;dur=${hundredths(dbMs)}`
}

/** What `toFixed(2)` says but for zeros at the end, in a third of its time: every hit pays it twice. */
function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100
}

function parameters({ status, ttlMs, isCollapsed, isStored }: Provenance): string {
  switch (status) {
    case 'hit':
    case 'negative':
      return `hit; ttl=${Math.max(0, Math.floor(ttlMs / 1000))}`
    case 'stale':
      return `hit; ttl=${Math.min(-1, Math.floor(ttlMs / 1000))}`
    case 'bypass':
      return 'fwd=bypass'
    case 'miss':
      if (isCollapsed) return 'fwd=miss; collapsed'
      return isStored ? 'fwd=miss; stored' : 'fwd=miss'
  }
}
