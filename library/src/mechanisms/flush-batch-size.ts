/** A batch that takes less may grow; one that takes four times as much is too large. */
const aimMs = 100
const least = 200

/** How many rows a flush has: from 200 on, as many as the database takes in about a tenth of a second. */
export class FlushBatchSize {
  readonly #most: number
  #rows: number

  constructor(most: number) {
    this.#most = most
    this.#rows = Math.min(most, 500)
  }

  get rows(): number {
    return this.#rows
  }

  /** A batch of so many rows was written in so many milliseconds. */
  wrote(rows: number, ms: number): void {
    if (ms > 4 * aimMs) this.#rows = Math.max(Math.min(least, this.#most), this.#rows >> 1)
    // a small batch says little of a large one
    else if (ms < aimMs && rows >= this.#rows) {
      this.#rows = Math.min(this.#most, Math.ceil(this.#rows * 1.25))
    }
  }

  /** A database that has failed is asked with few. */
  failed(): void {
    this.#rows = Math.min(least, this.#most)
  }
}
