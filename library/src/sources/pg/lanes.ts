import type { Clock } from '../../contract/clock.ts'
import { CacheError } from '../../contract/errors.ts'

/** What a connection is wanted for. */
export type Lane = 'read' | 'write'

/**
 * Who may have a connection of a pool: at most `max` at once, and neither lane may take the last
 * quarter, which is the other's. So a burst of loads never keeps a write waiting, nor the reverse.
 */
export class Lanes {
  readonly #max: number
  readonly #limit: number
  readonly #busy = { read: 0, write: 0 }
  readonly #waiting: Record<Lane, (() => void)[]> = { read: [], write: [] }

  constructor(max: number) {
    this.#max = max
    this.#limit = max - Math.max(1, Math.floor(max / 4))
  }

  /** First come first served. Nothing to await when there is room; rejects after `waitMs`. Each entry is left once. */
  enter(lane: Lane, waitMs: number, clock: Clock): Promise<void> | undefined {
    const waiting = this.#waiting[lane]
    if (waiting.length === 0 && this.#hasRoom(lane)) {
      this.#busy[lane]++
      return undefined
    }
    return new Promise<void>((resolve, reject) => {
      const turn = () => {
        cancel()
        resolve()
      }
      const cancel = clock.after(waitMs, () => {
        waiting.splice(waiting.indexOf(turn), 1)
        reject(noneFree(lane, waitMs))
      })
      waiting.push(turn)
    })
  }

  leave(lane: Lane): void {
    this.#busy[lane]--
    // The lane that has less goes first: when the pool is full, each gets its half in the end.
    const order: Lane[] = this.#busy.read < this.#busy.write ? ['read', 'write'] : ['write', 'read']
    const next = order.find((each) => this.#waiting[each].length > 0 && this.#hasRoom(each))
    if (next === undefined) return
    this.#busy[next]++
    this.#waiting[next].shift()?.()
  }

  #hasRoom(lane: Lane): boolean {
    return this.#busy[lane] < this.#limit && this.#busy.read + this.#busy.write < this.#max
  }
}

function noneFree(lane: Lane, waitMs: number): CacheError {
  const told = `no connection of the pool was free within ${waitMs} ms`
  return lane === 'read'
    ? new CacheError('LOAD_OVERLOADED', told)
    : new CacheError('WRITE_TIMEOUT', `${told}: nothing was written`)
}
