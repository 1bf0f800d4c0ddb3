import type { Version } from '../contract/entry.ts'
import { CacheError, hasCode } from '../contract/errors.ts'
import type { Core } from './core.ts'

/** What kind of write, for events. */
export type WriteOperation = 'create' | 'update' | 'put' | 'delete' | 'mutate'

/** A write as events name it. `id`: the encoded key, or keys; a create sets it once it is known. */
export interface WriteSubject {
  readonly operation: WriteOperation
  id: string
}

/**
 * Runs a write, and counts, times and announces it. Rejects with `WRITE_UNCONFIRMED` when the
 * options ask for that.
 */
export async function measuredWrite<T extends { readonly status: string }>(
  core: Core<never>,
  subject: WriteSubject,
  write: () => Promise<T & { readonly version?: Version }>,
): Promise<T> {
  const { recorder, emitter, settings } = core
  const { cache } = emitter
  const { operation } = subject
  const startedAt = performance.now()
  recorder.writes += 1
  let done: T & { readonly version?: Version }
  try {
    done = await write()
  } catch (error) {
    // an answer, not a failure: the caller asked for this comparison
    if (!hasCode(error, 'VERSION_CONFLICT')) recorder.writeFailures += 1
    if (hasCode(error, 'WRITE_OUTCOME_UNKNOWN')) recorder.outcomeUnknown += 1
    emitter.emit({ type: 'write-failure', cache, key: subject.id, error })
    throw error
  }
  const durationMs = performance.now() - startedAt
  recorder.writeTook(durationMs)
  const { status, version = 0 } = done
  if (status === 'unconfirmed') recorder.unconfirmed += 1
  emitter.emit({ type: 'write', cache, key: subject.id, operation, status, durationMs, version })
  if (status === 'unconfirmed' && settings.onUnconfirmed === 'throw')
    throw unconfirmed(core, subject)
  return done
}

function unconfirmed(core: Core<never>, { operation, id }: WriteSubject): CacheError {
  const key = operation === 'mutate' ? id : core.keys.textOf(id)
  return new CacheError(
    'WRITE_UNCONFIRMED',
    `${operation} of key ${key}: committed, but the cache could not be told; readers may see an older value until it is`,
    { key },
  )
}
