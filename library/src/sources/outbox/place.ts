import { identifier, literal } from '../sql-text.ts'
import type { TableOptions } from '../table-mapping.ts'

/** Which table, and which column of it is the key. */
export type KeyedTable = Pick<TableOptions<never>, 'schema' | 'table' | 'key'>

/** Where the changes of a table are recorded. */
export interface OutboxPlace {
  /** The schema's `cache_outbox`, which `migrate` makes. */
  readonly outbox: string
  /** Whose keys they are: one schema has one outbox for all its tables, and a table may be cached by several keys. */
  readonly entity: string
}

/** What the SQL of writes says of an outbox. */
export interface OutboxSql {
  /** A condition, always true: tells the table's trigger, if it has one, that this transaction records this key itself. */
  claim(key: string): string
  /** Records the version of each row of `from` that has drawn one. */
  record(key: string, from: string): string
}

// Names one key for the rest of the transaction, and not the whole transaction: what a cascade or
// somebody's trigger changes beside it is still recorded by triggers.
const setting = literal('caching_patterns.outbox')

/** The outbox of a table. Throws `INVALID_ARGUMENT` for what is no name. */
export function outboxPlace({ schema, table, key }: KeyedTable): OutboxPlace {
  return {
    outbox: `${identifier(schema, 'schema')}.cache_outbox`,
    entity: `${identifier(table, 'table')}.${identifier(key, 'key')}`,
  }
}

/** The fragments for writes of its table. */
export function outboxSql({ outbox, entity }: OutboxPlace): OutboxSql {
  return {
    claim: (key) => `set_config(${setting}, ${claimOf(entity, key)}, true) is not null`,
    // A row that was inserted draws in the next statement, which then records it.
    record: (key, from) => `insert into ${outbox} (entity, key, version)
      select ${literal(entity)}, ${key}, ${from}.version::bigint from ${from}
      where ${from}.version <> '0'`,
  }
}

/** A condition for triggers: the source has not claimed this key. */
export function isUnclaimed(entity: string, key: string): string {
  return `current_setting(${setting}, true) is distinct from ${claimOf(entity, key)}`
}

function claimOf(entity: string, key: string): string {
  return `${literal(`${entity} `)} || (${key})::text`
}
