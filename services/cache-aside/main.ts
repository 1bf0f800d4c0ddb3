import type { ServiceParts } from '../http/port.ts'
import type { Wiring } from '../wiring.ts'
import { cacheAsideUsers } from './users.ts'

/** Cache-aside on port 8001: the service asks the cache, then the database, and keeps them in step itself. */
export async function start(wiring: Wiring): Promise<ServiceParts> {
  const { store, source, ttl, onEvent, sampleStaleness, parts } = await wiring.open('cache-aside')
  const users = cacheAsideUsers({ store, source, ttl, onEvent, sampleStaleness })
  return { pattern: 'cache-aside', users, ...parts }
}
