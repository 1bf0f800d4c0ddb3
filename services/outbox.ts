import { cacheAside, type EventListener, type Store } from 'caching-patterns'
import {
  type OutboxEvent,
  type OutboxRelay,
  outboxRelay,
  type PostgresSource,
} from 'caching-patterns/postgres'
import type { PatternName, User } from './http/port.ts'

/** Whose entries are old when the outbox of this source says so. */
export interface OutboxParts {
  readonly pattern: PatternName
  readonly store: Store
  readonly source: PostgresSource<number, User>
  readonly onEvent: EventListener
}

/**
 * Relays the changes of a service's users until it is closed. It knows the entries of the service by their
 * place in the store, and neither reads nor fills them. Troubles are told when they begin.
 */
export function relayOutbox({ pattern, store, source, onEvent }: OutboxParts): OutboxRelay {
  const { authority } = source
  const entries = cacheAside<number, User>({
    name: 'users',
    namespace: pattern,
    authority,
    store,
    ttl: '1m',
  })
  let isTroubled = false
  const onOutbox = (event: OutboxEvent) => {
    if (event.type === 'outbox-relayed') {
      isTroubled = false
      return
    }
    const isRefusal = event.type === 'outbox-refused'
    const { error } = event
    if (isRefusal || !isTroubled) {
      onEvent({ type: 'background-failure', cache: 'users', reason: 'outbox', error })
    }
    isTroubled ||= !isRefusal
  }
  const relay = outboxRelay<number>({ source, caches: [entries], onEvent: onOutbox })
  const close = async () => {
    await relay.close()
    await entries.close()
  }
  return { figures: relay.figures, close, [Symbol.asyncDispose]: close }
}
