import type { Clock } from '../contract/clock.ts'

/** A timer that is this late says that the process was busy, not that nobody answered. */
const lateMs = 10

/** A call under way. */
interface Waiting {
  readonly endsAt: number
  /** Absent once the call was answered. */
  onTimeout: (() => void) | undefined
}

/**
 * Deadlines of one length. They end in the order in which they began, so that one timer serves all:
 * one of its own would cost a call about a microsecond.
 */
export class Deadlines {
  readonly #ms: number
  readonly #clock: Clock
  /** In the order of their ends; those before `#head` are over. */
  #waiting: Waiting[] = []
  #head = 0
  #cancelTimer: (() => void) | undefined

  constructor(ms: number, clock: Clock) {
    this.#ms = ms
    this.#clock = clock
  }

  /** Calls `onTimeout` after the time, unless `end` is called before. */
  begin(onTimeout: () => void): Waiting {
    const waiting = { endsAt: this.#clock.now() + this.#ms, onTimeout }
    this.#waiting.push(waiting)
    if (this.#cancelTimer === undefined) this.#arm(waiting, this.#ms)
    return waiting
  }

  /** False when the time was over before. */
  end(waiting: Waiting): boolean {
    if (waiting.onTimeout === undefined) return false
    waiting.onTimeout = undefined
    this.#skipAnswered()
    return true
  }

  #arm(first: Waiting, ms: number): void {
    this.#cancelTimer = this.#clock.after(ms, () => this.#look(first.endsAt))
  }

  /** What has arrived while the process was busy is read before anything is called over. */
  #look(endsAt: number): void {
    const isLate = this.#clock.now() > endsAt + lateMs
    if (isLate) this.#cancelTimer = this.#clock.after(1, () => this.#expire(endsAt))
    else this.#expire(endsAt)
  }

  /** The timer has waited for `endsAt`, whatever the clock says by now. */
  #expire(endsAt: number): void {
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      if (first.endsAt > endsAt && first.endsAt > now) {
        this.#arm(first, Math.min(this.#ms, first.endsAt - now))
        return
      }
      const { onTimeout } = first
      first.onTimeout = undefined
      this.#skipAnswered()
      onTimeout?.()
    }
  }

  #first(): Waiting | undefined {
    return this.#waiting[this.#head]
  }

  #skipAnswered(): void {
    for (let first = this.#first(); first?.onTimeout === undefined; first = this.#first()) {
      if (first === undefined) break
      this.#head += 1
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting.length = 0
      this.#head = 0
      this.#cancelTimer?.()
      this.#cancelTimer = undefined
    } else if (this.#head > 1_000) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }
}
