/** What the newest flush weighs. */
const share = 0.2
const leastMs = 1_000
const mostMs = 60_000

/** How fast a journal is emptied: rows a second while there was something to flush, the latest flushes weighing most. */
export class DrainRate {
  #perSecond = 0
  #isStopped = false

  get perSecond(): number {
    return this.#perSecond
  }

  flushed(rows: number, ms: number): void {
    this.#isStopped = false
    const rate = (rows * 1_000) / Math.max(1, ms)
    this.#perSecond = this.#perSecond === 0 ? rate : this.#perSecond * (1 - share) + rate * share
  }

  /** Nothing is flushed at all now. */
  stopped(): void {
    this.#perSecond = 0
    this.#isStopped = true
  }

  /** How long until so many rows are flushed: 1 s at least, a minute at most, and while nothing is flushed. */
  msFor(rows: number): number {
    if (this.#perSecond === 0) return this.#isStopped ? mostMs : leastMs
    const ms = Math.round((rows * 1_000) / this.#perSecond)
    return Math.min(mostMs, Math.max(leastMs, ms))
  }
}
