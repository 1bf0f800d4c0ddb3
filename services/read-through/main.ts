import type { ServiceParts } from '../http/port.ts'
import type { Wiring } from '../wiring.ts'
import { readThroughUsers } from './users.ts'

/** Read-through on port 8002: the cache stands in front of the database and loads what it does not hold. */
export async function start(wiring: Wiring): Promise<ServiceParts> {
  const { store, source, ttl, onEvent, sampleStaleness, parts } = await wiring.open('read-through')
  const users = readThroughUsers({ store, source, ttl, onEvent, sampleStaleness })
  return { pattern: 'read-through', users, ...parts }
}
