import type { DurabilityOptions, WriteResult } from '../contract/cache.ts'
import { CacheError } from '../contract/errors.ts'
import type { EnqueueResult } from '../contract/journal.ts'
import { LoadedBody } from './answer.ts'
import type { Core } from './core.ts'
import { durationMs } from './duration.ts'
import type { PersistWaits } from './persist-waits.ts'

/** An accepted write, and what its caller wants. */
export interface Acceptance {
  readonly json: string | null
  readonly accepted: Extract<EnqueueResult, { outcome: 'accepted' }> & {
    readonly mustPersist: boolean
  }
  readonly existed: boolean
  readonly options: DurabilityOptions
}

interface AcknowledgerParts<Key> {
  readonly core: Core<Key>
  readonly waits: PersistWaits<Key>
  readonly durability: 'accepted' | 'persisted'
}

const defaultWithinMs = 5_000
const bounds = { minMs: 1, maxMs: 600_000 }

/** Answers accepted writes: at once, or when the database has them. */
export class Acknowledger<Key, Value> {
  readonly #parts: AcknowledgerParts<Key>

  constructor(parts: AcknowledgerParts<Key>) {
    this.#parts = parts
  }

  /** Somebody waits for the database. Throws a `TypeError` for options that are none. */
  isUrgent({ durability = this.#parts.durability, within }: DurabilityOptions): boolean {
    if (within !== undefined) durationMs('within', within, bounds)
    return durability === 'persisted'
  }

  /** Rejects with `DEAD_LETTERED` when it waited, and the database refused the write. */
  async acknowledge(key: Key, acceptance: Acceptance): Promise<WriteResult<Value>> {
    const { json, accepted, existed, options } = acceptance
    const { version, mustPersist } = accepted
    const { core, waits } = this.#parts
    const body = new LoadedBody(json, version)
    const resultOf = (status: WriteResult<Value>['status']): WriteResult<Value> => ({
      // parsed when it is asked for: over HTTP nobody does
      get value() {
        return body.value as WriteResult<Value>['value']
      },
      json: body.json,
      version,
      existed,
      status,
    })
    if (!mustPersist && !this.isUrgent(options)) return resultOf('accepted')
    const withinMs = durationMs('within', options.within ?? defaultWithinMs, bounds)
    const write = { id: core.keys.encode(key), version, isDelete: json === null }
    const outcome = await waits.until(write, withinMs, options.signal)
    if (outcome === 'parked') throw deadLettered(key, version)
    return resultOf(outcome === 'persisted' ? 'persisted' : 'accepted')
  }
}

function deadLettered(key: unknown, version: number): CacheError {
  return new CacheError(
    'DEAD_LETTERED',
    `write of key ${String(key)}: the database refused it for good; it is among the dead letters`,
    { key, version },
  )
}
