export { type MigrateOptions, type MigrateResult, migrate } from './migrate.ts'
export type { OutboxEvent, OutboxFigures } from './outbox/events.ts'
export type { Outbox, OutboxRow } from './outbox/outbox.ts'
export {
  type OutboxRelay,
  type OutboxRelayOptions,
  outboxRelay,
} from './outbox/relay.ts'
export { type OutboxTriggerTable, outboxTriggerSql } from './outbox/trigger.ts'
export type { PgAnswer, PgClient, PgPool, PgStatement } from './pg/pool.ts'
export type { PgOptions } from './pg/settings.ts'
export { type PgDriverOptions, pgDriver } from './pg-driver.ts'
export { pgOptions } from './pg-options.ts'
export { type PGliteClient, type PGliteTransaction, pgliteDriver } from './pglite-driver.ts'
export {
  type PostgresSource,
  type PostgresSourceOptions,
  postgresSource,
} from './postgres-source.ts'
export type {
  SqlCallOptions,
  SqlDriver,
  SqlParameter,
  SqlQueries,
  SqlTransactionOptions,
} from './sql-driver.ts'
export { classifySqlError, provesRollback } from './sqlstate.ts'
export type { TableOptions } from './table-mapping.ts'
