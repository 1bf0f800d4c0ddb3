import type { Clock } from '../../contract/clock.ts'

const staleAfterMs = 60_000

/**
 * How far the server's clock is from this process's, as bounds: an answer was written somewhere
 * between question and receipt. What is translated uses the lower one, so that a deadline comes too
 * early by at most one round trip, and never too late.
 */
export class ServerClock {
  readonly #clock: Clock
  #lowMs = 0
  #highMs = 0
  #takenAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** No measurement, or none that this process's clock still agrees with in age. */
  get isStale(): boolean {
    const ageMs = this.#clock.now() - this.#takenAt
    return ageMs < 0 || ageMs > staleAfterMs
  }

  /** An instant of this process's clock, on the server's. */
  toServerTime(instant: number): number {
    return instant + this.#lowMs
  }

  /** Keeps the narrowest bounds, but newer ones where the two exclude each other: a clock was set. */
  learn(askedAt: number, serverTime: number, answeredAt: number): void {
    // The clock counts whole milliseconds.
    const lowMs = serverTime - answeredAt - 1
    const highMs = serverTime - askedAt
    const isNarrower = highMs - lowMs <= this.#highMs - this.#lowMs
    const isElsewhere = lowMs > this.#highMs || highMs < this.#lowMs
    if (!this.isStale && !isNarrower && !isElsewhere) return
    this.#lowMs = lowMs
    this.#highMs = highMs
    this.#takenAt = answeredAt
  }
}
