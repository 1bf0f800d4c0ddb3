import type { Ownership } from '../../../contract/journal.ts'
import { msText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import {
  disownScript,
  joinScript,
  leaveScript,
  loseScript,
  nextDueScript,
  ownScript,
} from './owning-scripts.ts'
import { runEach } from './partition-calls.ts'
import type { Partition, Partitions } from './partitions.ts'

interface OwnersParts {
  readonly partitions: Partitions
  readonly token: string
  readonly ownerMs: number
}

/** What is known of a partition that is mine. */
interface Mine {
  /** Keys that were dirty when it was looked at last, less those that were finished since. */
  dirty: number
  /** What tells its keys from those of another life. */
  alive: string
}

/** A process says so often that it flushes, before it is forgotten. */
const joinsPerOwnership = 5

/**
 * Which partitions this process flushes. Each process takes what is due and nobody's, up to its share of all, by the
 * number of those that flush; what it has beyond its share it gives up.
 */
export class Owners {
  readonly #runner: ScriptRunner
  readonly #parts: OwnersParts
  readonly #mine = new Map<number, Mine>()
  /** Of the owner, as scripts take them. */
  readonly args: readonly [token: string, ownerMs: string]
  #share: number
  #joinedAt = Number.NEGATIVE_INFINITY
  #lost = 0

  constructor(runner: ScriptRunner, parts: OwnersParts) {
    this.#runner = runner
    this.#parts = parts
    this.#share = parts.partitions.all.length
    this.args = [parts.token, msText(parts.ownerMs)]
  }

  async own(dueBy: number): Promise<Ownership> {
    await this.#join()
    const { all } = this.#parts.partitions
    const mayTake = this.#mine.size < this.#share ? '1' : '0'
    const args = [...this.args, msText(dueBy), mayTake]
    const replies = await runEach(this.#runner, all, ({ owner, dirty, alive, hurry }) => {
      return [ownScript, [owner, dirty, alive, hurry], args]
    })
    const taken: number[] = []
    for (const [index, reply] of (replies as readonly OwnReply[]).entries()) {
      if (await this.#learn(all[index] as Partition, reply)) taken.push(index)
    }
    await this.#giveBack()
    const lost = this.#lost
    this.#lost = 0
    const isMine = (partition: number) => this.#mine.has(partition)
    const ownership = { held: [...this.#mine.keys()], taken: taken.filter(isMine) }
    return lost > 0 ? { ...ownership, lost } : ownership
  }

  async nextDueAt(): Promise<number | undefined> {
    const { all } = this.#parts.partitions
    const firsts = await runEach(this.#runner, all, ({ dirty, owner }) => {
      return [nextDueScript, [dirty, owner], [this.#parts.token]]
    })
    const dueAts = firsts.filter((first) => first !== null).map(Number)
    return dueAts.length === 0 ? undefined : Math.min(...dueAts)
  }

  async release(partitions?: readonly number[]): Promise<void> {
    const { all, members } = this.#parts.partitions
    const some = partitions === undefined ? all : all.filter((p) => partitions.includes(p.number))
    for (const { number } of some) this.#mine.delete(number)
    await runEach(this.#runner, some, ({ owner }) => [disownScript, [owner], [this.#parts.token]])
    if (partitions !== undefined) return
    this.#joinedAt = Number.NEGATIVE_INFINITY
    await this.#runner.run(leaveScript, [members], [this.#parts.token])
  }

  /** So many keys are dirty no more. */
  finished({ number }: Partition, keys: number): void {
    const mine = this.#mine.get(number)
    if (mine !== undefined) mine.dirty = Math.max(0, mine.dirty - keys)
  }

  /** So many were gone. */
  found(partition: Partition, lost: number): void {
    this.#lost += lost
    this.finished(partition, lost)
  }

  /** Whether it was taken now. */
  async #learn(partition: Partition, [state, dirty, alive]: OwnReply): Promise<boolean> {
    const { number } = partition
    const known = this.#mine.get(number)
    if (state === 0) this.#mine.delete(number)
    else this.#mine.set(number, { dirty, alive })
    // values and index are gone together, and may have begun anew
    if (known !== undefined && known.dirty > 0 && known.alive !== alive) {
      this.#lost += known.dirty
      await this.#runner.run(loseScript, [partition.lost], [String(known.dirty)])
    }
    return state === 2 || (state === 1 && known === undefined)
  }

  /** What goes beyond the share, the latest taken first. */
  async #giveBack(): Promise<void> {
    const surplus = [...this.#mine.keys()].slice(this.#share)
    if (surplus.length > 0) await this.release(surplus)
  }

  async #join(): Promise<void> {
    const now = this.#runner.now()
    const { partitions, ownerMs, token } = this.#parts
    if (now - this.#joinedAt < ownerMs / joinsPerOwnership) return
    const args = [token, msText(ownerMs)]
    const members = Number(await this.#runner.run(joinScript, [partitions.members], args))
    this.#joinedAt = now
    this.#share = Math.ceil(partitions.all.length / Math.max(1, members))
  }
}

type OwnReply = readonly [state: 0 | 1 | 2, dirty: number, alive: string]
