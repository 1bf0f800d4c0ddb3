import type { Core } from './core.ts'

const failuresToOpen = 3
const backOffFromMs = 50
const backOffToMs = 5_000

/**
 * Keeps flushes away from a database that fails: after each failure a pause, jittered, that doubles from about 0.1 s to
 * 5 s. After three in a row it is open, and what is let through then, one small batch at a time, is half-open.
 */
export class FlushBreaker {
  readonly #core: Core<never>
  #state: 'closed' | 'open' | 'half-open' = 'closed'
  #failures = 0

  constructor(core: Core<never>) {
    this.#core = core
  }

  get state(): 'closed' | 'open' | 'half-open' {
    return this.#state
  }

  /** A statement is about to be sent. */
  tries(): void {
    if (this.#state === 'open') this.#becomes('half-open')
  }

  succeeded(): void {
    this.#failures = 0
    if (this.#state !== 'closed') this.#becomes('closed')
  }

  failed(): void {
    this.#failures += 1
    if (this.#failures >= failuresToOpen && this.#state !== 'open') this.#becomes('open')
  }

  /** How long to leave the database alone. */
  pauseMs(): number {
    const ms = Math.min(backOffToMs, backOffFromMs * 2 ** Math.min(this.#failures, 10))
    return ms * (0.5 + this.#core.random() / 2)
  }

  #becomes(state: 'closed' | 'open' | 'half-open'): void {
    this.#state = state
    this.#core.emitter.emit({ type: 'flush-breaker', cache: this.#core.settings.name, state })
  }
}
