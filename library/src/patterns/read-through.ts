/**
 * Read-through: the cache owns the loader. Callers ask the cache alone; on a miss it loads the row,
 * stores it and answers, once for all who wait (READ protocol: `mechanisms/reader.ts`).
 *
 * Writers change the source and invalidate (write-around) unless another write policy is chosen.
 * A value is never older than the last confirmed write through this library; changes made behind
 * its back are seen at the TTL, or after `invalidate`. A writer that dies between its commit and
 * the invalidation leaves the old value until the TTL.
 */
import type { CacheReader, Lookup, ReadManyOptions, ReadOptions } from '../contract/cache.ts'
import { InvalidArgumentError } from '../contract/errors.ts'
import type { Jsonify } from '../contract/json.ts'
import type { Source, VersionedSource } from '../contract/source.ts'
import { BatchLoader } from '../mechanisms/batch-loader.ts'
import type { Core } from '../mechanisms/core.ts'
import type { LoadRow, Trip } from '../mechanisms/loading.ts'
import { readTerms } from '../mechanisms/read-terms.ts'
import { Reader } from '../mechanisms/reader.ts'
import { rowLoader } from '../mechanisms/versioned-source.ts'

/** The reading half of a cache in front of a source. */
export type SourceReads<Key, Value> = Pick<
  CacheReader<Key, Value>,
  'get' | 'getMany' | 'lookup' | 'lookupMany' | 'warm' | 'refresh'
> & {
  /** `lookup` that is not counted as a read. */
  inspect(key: Key): Promise<Lookup<Value>>
}

/** Reads rows of `source` through the cache. */
export function readThroughReads<Key, Value>(
  core: Core<Key>,
  source: Source<Key, Value> | VersionedSource<Key, Value>,
  onHit?: ConstructorParameters<typeof Reader<Key, Value>>[1],
): SourceReads<Key, Value> {
  const reader = new Reader<Key, Value>(core, onHit)
  const load = loadRow(core, source)
  const trip = (key: Key, options?: ReadOptions): Trip<Key> => {
    core.assertOpen()
    return { key, id: core.keys.encode(key), load, terms: readTerms(options, core.clock) }
  }

  const value = (key: Key, options?: ReadOptions) => {
    try {
      return promised(reader.value(trip(key, options)))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async function lookupMany(keys: readonly Key[], options?: ReadManyOptions) {
    core.assertOpen()
    const { minVersion } = (options ?? {}) as ReadOptions
    if (minVersion !== undefined) {
      throw new InvalidArgumentError('minVersion', 'a read of one key', minVersion)
    }
    const distinct = [...new Set(keys)]
    const answers = await reader.lookupMany(distinct.map((key) => trip(key, options)))
    const found = new Map<Key, Lookup<Value> | Error>()
    for (const [index, answer] of answers.entries()) {
      const outcome = answer.status === 'fulfilled' ? answer.value : asError(answer.reason)
      found.set(distinct[index] as Key, outcome)
    }
    return found
  }

  return {
    // neither is async: that would cost a hit a promise and three turns of the microtask queue
    get(key, options) {
      const hit = options === undefined ? reader.near?.hit(key) : undefined
      return (hit ?? value(key, options)) as Promise<Jsonify<Value> | undefined>
    },
    lookup(key, options) {
      try {
        return reader.lookup(trip(key, options))
      } catch (error) {
        return Promise.reject(error)
      }
    },
    lookupMany,
    async getMany(keys, options) {
      core.assertOpen()
      if (options === undefined) {
        const found = await reader.values(keys, trip)
        return found as Map<Key, Jsonify<Value> | undefined>
      }
      const values = new Map<Key, Jsonify<Value> | undefined>()
      for (const [key, answer] of await lookupMany(keys, options)) {
        if (answer instanceof Error) throw answer
        values.set(key, answer.value)
      }
      return values
    },
    async warm(keys) {
      // one batch, or as many loads as may run, at a time: readers find a place beside them
      const { batchSize, maxLoads } = core.settings
      const share = source.loadMany === undefined ? maxLoads : batchSize
      let loaded = 0
      for (let from = 0; from < keys.length; from += share) {
        for (const answer of (await lookupMany(keys.slice(from, from + share))).values()) {
          if (answer instanceof Error) throw answer
          if (answer.tier === 'source') loaded += 1
        }
      }
      return loaded
    },
    async refresh(key) {
      await reader.reload(trip(key))
    },
    async inspect(key) {
      return reader.inspect(trip(key))
    },
  }
}

/** Loads one row of a source as text, in batches where the source can. */
export function loadRow<Key, Value>(
  core: Core<Key>,
  source: Source<Key, Value> | VersionedSource<Key, Value>,
): LoadRow<Key> {
  const loader = new BatchLoader(rowLoader(source), core.gate)
  return async (key, { onSent }) => {
    const row = await loader.load(key, onSent)
    if (row === null) return { json: null, version: 0 }
    return { json: await core.encode(row.value, key), version: row.version }
  }
}

function promised(value: unknown): Promise<unknown> {
  return value instanceof Promise ? value : Promise.resolve(value)
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason })
}
