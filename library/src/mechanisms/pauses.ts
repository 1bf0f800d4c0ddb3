import type { Clock } from '../contract/clock.ts'

/** Waits that all end at once when nothing is waited for any longer. */
export class Pauses {
  readonly #clock: Clock
  readonly #running = new Set<() => void>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  pause(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#running.delete(end)
        resolve()
      }
      const cancel = this.#clock.after(ms, end)
      this.#running.add(end)
    })
  }

  /** Ends those under way; from here on none waits. */
  close(): void {
    this.#isClosed = true
    for (const end of this.#running) end()
  }
}
