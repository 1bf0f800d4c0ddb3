import { type Clock, systemClock } from '../../contract/clock.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import type { PostgresSource } from '../postgres-source.ts'
import type { Hearers } from './delivery.ts'
import type { OutboxEvent, OutboxFigures } from './events.ts'
import { Relay } from './relaying.ts'

/** Options of `outboxRelay`. */
export interface OutboxRelayOptions<Key> {
  /** Opened with `outbox: true`. */
  readonly source: Pick<PostgresSource<Key, never>, 'outbox'>
  /** Every cache of this table's rows, on stores that all processes share: each hears of each change. */
  readonly caches: Hearers<Key>['caches']
  /** How long after a look at the outbox that found no more the next one follows, in milliseconds. 10 to 60,000. Default 250. */
  readonly pollMs?: number
  /** Rows in one transaction. 1 to 1,000. Default 500. */
  readonly batchSize?: number
  /** Where time comes from. Default: the machine's clock. */
  readonly clock?: Clock
  /** Receives what happened; what it throws is dropped. Default: nobody listens. */
  readonly onEvent?: (event: OutboxEvent) => void
}

/** A relay that runs. */
export interface OutboxRelay {
  figures(): OutboxFigures
  /** Ends after the batch under way; what is left waits for the next relay. To be called before the caches are closed. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Tells caches what the outbox of a source says, from now on until it is closed. Relays of one outbox, in as
 * many processes as you like, share its rows. A row goes when every cache has answered; after a crash
 * before that it is told again, which changes nothing.
 *
 * A row that is gone reaches nobody else: a cache in the memory of another process would not hear of
 * it. The caches' store is to be one that the processes share, such as `redisStore`.
 *
 * A look at the outbox is one indexed read; between looks the relay holds no connection.
 *
 * @example
 * const relay = outboxRelay({ source, caches: [users] })
 */
export function outboxRelay<Key>(options: OutboxRelayOptions<Key>): OutboxRelay {
  const { source, caches, clock = systemClock, onEvent } = options
  if (typeof source?.outbox?.take !== 'function') {
    throw new InvalidArgumentError('source', 'a source with the option outbox', source)
  }
  const hearAll = Array.isArray(caches) && caches.every((each) => isFunction(each?.invalidateUpTo))
  if (!hearAll || caches.length === 0) {
    throw new InvalidArgumentError('caches', 'a list of one or more caches', caches)
  }
  if (!isFunction(clock?.now) || !isFunction(clock.after)) {
    throw new InvalidArgumentError('clock', 'an object with now and after', clock)
  }
  if (onEvent !== undefined && !isFunction(onEvent)) {
    throw new InvalidArgumentError('onEvent', 'a function', onEvent)
  }
  const relay = new Relay<Key>({
    outbox: source.outbox,
    caches,
    pollMs: integer('pollMs', options.pollMs ?? 250, 10, 60_000),
    batchSize: integer('batchSize', options.batchSize ?? 500, 1, 1_000),
    clock,
    onEvent,
  })
  const close = () => relay.close()
  return { figures: () => relay.figures(), close, [Symbol.asyncDispose]: close }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function integer(what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new InvalidArgumentError(what, `an integer from ${min} to ${max}`, value)
}
