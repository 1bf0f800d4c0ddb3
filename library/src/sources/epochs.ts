import { writeTimeout } from '../contract/errors.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { SqlDriver } from './sql-driver.ts'
import { deadlineText } from './sql-driver.ts'
import { arrayText, identifier } from './sql-text.ts'
import { isInTime } from './write-sql.ts'

/** The table of the epochs, which `migrate` makes in the schema. */
export function epochsTable(schema: string): string {
  return `${identifier(schema, 'schema')}.cache_epochs`
}

/**
 * Raises the epochs of partitions, in one statement. Flushes hold the rows of their epochs FOR SHARE, so that it waits
 * for those under way; those that come later find another epoch than theirs. Rows are locked in the order of their
 * numbers by both, so that none waits for another in a circle.
 */
export function raiseEpochs(
  driver: SqlDriver,
  table: string,
): FlushableSource<unknown, unknown>['raiseEpochs'] {
  const sql = `
    insert into ${table} as e (journal, partition, epoch)
    select $1::text, p, 1 from unnest($2::integer[]) as p where ${isInTime('$3')} order by p
    on conflict (journal, partition) do update set epoch = e.epoch + 1
    returning e.partition, e.epoch::text as epoch`
  return async (journal, partitions, context) => {
    const parameters = [journal, arrayText(partitions), deadlineText(driver, context)]
    const rows = await driver.write<{ partition: number; epoch: string }>(sql, parameters, context)
    const epochs = new Map(rows.map(({ partition, epoch }) => [partition, Number(epoch)]))
    return partitions.map((partition) => {
      const epoch = epochs.get(partition)
      if (epoch === undefined) throw writeTimeout()
      return epoch
    })
  }
}
