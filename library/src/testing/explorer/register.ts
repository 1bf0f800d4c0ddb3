import type { ReadAnswer, WriteAnswer } from './scenario.ts'
import type { Commit } from './table.ts'

/** What an answer must not be older than, as places in the order of commits. */
export interface Floors {
  /** The last write that was confirmed. */
  readonly confirmed: number
  /** That, every other write that was acknowledged, and whatever a read returned. */
  readonly seen: number
}

/** What was promised, and broken. */
export interface Breach {
  readonly reason: 'older-than-confirmed' | 'not-linearizable' | 'value-mismatch'
  readonly message: string
}

/**
 * Checks answers the moment they are given, against the order of commits, which the table knows: the same rules as
 * those of a history checked afterwards, with a state that is small enough to be compared.
 */
export class Register {
  readonly #commits: readonly Commit[]
  floors: Floors = { confirmed: 0, seen: 0 }

  constructor(commits: readonly Commit[]) {
    this.#commits = commits
  }

  /** A read that began when these were the floors was answered. */
  read(since: Floors, answer: ReadAnswer): Breach | undefined {
    if (answer.isStale === true) return undefined
    const { row, version = 0 } = answer
    const at = row === undefined ? this.#absentFrom(since.seen) : this.#placeOf(row.by)
    const said = row === undefined ? 'absent' : `${row.by} (version ${version})`
    if (row !== undefined) {
      const { version: written } = this.#commits[at] ?? {}
      if (written === undefined || (version !== 0 && version !== written)) {
        const of = written === undefined ? 'nobody wrote it' : `it was written at ${written}`
        return { reason: 'value-mismatch', message: `returned ${said}: ${of}` }
      }
    }
    const bound = row === undefined ? this.#absentFrom(since.confirmed) : at
    if (bound < since.confirmed) return this.#older('confirmed', said, since.confirmed)
    if (at < since.seen) return this.#older('seen', said, since.seen)
    this.#raise('seen', at)
    return undefined
  }

  /** A write was acknowledged; `by` is what it stored, `null` for a delete. */
  write(by: string | null, { status, version = 0 }: WriteAnswer): void {
    if (status === 'nothing') return
    const at = by === null ? this.#deleteOf(version) : this.#placeOf(by)
    if (status === 'confirmed') this.#raise('confirmed', at)
    this.#raise('seen', at)
  }

  /** The place of the write that stored this row; -1 when it was not committed. */
  #placeOf(by: string): number {
    return this.#commits.findLastIndex((commit) => commit.by === by)
  }

  #deleteOf(version: number): number {
    return this.#commits.findIndex((commit) => commit.by === null && commit.version === version)
  }

  /** The first place from this one on at which there was no row; -1: nowhere. */
  #absentFrom(floor: number): number {
    return this.#commits.findIndex(({ by }, at) => by === null && at >= floor)
  }

  #raise(name: keyof Floors, at: number): void {
    if (at > this.floors[name]) this.floors = { ...this.floors, [name]: at }
  }

  #older(name: keyof Floors, said: string, floor: number): Breach {
    const { by, version } = this.#commits[floor] as Commit
    const newer = `${by ?? 'the delete'} (version ${version})`
    return name === 'confirmed'
      ? {
          reason: 'older-than-confirmed',
          message: `returned ${said}, though ${newer} was confirmed before it began`,
        }
      : {
          reason: 'not-linearizable',
          message: `returned ${said}, though ${newer} was acknowledged or read before it began`,
        }
  }
}
