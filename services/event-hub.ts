import type { CacheEvent, EventListener } from 'caching-patterns'

/** Passes a service's events to whoever listens now: logs, metrics, event streams. */
export interface EventHub {
  readonly emit: EventListener
  /** The returned function ends the subscription. */
  readonly subscribe: (listener: EventListener) => () => void
}

/** A listener that throws stops neither the others nor the cache: the first error of a round is thrown on, after it. */
export function eventHub(): EventHub {
  const listeners = new Set<{ readonly call: EventListener }>()
  return {
    emit(event: CacheEvent) {
      const failures: unknown[] = []
      for (const listener of listeners) {
        try {
          listener.call(event)
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
    subscribe(call) {
      const listener = { call }
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}
