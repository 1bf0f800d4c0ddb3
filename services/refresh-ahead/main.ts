import type { ServiceParts } from '../http/port.ts'
import type { Wiring } from '../wiring.ts'
import { refreshAheadUsers } from './users.ts'

/** Refresh-ahead on port 8005: values that are read are reloaded before they expire. */
export async function start(wiring: Wiring): Promise<ServiceParts> {
  const { store, source, ttl, onEvent, sampleStaleness, parts } = await wiring.open('refresh-ahead')
  const users = refreshAheadUsers({ store, source, ttl, onEvent, sampleStaleness })
  return { pattern: 'refresh-ahead', users, ...parts }
}
