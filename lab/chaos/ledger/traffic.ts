import { setTimeout as delay } from 'node:timers/promises'
import type { Outgoing } from '../../soak/exchange.ts'
import type { Random } from '../../soak/random.ts'
import { type Asked, askMember } from '../ask.ts'
import { createdId, draft, type Log, noteWrite } from '../log.ts'
import type { Member } from '../member.ts'
import { type RecordedRead, type RecordedWrite, readOf, writeOf } from '../record.ts'
import type { LedgerUsers } from './crowd.ts'

/** What the clients of a phase saw, as a ledger needs it. */
export interface LedgerLog extends Log {
  /** Values of creates that were not answered. */
  readonly unknownCreates: Set<string>
  /** Writes of awkward users that the database takes, and a read right after each: registers of their own, written once. */
  readonly echoes: (RecordedRead | RecordedWrite)[]
}

export interface LedgerClient {
  readonly choice: MemberChoice
  readonly users: LedgerUsers
  readonly log: LedgerLog
  readonly random: Random
  /** What all clients leave alone for a while, since it was refused. */
  readonly rests: Rests
  /** The email of a user that the database alone knows. */
  readonly takenEmail: (id: number) => string
}

/** Of all requests. The rest are reads. */
const shares = { create: 0.095, delete: 0.09, quiet: 0.04, awkward: 0.012, update: 0.43 }
const badShare = 0.6
const restMs = 500

/** Sends one request after the other, until it is over. */
export async function runLedgerClient(client: LedgerClient, isOver: () => boolean): Promise<void> {
  const { random, users, rests } = client
  while (!isOver()) {
    let draw = random()
    const isDrawn = (share: number) => {
      draw -= share
      return draw < 0
    }
    if (isDrawn(shares.create)) await rests.unlessResting('create', () => create(client))
    else if (isDrawn(shares.delete)) await remove(client)
    else if (isDrawn(shares.quiet)) await rests.unlessResting('load', () => writeOnce(client))
    else if (isDrawn(shares.awkward)) await rests.unlessResting('load', () => writeAwkward(client))
    else if (isDrawn(shares.update)) await update(client, users.toWrite(random))
    else await read(client, users.toRead(random))
  }
}

/** Whom to ask: a process that did not answer is left alone for a moment, as a balancer does. */
export class MemberChoice {
  readonly #members: readonly Member[]
  readonly #restsUntil: number[]

  constructor(members: readonly Member[]) {
    this.#members = members
    this.#restsUntil = members.map(() => 0)
  }

  pick(random: Random): number {
    const now = performance.now()
    const awake = this.#restsUntil.flatMap((until, index) => (until <= now ? [index] : []))
    const from = awake.length > 0 ? awake : [...this.#members.keys()]
    return from[Math.floor(random() * from.length)] as number
  }

  member(index: number): Member {
    return this.#members[index] as Member
  }

  hasFailed(index: number): void {
    this.#restsUntil[index] = performance.now() + restMs
  }
}

/** Kinds of requests that are not sent while the database is away: clients that wait send nothing. */
export class Rests {
  readonly #until = { create: 0, load: 0 }

  /** What it does answers false when it was not served. */
  async unlessResting(kind: 'create' | 'load', work: () => Promise<boolean>): Promise<void> {
    if (performance.now() < this.#until[kind]) return
    if (!(await work())) this.#until[kind] = performance.now() + restMs
  }
}

async function ask({ choice, random, log }: LedgerClient, outgoing: Outgoing): Promise<Asked> {
  const index = choice.pick(random)
  const asked = await askMember(choice.member(index), log, outgoing)
  const status = asked.answer?.status
  if (status === undefined || status >= 500) choice.hasFailed(index)
  // A refusal takes no time: who repeats it at once keeps the others from their work.
  if (status === 503 || status === 429) await delay(20)
  return asked
}

function isServed({ answer }: Asked): boolean {
  return answer !== undefined && answer.status < 500
}

async function read(client: LedgerClient, id: number): Promise<boolean> {
  const asked = await ask(client, { method: 'GET', path: `/users/${id}` })
  const { sent, answer } = asked
  const seen = answer && readOf({ ...sent, key: String(id) }, answer)
  if (seen !== undefined) client.log.operations.push(seen)
  return isServed(asked)
}

async function update(client: LedgerClient, id: number): Promise<boolean> {
  const body = draft(client.log)
  const asked = await ask(client, { method: 'PUT', path: `/users/${id}`, body })
  note(client.log, id, body.name, asked)
  return isServed(asked)
}

/** A write that finds nobody has read an absence. */
function note(log: LedgerLog, id: number, value: string | null, { sent, answer }: Asked) {
  const of = { ...sent, key: String(id) }
  const seen = answer?.status === 404 ? readOf(of, answer) : undefined
  if (seen !== undefined) log.operations.push(seen)
  return noteWrite(log, of, value, answer)
}

/** A user that the cache holds, and that nobody else writes. */
async function writeOnce(client: LedgerClient): Promise<boolean> {
  const id = client.users.toWriteOnce()
  if (id === undefined) return true
  return (await read(client, id)) && (await update(client, id))
}

async function remove(client: LedgerClient): Promise<void> {
  const id = client.users.toDelete(client.random)
  if (id === undefined) return
  note(client.log, id, null, await ask(client, { method: 'DELETE', path: `/users/${id}` }))
}

async function create(client: LedgerClient): Promise<boolean> {
  const { log, users } = client
  const body = draft(log)
  const asked = await ask(client, { method: 'POST', path: '/users', body })
  const { sent, answer } = asked
  const id = createdId(answer)
  if (id !== undefined) {
    noteWrite(log, { ...sent, key: String(id), isCreate: true }, body.name, answer)
    users.created(id)
    return true
  }
  // Of which user, nobody knows.
  const write = sent.wasRefused ? undefined : writeOf(sent, body.name, answer)
  if (write === undefined) log.refused.add(body.name)
  else log.unknownCreates.add(body.name)
  return isServed(asked)
}

/** What the database refuses, or takes; of the latter the writer sees its own, whatever it wrote before. */
async function writeAwkward(client: LedgerClient): Promise<boolean> {
  const { users, log, random } = client
  const id = users.borrowAwkward()
  if (id === undefined) return true
  const isBad = random() < badShare
  const body = isBad ? badDraft(client, id) : draft(log)
  const asked = await ask(client, { method: 'PUT', path: `/users/${id}`, body })
  const write = note(log, id, body.name, asked)
  // What may still come would look like somebody else's: nobody writes that user again.
  if (write?.outcome === 'unknown') return isServed(asked)
  if (!isBad && write !== undefined) await echo(client, id, write)
  users.giveBack(id)
  return isServed(asked)
}

function badDraft({ log, random, takenEmail }: LedgerClient, id: number) {
  const { name, email } = draft(log)
  return random() < 0.5
    ? { name: name.replace('Chaos', 'Poison'), email }
    : { name: name.replace('Chaos', 'Clash'), email: takenEmail(id) }
}

async function echo(client: LedgerClient, id: number, write: RecordedWrite): Promise<void> {
  const { sent, answer } = await ask(client, { method: 'GET', path: `/users/${id}` })
  const key = `${id}/${write.value}`
  const seen = answer && readOf({ ...sent, key }, answer)
  if (seen !== undefined) client.log.echoes.push({ ...write, key }, seen)
}
