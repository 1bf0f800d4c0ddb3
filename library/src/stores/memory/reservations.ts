import type { Reservation, ReserveTerms } from '../../contract/journal.ts'

interface Held {
  readonly holder: string
  readonly stamp: number
  readonly until: number
}

/** So many calls apart, those that are over are forgotten. */
const sweepEvery = 1_000

/** Claims on unique values, each for a while. */
export class Reservations {
  readonly #held = new Map<string, Held>()
  #calls = 0
  #lastStamp = 0

  /** Of all that were given out. */
  get lastStamp(): number {
    return this.#lastStamp
  }

  /** What `reserve` would do: `held` has what is to be kept then. */
  ask(value: string, holder: string, terms: ReserveTerms & { readonly now: number }) {
    const { now, ttlMs, isRenewal = false } = terms
    if (++this.#calls % sweepEvery === 0) this.#sweep(now)
    const other = this.#held.get(value)
    const isTaken = other !== undefined && other.until > now
    if (isTaken && other.holder !== holder) {
      return { outcome: 'taken', holder: other.holder } satisfies Reservation
    }
    const until = now + ttlMs
    if (isTaken && isRenewal) return { outcome: 'held', stamp: other.stamp, until } as const
    const stamp = Math.max(Math.floor(now * 1000), this.#lastStamp + 1)
    this.#lastStamp = stamp
    return { outcome: 'held', stamp, until } as const
  }

  restore(value: string, held: Held): void {
    this.#held.set(value, held)
    this.#lastStamp = Math.max(this.#lastStamp, held.stamp)
  }

  /** Whether `holder` still has it, and did not claim it again after `stamp`. */
  isHeld(value: string, holder: string, stamp: number): boolean {
    const held = this.#held.get(value)
    return held !== undefined && held.holder === holder && held.stamp <= stamp
  }

  delete(value: string): void {
    this.#held.delete(value)
  }

  #sweep(now: number): void {
    for (const [value, { until }] of this.#held) if (until <= now) this.#held.delete(value)
  }
}
