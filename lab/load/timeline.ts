import { LatencyRecorder } from './latency-recorder.ts'
import type { Exchange } from './load-plan.ts'

/** What ended within a second. */
export interface Second {
  /** When it begins, since the load began. */
  readonly atMs: number
  /** The last one ends with the load. */
  readonly isWhole: boolean
  readonly requests: number
  readonly errors: number
  readonly hitRatio: number | undefined
  /** Of what was no error; undefined: nothing. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

const secondMs = 1_000

/** Counts exchanges by the second in which they ended. */
export class Timeline {
  readonly #onSecond: (second: Second) => void
  readonly #startedAt = performance.now()
  readonly #seconds: Second[] = []
  #current = newSecond()

  /** `onSecond` is told of each when it is over. */
  constructor(onSecond: (second: Second) => void) {
    this.#onSecond = onSecond
  }

  /** Of exchanges in the order of their ends. */
  count({ endedAt, dueAt, error, outcome }: Exchange): void {
    this.#endSecondsBefore(endedAt)
    this.#current.requests += 1
    if (error !== undefined) this.#current.errors += 1
    else this.#current.latencies.record(endedAt - dueAt)
    if (outcome === undefined) return
    this.#current.reads += 1
    if (outcome === 'hit' || outcome === 'negative') this.#current.hits += 1
  }

  /** All of them up to now. */
  end(): readonly Second[] {
    this.#endSecondsBefore(performance.now())
    if (this.#current.requests > 0) this.#endSecond(false)
    return this.#seconds
  }

  #endSecondsBefore(at: number): void {
    while (at - this.#startedAt >= (this.#seconds.length + 1) * secondMs) this.#endSecond(true)
  }

  #endSecond(isWhole: boolean): void {
    const { requests, errors, reads, hits, latencies } = this.#current
    const isTimed = requests > errors
    const second: Second = {
      atMs: this.#seconds.length * secondMs,
      isWhole,
      requests,
      errors,
      hitRatio: reads === 0 ? undefined : hits / reads,
      p50Ms: isTimed ? latencies.at(50) : undefined,
      p99Ms: isTimed ? latencies.at(99) : undefined,
    }
    this.#seconds.push(second)
    this.#current = newSecond()
    this.#onSecond(second)
  }
}

function newSecond() {
  return { requests: 0, errors: 0, reads: 0, hits: 0, latencies: new LatencyRecorder() }
}
