import type { Version } from '../contract/entry.ts'
import { hasCode } from '../contract/errors.ts'
import type { Core } from './core.ts'

/** What kind of write, for events. */
export type WriteOperation = 'create' | 'update' | 'put' | 'delete' | 'mutate'

/** Runs a write, and counts, times and announces it. `id`: the encoded key, or keys. */
export async function measuredWrite<T extends { readonly status: string }>(
  core: Core<never>,
  { operation, id }: { readonly operation: WriteOperation; readonly id: string },
  write: () => Promise<T & { readonly version?: Version }>,
): Promise<T> {
  const { recorder, emitter } = core
  const { cache } = emitter
  const startedAt = performance.now()
  recorder.writes += 1
  try {
    const done = await write()
    const durationMs = performance.now() - startedAt
    recorder.writeTook(durationMs)
    const { status, version = 0 } = done
    if (status === 'unconfirmed') recorder.unconfirmed += 1
    emitter.emit({ type: 'write', cache, key: id, operation, status, durationMs, version })
    return done
  } catch (error) {
    recorder.writeFailures += 1
    if (hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) recorder.outcomeUnknown += 1
    emitter.emit({ type: 'write-failure', cache, key: id, error })
    throw error
  }
}
