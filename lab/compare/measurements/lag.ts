import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange } from '../../load/load-plan.ts'
import { runLoad } from '../../load/run-load.ts'
import { Failure } from '../../replay/failure.ts'
import type { Operation } from '../../workloads/operation.ts'
import type { LagRecord } from '../records.ts'
import type { RunningSubject } from '../subject.ts'

export interface LagOptions {
  readonly round: number
  /** So many users are written, once each, from user 1 on. */
  readonly writes: number
  readonly perSecond: number
  /** A write that the database has not got so long after the last one is a `Failure`. */
  readonly patienceMs: number
}

export const quickLag = { writes: 50, perSecond: 50, patienceMs: 10_000 } as const
export const fullLag = { writes: 200, perSecond: 50, patienceMs: 20_000 } as const

/** The database is asked as often while it lacks a write, and at once when one is acknowledged. */
const pollMs = 5

/**
 * Writes users, and asks the database past the cache which of the acknowledged writes it has. 0: the first question after
 * the acknowledgement found it there. All others are at most `pollMs` and the time of a question too long, never too
 * short. None of a database that only the subject can ask.
 */
export async function measureLag(
  subject: RunningSubject,
  { round, writes, perSecond, patienceMs }: LagOptions,
): Promise<LagRecord[]> {
  if (subject.rows === undefined) return []
  const arrivals = new Arrivals(subject.rows)
  const load = runLoad({
    urls: subject.urls,
    operations: putsOnce(writes),
    pace: { perSecond },
    onExchange: (exchange) => arrivals.answered(exchange),
  })
  const lagsMs = await arrivals.watch(load, patienceMs)
  if (lagsMs.length === writes) return [{ round, lagsMs }]
  const refused = `${writes - lagsMs.length} of ${writes} were not acknowledged`
  throw new Failure(`${subject.name}: expected all writes to be acknowledged, ${refused}`)
}

function* putsOnce(writes: number): IterableIterator<Operation> {
  for (let key = 1; key <= writes; key += 1) yield { kind: 'put', key, bytes: 0 }
}

interface Awaited {
  readonly name: string | undefined
  readonly acknowledgedAt: number
  wasMissing: boolean
}

class Arrivals {
  readonly #rows: NonNullable<RunningSubject['rows']>
  readonly #awaited = new Map<number, Awaited>()
  readonly #lagsMs: number[] = []
  #wakes: () => void = () => undefined

  constructor(rows: NonNullable<RunningSubject['rows']>) {
    this.#rows = rows
  }

  answered({ id, name, status, endedAt }: Exchange): void {
    if (id === undefined || status < 200 || status > 299) return
    this.#awaited.set(id, { name, acknowledgedAt: endedAt, wasMissing: false })
    this.#wakes()
  }

  /** How long each took; rejects when the load does, or when one has not come so long after its end. */
  async watch(load: Promise<unknown>, patienceMs: number): Promise<readonly number[]> {
    let giveUpAt = Number.POSITIVE_INFINITY
    const ends = (ms: number) => () => {
      giveUpAt = performance.now() + ms
      this.#wakes()
    }
    load.then(ends(patienceMs), ends(0))
    while (giveUpAt === Number.POSITIVE_INFINITY || this.#awaited.size > 0) {
      const woken = new Promise<void>((resolve) => {
        this.#wakes = resolve
      })
      if (this.#awaited.size > 0) await this.#look()
      if (performance.now() > giveUpAt) break
      await Promise.race([woken, delay(pollMs)])
    }
    await load
    const [lost] = this.#awaited.keys()
    if (lost === undefined) return this.#lagsMs
    const words = `${this.#awaited.size} acknowledged writes, that of user ${lost} among them`
    throw new Failure(
      `the database has not got ${words}, ${patienceMs / 1_000} s after the last one`,
    )
  }

  async #look(): Promise<void> {
    const asked = [...this.#awaited]
    const rows = await this.#rows(asked.map(([id]) => id))
    const seenAt = performance.now()
    for (const [id, write] of asked) {
      if (rows.get(id)?.name !== write.name) write.wasMissing = true
      else {
        this.#lagsMs.push(write.wasMissing ? seenAt - write.acknowledgedAt : 0)
        this.#awaited.delete(id)
      }
    }
  }
}
