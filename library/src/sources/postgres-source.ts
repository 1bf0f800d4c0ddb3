import { InvalidArgumentError } from '../contract/errors.ts'
import type { FlushableSource } from '../contract/source.ts'
import { readAuthority } from './authority.ts'
import { completionOf } from './completion.ts'
import { epochsTable, raiseEpochs } from './epochs.ts'
import { flushTo } from './flushing.ts'
import { nextKeys } from './key-blocks.ts'
import { parseKey } from './keys.ts'
import { type Outbox, openOutbox } from './outbox/outbox.ts'
import { outboxPlace, outboxSql } from './outbox/place.ts'
import { reads } from './reading.ts'
import type { SqlDriver } from './sql-driver.ts'
import { classifySqlError } from './sqlstate.ts'
import { mapTable, type TableOptions } from './table-mapping.ts'
import { raiseVersions } from './versions.ts'
import { writes } from './writing.ts'

/** Options of `postgresSource`. */
export interface PostgresSourceOptions<Key, Value> extends TableOptions<Value> {
  readonly driver: SqlDriver
  /**
   * Fields that every write sets by itself, over what the caller gave: time stamps, defaults.
   * `isNew`: an insert. Default: none. `put` and `flush` store what they are given.
   */
  readonly stamp?: (change: Partial<Value>, isNew: boolean) => Partial<Value>
  /** Draws the key of a row to come, where keys come from no sequence: `() => crypto.randomUUID()`. */
  readonly nextKey?: () => Key
  /** How many keys are drawn from the key column's own sequence at once; unused ones are lost at the end of the process. 1 to 10,000. Default 32. */
  readonly keyBlock?: number
  /**
   * How many keys are held ahead at most, for times when the database is away: drawn in the background, enough
   * for two minutes at the rate of late, `keyBlock` at least. Unused ones are lost at the end of the process. 0 to 100,000. Default 0: the next
   * block is drawn when one is used up.
   */
  readonly keysAhead?: number
  /**
   * Whether writes record key and version in the schema's `cache_outbox`, in the same transaction, for
   * `outboxRelay`. `flush` records nothing: in write-behind the cache itself is the authority. Default false.
   */
  readonly outbox?: boolean
}

/** A source over a mapped table. */
export interface PostgresSource<Key, Value> extends FlushableSource<Key, Value> {
  /** What `outboxRelay` reads; `undefined` without the option `outbox`. */
  readonly outbox: Outbox<Key> | undefined
}

/**
 * A source over one mapped table with a version column, for every pattern. Versions come from a
 * sequence, drawn while the row is locked, so that they grow in the order of commits, over deletes
 * and new inserts too; at the start the sequence is raised above the versions in the table (one
 * scan of it).
 *
 * Values are what JSON holds: instants are ISO strings in UTC, `numeric` is a string, and so is a
 * `bigint` beyond 2^53 - 1. Keys of integer columns are numbers. Columns that a complete value does
 * not name are written as NULL: the table's defaults play no part, `stamp` does.
 *
 * `authority` is the start of the id that `migrate` wrote into the schema; without one, `undefined`.
 *
 * Rejects with `INVALID_ARGUMENT` when the options do not fit the table.
 *
 * @example
 * const users = await postgresSource<number, User>({
 *   driver: pgliteDriver(pglite), schema: 'app', table: 'users', key: 'id',
 *   columns: { id: 'id', name: 'name', createdAt: 'created_at' },
 * })
 */
export async function postgresSource<Key extends string | number, Value extends object>(
  options: PostgresSourceOptions<Key, Value>,
): Promise<PostgresSource<Key, Value>> {
  const { driver, stamp = () => ({}), nextKey, outbox = false } = options
  const { keyBlock = 32, keysAhead = 0 } = options
  if (typeof driver?.transaction !== 'function') {
    throw new InvalidArgumentError('driver', 'an SqlDriver', driver)
  }
  if (!Number.isInteger(keyBlock) || keyBlock < 1 || keyBlock > 10_000) {
    throw new InvalidArgumentError('keyBlock', 'an integer from 1 to 10,000', keyBlock)
  }
  if (!Number.isInteger(keysAhead) || keysAhead < 0 || keysAhead > 100_000) {
    throw new InvalidArgumentError('keysAhead', 'an integer from 0 to 100,000', keysAhead)
  }
  if (typeof outbox !== 'boolean') {
    throw new InvalidArgumentError('outbox', 'true or false', outbox)
  }
  const mapping = await mapTable(driver, options)
  const versionFloor = await raiseVersions(driver, mapping)
  const authority = await readAuthority(driver, options.schema)

  const place = outbox ? outboxPlace(options) : undefined

  const completion = completionOf<Key, Value>(mapping, stamp)
  const toKey = (text: string) => parseKey<Key>(mapping, text)
  const epochs = epochsTable(options.schema)
  return {
    versioned: true,
    name: driver.name,
    authority,
    ...reads<Key, Value>(driver, mapping),
    ...writes<Key, Value>({ driver, mapping, outbox: place && outboxSql(place) }, completion),
    nextKey: nextKey
      ? async () => nextKey()
      : nextKeys<Key>(driver, mapping, { column: options.key, block: keyBlock, ahead: keysAhead }),
    complete: completion.complete,
    parseKey: toKey,
    versionFloor,
    raiseEpochs: raiseEpochs(driver, epochs),
    flush: flushTo<Key>(driver, mapping, epochs),
    classify: classifySqlError,
    outbox: place && (await openOutbox(driver, place, toKey)),
  }
}
