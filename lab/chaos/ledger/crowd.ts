import type { Random } from '../../soak/random.ts'

/** How many of each kind there are at first; those that remain are quiet. */
export interface LedgerCrowd {
  readonly hot: number
  readonly tail: number
  readonly awkward: number
}

const hotShare = 0.5
const newShare = 0.15
const goneShare = 0.05
const calmedShare = 0.15
const hotDeletes = 0.1
const youngDeletes = 0.4
/** Of the deleted and of those written once, so many are still read. */
const recent = 64
/** So many new users are deleted or written again; who came before them is left alone. */
const newest = 2_000

/**
 * The users of one phase: a few hot ones, whose writes coalesce; a tail; quiet ones, each written once; new ones, which
 * come and go; and awkward ones, whose writes the database refuses at times: each of them is one client's alone.
 */
export class LedgerUsers {
  readonly #hot: number[]
  readonly #hotOnes: number
  readonly #tail: readonly number[]
  readonly #quiet: number[]
  readonly #awkward: number[]
  readonly #new: number[] = []
  readonly #calmed: number[] = []
  readonly #gone: number[] = []

  constructor(ids: readonly number[], { hot, tail, awkward }: LedgerCrowd) {
    this.#hot = ids.slice(0, hot)
    this.#hotOnes = hot
    this.#tail = ids.slice(hot, hot + tail)
    this.#awkward = ids.slice(hot + tail, hot + tail + awkward)
    this.#quiet = ids.slice(hot + tail + awkward)
  }

  toRead(random: Random): number {
    const draw = random()
    if (draw < goneShare && this.#gone.length > 0) return pick(this.#gone, random)
    if (draw < goneShare + calmedShare && this.#calmed.length > 0) {
      return pick(this.#calmed, random)
    }
    return this.toWrite(random)
  }

  toWrite(random: Random): number {
    const draw = random()
    if (draw < hotShare && this.#hot.length > 0) return pick(this.#hot, random)
    if (draw < hotShare + newShare && this.#new.length > 0) return pick(this.#new, random)
    return pick(this.#tail, random)
  }

  /** Takes a quiet one, which is read from now on; undefined when none is left. */
  toWriteOnce(): number | undefined {
    const id = this.#quiet.pop()
    if (id !== undefined) remember(this.#calmed, id)
    return id
  }

  /** Takes one for good: a hot one, one that came a moment ago, or any new one. */
  toDelete(random: Random): number | undefined {
    const draw = random()
    const isHot = draw < hotDeletes && this.#hot.length > 2
    const from = isHot ? this.#hot : this.#new
    const isYoung = draw < hotDeletes + youngDeletes
    const place = isHot || !isYoung ? Math.floor(random() * from.length) : from.length - 1
    const [id] = from.splice(place, 1)
    if (id !== undefined) remember(this.#gone, id)
    return id
  }

  /** Takes the place of a hot one that is gone; else it is one of the new ones. */
  created(id: number): void {
    if (this.#hot.length < this.#hotOnes) this.#hot.push(id)
    else this.#new.push(id)
    if (this.#new.length > newest) remember(this.#calmed, this.#new.shift() as number)
  }

  /** Nobody else has it, until it is given back; undefined when none is left. */
  borrowAwkward(): number | undefined {
    return this.#awkward.shift()
  }

  giveBack(id: number): void {
    this.#awkward.push(id)
  }
}

function remember(ids: number[], id: number): void {
  ids.push(id)
  if (ids.length > recent) ids.shift()
}

function pick(ids: readonly number[], random: Random): number {
  return ids[Math.floor(random() * ids.length)] as number
}
