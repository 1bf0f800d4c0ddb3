import { identifier, literal } from '../sql-text.ts'
import type { TableOptions } from '../table-mapping.ts'
import { isUnclaimed, type KeyedTable, outboxPlace } from './place.ts'

/** The table of a trigger: as in the options of its source. */
export type OutboxTriggerTable = KeyedTable &
  Pick<TableOptions<never>, 'versionColumn' | 'versionSequence'>

/**
 * SQL that makes a table record every change in its schema's `cache_outbox`, whoever makes it: psql, another
 * program, a cascade. A statement that leaves the version as it was gets a new one drawn; so does an
 * INSERT without one. What the source itself writes with the option `outbox` is left alone. One of
 * your `migrations`, after the table's; needs TRIGGER on the table. May run again.
 *
 * Costs such statements a function call before and after each row, and a row in the outbox. Does not
 * see TRUNCATE, nor what is written where triggers are off (`session_replication_role = replica`).
 *
 * @example
 * const users = { schema: 'app', table: 'users', key: 'id' }
 * await migrate(driver, { schema: 'app', migrations: [createUsers, outboxTriggerSql(users)] })
 */
export function outboxTriggerSql(options: OutboxTriggerTable): string {
  const { outbox, entity } = outboxPlace(options)
  const schema = identifier(options.schema, 'schema')
  const table = `${schema}.${identifier(options.table, 'table')}`
  const key = identifier(options.key, 'key')
  const version = identifier(options.versionColumn ?? 'version', 'versionColumn')
  const sequence = identifier(options.versionSequence ?? 'cache_version', 'versionSequence')
  const draw = `nextval(${literal(`${schema}.${sequence}`)}::regclass)`
  const functionName = identifier(`cache_outbox_${options.table}.${options.key}`, 'table and key')
  const call = `${schema}.${functionName}`
  const record = (keys: string, drawn: string) => `
    insert into ${outbox} (entity, key, version)
    select ${literal(entity)}, changed.key, ${drawn} from (${keys}) as changed (key);`
  // An INSERT draws once more: what it drew first it drew before it waited for a DELETE of the key.
  const body = `
begin
  if tg_when = 'BEFORE' then
    if new.${version} is null or (tg_op = 'UPDATE' and new.${version} <= old.${version}) then
      new.${version} := ${draw};
    end if;
    return new;
  end if;
  if tg_op = 'INSERT' then${record(`select new.${key}::text`, draw)}
  elsif tg_op = 'DELETE' then${record(`select old.${key}::text`, draw)}
  else${record(`select new.${key}::text union select old.${key}::text`, `new.${version}`)}
  end if;
  return null;
end`

  const trigger = (moment: string, events: string, row: string) => {
    const name = identifier(`cache_outbox_${options.key}_${moment}_${events.slice(0, 6)}`, 'key')
    return `
drop trigger if exists ${name} on ${table};
create trigger ${name} ${moment} ${events} on ${table} for each row
when (${isUnclaimed(entity, `${row}.${key}`)}) execute function ${call}();`
  }
  return `
create or replace function ${call}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as ${literal(body)};${trigger('before', 'insert or update', 'new')}${trigger(
    'after',
    'insert or update',
    'new',
  )}${trigger('after', 'delete', 'old')}
`
}
