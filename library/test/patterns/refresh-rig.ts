import {
  type CacheEvent,
  type CacheOptions,
  type RefreshAheadPolicy,
  refreshAhead,
} from 'caching-patterns'
import type { rig, User } from './reading-rig.ts'

type Parts = ReturnType<typeof rig>

/** A refresh-ahead cache without jitter, its events, and what became of its refreshes. */
export function make(
  parts: Pick<Parts, 'clock' | 'store'> & { readonly source: CacheOptions<string, User>['source'] },
  options: Partial<CacheOptions<string, User> & Omit<RefreshAheadPolicy, 'policy'>> = {},
) {
  const events: CacheEvent[] = []
  const cache = refreshAhead<string, User>({
    name: 'users',
    ttl: '10s',
    jitter: 0,
    beta: 0,
    onEvent: (event) => events.push(event),
    clock: parts.clock,
    store: parts.store,
    source: parts.source,
    ...options,
  })
  const refreshes = () =>
    events.filter((event) => event.type === 'refresh').map(({ outcome }) => outcome)
  return { cache, refreshes, events }
}
