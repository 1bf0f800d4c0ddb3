/** How long calls are counted together. */
const windowMs = 1_000
/** Fewer say little: a pause of this process makes all that are under way slow at once. */
const minCalls = 20

/**
 * Tells a server that answers, but slowly, from one that is well: over a second or more, at least 20
 * calls of which more than half were slow. The slow-call rate of resilience4j's circuit breaker,
 * with windows that follow each other instead of a sliding one, so that a call costs two additions.
 */
export class Pace {
  #calls = 0
  #slow = 0
  #endsAt = 0

  /** Counts a call that was answered at `nowMs`. True when the calls of a window were too slow. */
  isTooSlow(isSlow: boolean, nowMs: number): boolean {
    this.#calls += 1
    if (isSlow) this.#slow += 1
    if (nowMs < this.#endsAt) return false
    const isTooSlow = this.#calls >= minCalls && this.#slow * 2 > this.#calls
    this.#calls = 0
    this.#slow = 0
    this.#endsAt = nowMs + windowMs
    return isTooSlow
  }
}
