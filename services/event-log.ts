import type { CacheEvent } from 'caching-patterns'
import type { FastifyBaseLogger } from 'fastify'

const levels: Readonly<Record<CacheEvent['type'], 'error' | 'warn' | 'info' | 'debug' | 'trace'>> =
  {
    'journal-lost': 'error',
    breaker: 'warn',
    'background-failure': 'warn',
    'dead-letter': 'warn',
    'flush-failure': 'warn',
    'flush-breaker': 'warn',
    fenced: 'warn',
    'left-in-journal': 'warn',
    'mark-lost': 'warn',
    restamp: 'warn',
    'store-error': 'warn',
    unconfirmed: 'warn',
    'dead-letter-discarded': 'info',
    'dead-letter-retried': 'info',
    'write-failure': 'debug',
    clear: 'debug',
    flush: 'debug',
    invalidate: 'trace',
    load: 'trace',
    refresh: 'trace',
    write: 'trace',
  }

/** A listener that logs what happened, troubles as warnings. Keys are ids, and the logger drops the words of errors. */
export function eventLog(log: FastifyBaseLogger): (event: CacheEvent) => void {
  return (event) => {
    const { error, ...facts } = { error: undefined, ...event }
    log[levels[event.type]](error === undefined ? facts : { ...facts, err: error }, event.type)
  }
}
