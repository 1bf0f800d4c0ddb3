import type { Random } from '../soak/random.ts'

const hotShare = 0.8
const deletedShare = 0.06
const quietShare = 0.12
/** Of each, so many are still read. */
const recent = 16

/** How many of each kind there are. */
export interface Crowd {
  readonly hot: number
  readonly tail: number
}

/**
 * The users of one phase: a few that all clients want at once, a tail, those that are no more, and quiet ones, each
 * written once: what such a write leaves in the cache no later write removes.
 */
export class UsersInPlay {
  readonly #hot: number[]
  readonly #tail: readonly number[]
  readonly #quiet: number[]
  readonly #deleted: number[] = []
  readonly #calmed: number[] = []

  constructor(ids: readonly number[], { hot, tail }: Crowd) {
    this.#hot = ids.slice(0, hot)
    this.#tail = ids.slice(hot, hot + tail)
    this.#quiet = ids.slice(hot + tail)
  }

  toRead(random: Random): number {
    const draw = random()
    if (draw < deletedShare && this.#deleted.length > 0) return pick(this.#deleted, random)
    if (draw < deletedShare + quietShare && this.#calmed.length > 0) {
      return pick(this.#calmed, random)
    }
    return this.toWrite(random)
  }

  /** Takes a quiet one, which is read from now on; undefined when none is left. */
  toWriteOnce(): number | undefined {
    const id = this.#quiet.pop()
    if (id !== undefined) remember(this.#calmed, id)
    return id
  }

  toWrite(random: Random): number {
    if (random() >= hotShare || this.#hot.length === 0) return pick(this.#tail, random)
    // Of four, every second time the first: races need a place to meet.
    return pick(this.#hot, () => random() ** 2)
  }

  /** Takes a hot one, which somebody is about to delete; undefined when few are left. */
  toDelete(random: Random): number | undefined {
    if (this.#hot.length < 2) return undefined
    const [id] = this.#hot.splice(Math.floor(random() * this.#hot.length), 1)
    if (id === undefined) return undefined
    remember(this.#deleted, id)
    return id
  }

  /** A new one is wanted by all. */
  created(id: number): void {
    this.#hot.push(id)
  }
}

function remember(ids: number[], id: number): void {
  ids.push(id)
  if (ids.length > recent) ids.shift()
}

function pick(ids: readonly number[], random: Random): number {
  return ids[Math.floor(random() * ids.length)] as number
}
