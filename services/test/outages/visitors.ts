import { setTimeout as delay } from 'node:timers/promises'
import type { PatternName } from '../../http/port.ts'

/** What was asked: of users that were cached before, of users that nobody asked for yet, a `PUT`, a `POST`. */
export type Request = 'cached' | 'cold' | 'update' | 'create'

/** An answer as the table tells it. */
export interface Answer {
  readonly pattern: PatternName
  readonly request: Request
  /** What `Cache-Status` or `Write-Status` says in a word or two, or status and code of a problem. */
  readonly outcome: string
  readonly ms: number
  /** What is wrong with it, whatever the table expects. */
  readonly wrong?: string
}

/** Longer than any deadline of a service. */
const patienceMs = 8_000

/** Asks one service, notes what it answers, and holds what it reads against what was acknowledged to it. */
export class Visitor {
  readonly pattern: PatternName
  readonly answers: Answer[] = []
  readonly #url: string
  #cold = 2_000
  #serial = 0
  /** The last write of `written` that was acknowledged. */
  #floor = 0
  /** Those that may take effect after a later one was acknowledged. */
  readonly #unsure = new Set<number>()

  constructor(pattern: PatternName, url: string) {
    this.pattern = pattern
    this.#url = url
  }

  /** Of users whose entries the cache should have. */
  readCached(index: number): Promise<Answer> {
    return this.#read('cached', cachedFrom + (index % cachedCount))
  }

  /** Of a user that nobody has asked for. */
  readCold(): Promise<Answer> {
    this.#cold -= 1
    return this.#read('cold', this.#cold)
  }

  /** Updates one user, and reads it: older than acknowledged is wrong, unless it is labelled. */
  async update(): Promise<Answer> {
    const serial = this.#next()
    const answer = await this.#ask('update', 'PUT', `/users/${written}`, this.#draft(serial))
    if (answer.status === 200) this.#floor = serial
    if (answer.outcome === '503 WRITE_OUTCOME_UNKNOWN') this.#unsure.add(serial)
    const noted = this.#note(answer)
    await this.#readWritten()
    return noted
  }

  /** Reads the same past an emptied cache: what was acknowledged is in the database. */
  async readRow(): Promise<void> {
    await this.#ask('cached', 'POST', '/admin/cache/clear')
    await this.#readWritten()
  }

  async #readWritten(): Promise<void> {
    const read = await this.#ask('cached', 'GET', `/users/${written}`)
    const shown = Number(/"name":"[a-z-]+ ([0-9]+)"/.exec(read.text)?.[1] ?? 0)
    const mayBeOld = read.outcome.includes('stale') || this.#unsure.has(shown)
    if (read.status !== 200 || shown >= this.#floor || mayBeOld) return
    this.#note({ ...read, wrong: `shows ${shown} after ${this.#floor} (${read.outcome})` })
  }

  async create(): Promise<Answer> {
    return this.#note(await this.#ask('create', 'POST', '/users', this.#draft(this.#next())))
  }

  async stats(): Promise<{ readonly journal: { dirty: number; deadLetters: number } | null }> {
    return JSON.parse((await this.#ask('cached', 'GET', '/stats')).text)
  }

  async #read(request: Request, id: number): Promise<Answer> {
    return this.#note(await this.#ask(request, 'GET', `/users/${id}`))
  }

  async #ask(request: Request, method: string, path: string, body?: object) {
    const startedAt = performance.now()
    const response = await fetch(this.#url + path, {
      method,
      signal: AbortSignal.timeout(patienceMs),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    const { status, headers } = response
    const outcome = outcomeOf(status, headers, text)
    const ms = performance.now() - startedAt
    const isSilent = status === 503 && !(Number(headers.get('retry-after')) >= 1)
    const wrong = isSilent ? { wrong: `${outcome} without Retry-After` } : {}
    return { pattern: this.pattern, request, outcome, ms, status, text, ...wrong }
  }

  #note({ pattern, request, outcome, ms, wrong }: Answer): Answer {
    const answer = { pattern, request, outcome, ms, ...(wrong !== undefined && { wrong }) }
    this.answers.push(answer)
    return answer
  }

  #next(): number {
    this.#serial += 1
    return this.#serial
  }

  #draft(serial: number) {
    return { name: `${this.pattern} ${serial}`, email: `${this.pattern}-${serial}@example.org` }
  }
}

const written = 5
const cachedFrom = 11
const cachedCount = 20

/** Reads at a steady rate, whatever the answers take, and writes one after the other, until the time is over; waits for all answers. */
export async function visit(
  visitor: Visitor,
  { forMs, readsPerSecond }: { readonly forMs: number; readonly readsPerSecond: number },
): Promise<void> {
  const startedAt = performance.now()
  const elapsed = () => performance.now() - startedAt
  const writing = async () => {
    for (; elapsed() < forMs; await delay(100)) await visitor.update()
  }
  const asked: Promise<unknown>[] = [visitor.create(), writing()]
  const everyMs = 1_000 / readsPerSecond
  for (let index = 0; index * everyMs < forMs; index += 1) {
    const waitMs = index * everyMs - elapsed()
    if (waitMs > 0) await delay(waitMs)
    asked.push(index % 4 === 3 ? visitor.readCold() : visitor.readCached(index))
  }
  await Promise.all(asked)
}

function outcomeOf(status: number, headers: Headers, text: string): string {
  const expected = headers.has('location') ? 201 : 200
  if (status === 204) return 'done'
  if (status !== expected) return `${status} ${JSON.parse(text).code}`
  const writeStatus = headers.get('write-status')
  if (writeStatus !== null) return writeStatus
  const cacheStatus = headers.get('cache-status') ?? 'none'
  const kind = /; (hit; ttl=-|hit|fwd=miss|fwd=bypass)/.exec(cacheStatus)?.[1] ?? cacheStatus
  const label = cacheStatus.includes('detail=stale') ? ' stale' : ''
  return `${{ 'hit; ttl=-': 'stale', 'fwd=miss': 'miss', 'fwd=bypass': 'bypass' }[kind] ?? kind}${label}`
}
