import type { ServiceParts } from '../http/port.ts'
import type { Wiring } from '../wiring.ts'
import { writeBehindUsers } from './users.ts'

/** Write-behind on port 8004: the journal acknowledges a write, and the database follows. */
export async function start(wiring: Wiring): Promise<ServiceParts> {
  const { store, source, ttl, writeDelay, journalBounds, onEvent, sampleStaleness, parts } =
    await wiring.open('write-behind')
  const users = writeBehindUsers({
    store,
    source,
    ttl,
    delay: writeDelay,
    ...journalBounds,
    onEvent,
    sampleStaleness,
  })
  return { pattern: 'write-behind', users, ...parts }
}
