import { type Random, seededRandom, shuffledIds } from '../../soak/random.ts'
import type { Operation } from '../../workloads/operation.ts'

export interface OutageOperationsOptions {
  readonly seed: number
  readonly round: number
  readonly perSecond: number
  readonly forMs: number
  readonly warm: number
}

type Draw = 'warm' | 'cold' | 'put'

const block: readonly Draw[] = [
  ...Array.from({ length: 15 }, () => 'warm' as const),
  ...Array.from({ length: 4 }, () => 'put' as const),
  'cold',
]
const outages = 2

/** Of each 20 requests in a row 15 are reads of warm users, 4 updates of some, and one a read of a user not asked for before. */
export class OutageOperations {
  /** Users that it asks for, and one more, the last, that it leaves alone. */
  readonly users: number
  readonly #warm: number
  readonly #random: Random
  /** No update meets another of the same user, which would make it wait. */
  readonly #written: Uint32Array
  #puts = 0
  #lastCold: number

  constructor({ seed, round, perSecond, forMs, warm }: OutageOperationsOptions) {
    const blocks = Math.ceil((perSecond * forMs) / 1_000 / block.length) + 1
    this.users = warm + outages * blocks + 1
    this.#warm = warm
    this.#random = seededRandom(seed, round)
    this.#written = shuffledIds(warm, this.#random)
    this.#lastCold = warm
  }

  /** Reads each warm user once. */
  *warming(): IterableIterator<Operation> {
    for (let key = 1; key <= this.#warm; key += 1) yield { kind: 'get', key, bytes: 0 }
  }

  /** Those of the next outage, without end. */
  *duringOutage(): IterableIterator<Operation> {
    for (;;) {
      for (const draw of this.#shuffled()) yield this.#operation(draw)
    }
  }

  #shuffled(): readonly Draw[] {
    return [...shuffledIds(block.length, this.#random)].map((place) => block[place - 1] as Draw)
  }

  #operation(draw: Draw): Operation {
    switch (draw) {
      case 'warm': {
        const key = 1 + Math.floor(this.#random() * this.#warm)
        return { kind: 'get', key, bytes: 0 }
      }
      case 'put': {
        const key = this.#written[this.#puts % this.#warm] as number
        this.#puts += 1
        return { kind: 'put', key, bytes: 0 }
      }
      case 'cold':
        this.#lastCold += 1
        return { kind: 'get', key: this.#lastCold, bytes: 0 }
    }
  }
}
