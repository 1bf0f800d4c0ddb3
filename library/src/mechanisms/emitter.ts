import { channel } from 'node:diagnostics_channel'
import type { CacheEvent, EventListener } from '../contract/events.ts'

const events = channel('caching-patterns')

/** Sends events to the listener and to the diagnostics channel `caching-patterns`. Never throws. */
export class Emitter {
  readonly cache: string
  readonly #listener: EventListener | undefined

  constructor(cache: string, listener: EventListener | undefined) {
    this.cache = cache
    this.#listener = listener
  }

  /** False when nobody listens: then an event need not be made. */
  get isHeard(): boolean {
    return this.#listener !== undefined || events.hasSubscribers
  }

  emit(event: CacheEvent): void {
    if (events.hasSubscribers) events.publish(event)
    if (this.#listener === undefined) return
    try {
      const returned: unknown = this.#listener(event)
      if (returned instanceof Promise) returned.catch(dropGuestsError)
    } catch {
      // a listener is a guest: what it throws must not change what a read or a write answers
    }
  }
}

/** The same for a listener that is an async function: its rejection must not end the process. */
function dropGuestsError(): void {}
