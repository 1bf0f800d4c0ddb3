import type { Clock } from '../contract/clock.ts'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward. Timers that fall due run in the order of their instants (then of their
   * creation), each at its own instant; before the first and after each one, everything that can
   * run without time passing does (see `settle`). Rejects with what a timer's callback throws.
   */
  advance(ms: number): Promise<void>
  /** Moves time, forward or back, without running any timer: a process that was frozen, or a clock that was set. */
  jump(ms: number): void
  /** How many timers wait. */
  pending(): number
}

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock for tests. Starts at `startAt` (epoch milliseconds), by default 2025-01-01. */
export function manualClock(startAt: number = Date.UTC(2025, 0, 1)): ManualClock {
  let now = startAt
  // Insertion order breaks ties: timers of one instant run in the order of their creation.
  const timers = new Set<Timer>()

  function earliest(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }

  return {
    now: () => now,
    after(delayMs, callback) {
      const timer = { at: now + Math.max(0, delayMs), callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const until = now + ms
      await settle()
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) {
        timers.delete(timer)
        now = Math.max(now, timer.at)
        timer.callback()
        await settle()
      }
      now = until
    },
    jump(ms) {
      now += ms
    },
    pending: () => timers.size,
  }
}

/**
 * Resolves when every promise reaction that could run has run: one turn of the event loop, in
 * which the queue of microtasks runs dry. Real I/O is not waited for.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
