import type { Version } from '../contract/entry.ts'
import { CacheError } from '../contract/errors.ts'
import type { Answer } from './answer.ts'
import type { Trip } from './loading.ts'

/**
 * An answer at least as new as the version that the read demands: the cache's if it is, else the
 * source's own. A row that the source does not have was deleted since. Rejects with
 * `VERSION_NOT_REACHED` when the source itself is older.
 */
export async function atLeast<Key, Value>(
  { key, terms }: Trip<Key>,
  answering: Promise<Answer<Value>>,
  readPast: () => Promise<Answer<Value>>,
): Promise<Answer<Value>> {
  const wanted = terms?.minVersion
  const answer = await answering
  if (wanted === undefined || hasReached(answer, wanted)) return answer
  const again = await readPast()
  if (hasReached(again, wanted)) return again
  throw notReached(key, { wanted, found: again.version })
}

function hasReached(
  { version, json, tier }: Pick<Answer<never>, 'version' | 'json' | 'tier'>,
  wanted: Version,
): boolean {
  return version >= wanted || (json === undefined && tier === 'source')
}

function notReached(
  key: unknown,
  { wanted, found }: { readonly wanted: Version; readonly found: Version },
): CacheError {
  return new CacheError(
    'VERSION_NOT_REACHED',
    `read of key ${String(key)}: expected version ${wanted} or newer, the source gave ${found}`,
    { key, version: found, retryAfterMs: 1_000 },
  )
}
