import { setTimeout as delay } from 'node:timers/promises'
import { readOf, writeOf } from '../../chaos/record.ts'
import { type Exchange, exchange, type Incoming, type Outgoing } from '../../soak/exchange.ts'
import { type Random, seededRandom } from '../../soak/random.ts'
import type { RiskedUser } from './risked-user.ts'

export interface KillTrafficOptions {
  readonly urls: readonly string[]
  /** Written until the kill. */
  readonly atRisk: readonly RiskedUser[]
  /** Written from then on: another write would hide what became of those at risk. */
  readonly spare: readonly RiskedUser[]
  readonly clients: number
  readonly seeds: readonly number[]
}

/** Reads that were sent after the kill, and are not labelled stale. */
export interface ReadsAfter {
  count: number
  stale: number
  /** When the last stale one was answered; undefined: there was none. */
  lastStaleAt: number | undefined
  readonly examples: string[]
}

const patienceMs = 5_000
/** Nobody needs more of it when the process is dead; the others are to get their work done. */
const pauseAfterMs = 25
/** Of clients that found nobody listening. */
const pauseMs = 20
const readers = 8
const keptExamples = 5

/**
 * Clients that read a user and write it, each its own ones: no read races with a write, so that what is stale after the
 * kill is the kill's doing. From the kill on readers ask for those at risk, every other time for one whose write was not
 * answered.
 */
export class KillTraffic {
  readonly after: ReadsAfter = { count: 0, stale: 0, lastStaleAt: undefined, examples: [] }
  readonly #options: KillTrafficOptions
  readonly #exchanges: readonly Exchange[]
  readonly #ended: Promise<unknown>[] = []
  #struckAt: number | undefined
  #isOver = false

  constructor(options: KillTrafficOptions) {
    this.#options = options
    const connections = options.clients + readers
    this.#exchanges = options.urls.map((url) => exchange(url, connections, patienceMs))
    for (let client = 0; client < options.clients; client += 1) {
      this.#ended.push(this.#write(client))
    }
  }

  /** The process is dead since then: readers begin, and clients turn to the spare users. */
  struck(at: number): void {
    this.#struckAt = at
    for (let reader = 0; reader < readers; reader += 1) this.#ended.push(this.#watch(reader))
  }

  /** Ends it; resolves when every request has. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#ended)
    for (const each of this.#exchanges) each.close()
  }

  async #write(client: number): Promise<void> {
    const { atRisk, spare, clients, seeds } = this.#options
    const random = seededRandom(...seeds, client)
    const own = (users: readonly RiskedUser[]) => users.filter(({ id }) => id % clients === client)
    const users = { before: own(atRisk), after: own(spare) }
    for (let turn = 0; !this.#isOver; turn += 1) {
      const isAfter = this.#struckAt !== undefined
      const free = (isAfter ? users.after : users.before).filter(({ isUnsure }) => !isUnsure)
      const user = free[turn % free.length]
      if (user === undefined) await delay(pauseMs)
      else await this.#readAndWrite(user, random)
      if (isAfter) await delay(pauseAfterMs)
    }
  }

  async #readAndWrite(user: RiskedUser, random: Random): Promise<void> {
    await this.#read(user, random)
    const draft = user.begin()
    const outgoing = { method: 'PUT', path: `/users/${user.id}`, body: draft } as const
    const { answer, sent, wasRefused } = await this.#ask(outgoing, random)
    const write = wasRefused ? undefined : writeOf(sent, draft.name, answer)
    if (write === undefined) user.ended('refused')
    else user.ended(write.outcome === 'unknown' ? 'unknown' : 'acknowledged')
  }

  async #watch(reader: number): Promise<void> {
    const { atRisk, seeds } = this.#options
    const random = seededRandom(...seeds, -1 - reader)
    for (let turn = reader; !this.#isOver; turn += 1) {
      const resting = atRisk.filter(({ isUnderWay }) => !isUnderWay)
      const unsure = resting.filter(({ isUnsure }) => isUnsure)
      const from = turn % 2 === 0 && unsure.length > 0 ? unsure : resting
      const user = from[Math.floor(random() * from.length)]
      if (user !== undefined) await this.#read(user, random)
      await delay(pauseAfterMs)
    }
  }

  async #read(user: RiskedUser, random: Random): Promise<void> {
    const floor = user.floor
    const { answer, sent } = await this.#ask({ method: 'GET', path: `/users/${user.id}` }, random)
    const read = answer && readOf(sent, answer)
    const struckAt = this.#struckAt
    if (read === undefined || read.isStale) return
    if (struckAt === undefined || sent.startedAt < struckAt) return
    this.after.count += 1
    const wrong = user.staleness(read.value, floor)
    if (wrong === undefined) return
    this.after.stale += 1
    this.after.lastStaleAt = Math.max(this.after.lastStaleAt ?? 0, sent.endedAt)
    if (this.after.examples.length === keptExamples) return
    const ms = Math.round(sent.endedAt - struckAt)
    this.after.examples.push(`${wrong}, ${ms} ms after the kill (${read.said})`)
  }

  async #ask(outgoing: Outgoing, random: Random) {
    const index = Math.floor(random() * this.#exchanges.length)
    const startedAt = performance.now()
    const sent = () => {
      const by = this.#options.urls[index] as string
      return { key: outgoing.path, by, startedAt, endedAt: performance.now() }
    }
    try {
      const answer: Incoming | undefined = await this.#exchanges[index]?.send(outgoing)
      return { sent: sent(), answer, wasRefused: false }
    } catch (error) {
      const failed = sent()
      await delay(pauseMs)
      const wasRefused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
      return { sent: failed, answer: undefined, wasRefused }
    }
  }
}
