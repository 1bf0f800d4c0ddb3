import type { Exchange } from '../soak/exchange.ts'
import { Life, type LifeOptions } from './life.ts'

/** What a journal counted, from `/stats`. */
export interface JournalFigures {
  readonly flushed: number
  readonly coalesced: number
  readonly retries: number
  readonly fenced: number
  readonly restamped: number
  readonly lost: number
}

/** Of what a process said before it ended: the error, and where it came from. */
const shownCharacters = 2_000

/** One place among the processes of a service: whoever dies there has a successor that waits. */
export class Member {
  readonly name: string
  kills = 0
  /** Processes that ended, and nobody had killed them: what they said. */
  readonly crashes: string[] = []
  readonly #options: LifeOptions
  #life: Life
  #deathsToCome = 0
  #successor: Promise<Life> | undefined
  #isReplaceable = false
  readonly #past: Life[] = []

  private constructor(name: string, options: LifeOptions, life: Life) {
    this.name = name
    this.#options = options
    this.#life = life
  }

  static async start(name: string, options: LifeOptions): Promise<Member> {
    return new Member(name, options, await Life.start(options))
  }

  /** The sums of all processes that these places have seen. `lost` is of the journal, which they share. */
  static journalOf(members: readonly Member[]): JournalFigures {
    const lives = members.flatMap((member) => [...member.#past, member.#life])
    const sum = (name: keyof JournalFigures) =>
      lives.reduce((total, { journal }) => total + (journal[name] ?? 0), 0)
    return {
      ...{ flushed: sum('flushed'), coalesced: sum('coalesced'), retries: sum('retries') },
      ...{ fenced: sum('fenced'), restamped: sum('restamped') },
      lost: Math.max(0, ...lives.map(({ journal }) => journal.lost ?? 0)),
    }
  }

  get life(): Life {
    return this.#life
  }

  get exchange(): Exchange {
    return this.#life.exchange
  }

  get marksLost(): number {
    return [...this.#past, this.#life].reduce((sum, { marksLost }) => sum + marksLost, 0)
  }

  get relayLagMs(): number {
    return Math.max(...[...this.#past, this.#life].map(({ relayLagMs }) => relayLagMs))
  }

  /** A successor is there. */
  get isReplaceable(): boolean {
    return this.#isReplaceable
  }

  /** So many kills are planned: a successor is made ready for each in time. */
  expectDeaths(count: number): void {
    this.#deathsToCome = count
    if (count > 0) this.#successor ??= this.#prepare()
  }

  /** Resolves when a successor is there. */
  async becomesReplaceable(): Promise<void> {
    await this.#successor
  }

  /** Kills the process, if that has not been done; its successor takes its place. */
  async replace(): Promise<void> {
    const life = this.#life
    this.#life = (await this.#successor) ?? (await Life.start(this.#options))
    this.kills += 1
    this.#past.push(life)
    await life.end()
    this.#successor = undefined
    this.#isReplaceable = false
    this.expectDeaths(this.#deathsToCome - 1)
  }

  noteCrash(): void {
    if (!this.#life.hasEnded) return
    this.crashes.push(
      `${this.name} ended by itself: ${this.#life.output().slice(-shownCharacters)}`,
    )
  }

  /** Ends all, at once. */
  async stop(): Promise<void> {
    const successor = await this.#successor?.catch(() => undefined)
    await Promise.all([this.#life.end(), successor?.end()])
  }

  #prepare(): Promise<Life> {
    const successor = Life.start(this.#options)
    const isThere = () => {
      this.#isReplaceable = true
    }
    // Whoever needs it hears why it is not.
    successor.then(isThere, isThere)
    return successor
  }
}
