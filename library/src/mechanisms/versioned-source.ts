import { CacheError } from '../contract/errors.ts'
import type { Row, Source, VersionedSource } from '../contract/source.ts'

/** The reading half of any source, with version 0 where it has none. */
export type RowLoader<Key, Value> = Pick<VersionedSource<Key, Value>, 'load' | 'loadMany'>

export function isVersioned<Key, Value>(
  source: Source<Key, Value> | VersionedSource<Key, Value>,
): source is VersionedSource<Key, Value> {
  return 'versioned' in source && source.versioned === true
}

/** Gives plain rows the version 0: nothing can be compared by it. */
export function rowLoader<Key, Value>(
  source: Source<Key, Value> | VersionedSource<Key, Value>,
): RowLoader<Key, Value> {
  if (isVersioned(source)) return source
  const { loadMany } = source
  return {
    load: async (key, context) => unversioned(await source.load(key, context)),
    ...(loadMany && {
      async loadMany(keys, context) {
        const rows = await loadMany.call(source, keys, context)
        // what else came is refused, with a reason, where results and keys are matched
        if (!Array.isArray(rows)) return rows as readonly []
        return rows.map((row) => (row instanceof Error ? row : unversioned(row)))
      },
    }),
  }
}

/** An operation that a plain source left out. */
export function lacks(operation: string): CacheError {
  return new CacheError('UNSUPPORTED', `${operation}: the source has no ${operation}`)
}

function unversioned<Value>(value: Value | null | undefined): Row<Value> | null {
  return value === null || value === undefined ? null : { value, version: 0 }
}
