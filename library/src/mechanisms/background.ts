import type { Clock } from '../contract/clock.ts'
import type { BackgroundReason } from '../contract/events.ts'
import type { Emitter } from './emitter.ts'

/** Work that no caller waits for: it cannot reject, is known by its reason, and `settle` waits for it. */
export class Background {
  readonly #clock: Clock
  readonly #emitter: Emitter
  readonly #running = new Set<Promise<void>>()
  readonly #scheduled = new Map<() => void, () => void>()

  constructor(clock: Clock, emitter: Emitter) {
    this.#clock = clock
    this.#emitter = emitter
  }

  run(reason: BackgroundReason, work: () => unknown): void {
    const running: Promise<void> = this.attempt(reason, work).finally(() =>
      this.#running.delete(running),
    )
    this.#running.add(running)
  }

  /** Runs once after `delayMs`, or at `settle` if that comes first. */
  later(reason: BackgroundReason, delayMs: number, work: () => unknown): void {
    const start = () => {
      this.#scheduled.delete(start)
      this.run(reason, work)
    }
    this.#scheduled.set(start, this.#clock.after(delayMs, start))
  }

  /** Starts what is scheduled now, and waits for all of it. */
  async settle(): Promise<void> {
    for (const [start, cancel] of [...this.#scheduled]) {
      cancel()
      start()
    }
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** The same for a caller that waits; never rejects. */
  async attempt(reason: BackgroundReason, work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#emitter.emit({
        type: 'background-failure',
        cache: this.#emitter.cache,
        reason,
        error,
      })
    }
  }
}
