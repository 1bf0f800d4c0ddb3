import type { Version } from '../../contract/entry.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import type { SqlDriver } from '../sql-driver.ts'
import { arrayText, literal } from '../sql-text.ts'
import type { OutboxPlace } from './place.ts'

/** A committed change that the caches have not been told of, as far as the database knows. */
export interface OutboxRow {
  readonly id: string
  /** The key as text, as `parseKey` takes it. */
  readonly key: string
  readonly version: Version
  /** How long ago it was recorded, by the database's clock, in milliseconds. */
  readonly ageMs: number
}

/** What a relay needs of the outbox of one table. */
export interface Outbox<Key> {
  /** Whose changes: the table and its key column. */
  readonly entity: string
  /** The age of the oldest row in milliseconds; `undefined` when there is none. */
  oldestMs(): Promise<number | undefined>
  /**
   * Hands the oldest rows behind the id `after` to `deliver`, and removes those that it has `done`: in one
   * transaction, which keeps other relays off all of them. If it rejects they are still there; after a
   * COMMIT that was not answered, perhaps.
   */
  take<Delivery extends { readonly done: readonly string[] }>(
    request: { readonly after: string; readonly limit: number },
    deliver: (rows: readonly OutboxRow[]) => Promise<Delivery>,
  ): Promise<Delivery>
  /** The key of a row. Throws `INVALID_KEY` for what is none. */
  parseKey(text: string): Key
}

/** The outbox of a mapped table. Rejects with `INVALID_ARGUMENT` when writes could not record anything in it. */
export async function openOutbox<Key>(
  driver: SqlDriver,
  { outbox, entity }: OutboxPlace,
  parseKey: (text: string) => Key,
): Promise<Outbox<Key>> {
  await checkOutbox(driver, outbox)
  const own = `entity = ${literal(entity)}`
  const age = 'extract(epoch from clock_timestamp() - created_at)::float8 * 1000 as age'
  const oldest = `select ${age} from ${outbox} where ${own} order by id limit 1`
  const claim = `select id::text as id, key, version::text as version, ${age}
    from ${outbox} where ${own} and id > $1::bigint
    order by id limit $2::integer for update skip locked`
  const remove = `delete from ${outbox} where ${own} and id = any ($1::bigint[])`

  return {
    entity,
    async oldestMs() {
      const [row] = await driver.query<{ age: number }>(oldest)
      return row && ageMs(row)
    },
    take: ({ after, limit }, deliver) =>
      driver.transaction(async (tx) => {
        const rows = await tx.query<ClaimedRow>(claim, [after, String(limit)])
        const delivery = await deliver(rows.map(toOutboxRow))
        if (delivery.done.length > 0) await tx.query(remove, [arrayText(delivery.done)])
        return delivery
      }),
    parseKey,
  }
}

interface ClaimedRow {
  readonly id: string
  readonly key: string
  readonly version: string
  readonly age: number
}

async function checkOutbox(driver: SqlDriver, outbox: string): Promise<void> {
  const [found] = await driver.query<{ may: boolean | null }>(
    "select has_table_privilege(to_regclass($1::text), 'insert') as may",
    [outbox],
  )
  if (found?.may === true) return
  const expected =
    found?.may === false ? 'the right to insert into it' : 'a table (migrate makes it)'
  throw new InvalidArgumentError('outbox', expected, outbox)
}

function toOutboxRow(row: ClaimedRow): OutboxRow {
  return { id: row.id, key: row.key, version: Number(row.version), ageMs: ageMs(row) }
}

// A clock that was set back meanwhile.
function ageMs({ age }: { readonly age: number }): number {
  return Math.max(0, age)
}
