import type { ServiceParts } from '../http/port.ts'
import type { Wiring } from '../wiring.ts'
import { writeThroughUsers } from './users.ts'

/** Write-through on port 8003: every committed write is published to the cache before it is acknowledged. */
export async function start(wiring: Wiring): Promise<ServiceParts> {
  const { store, source, ttl, onEvent, sampleStaleness, parts } = await wiring.open('write-through')
  const users = writeThroughUsers({ store, source, ttl, onEvent, sampleStaleness })
  return { pattern: 'write-through', users, ...parts }
}
