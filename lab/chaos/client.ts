import { setTimeout as delay } from 'node:timers/promises'
import type { Incoming, Outgoing } from '../soak/exchange.ts'
import type { Random } from '../soak/random.ts'
import type { Member } from './member.ts'
import { type RecordedRead, type RecordedWrite, readOf, type Sent, writeOf } from './record.ts'
import type { UsersInPlay } from './users-in-play.ts'

/** What the clients of a phase saw. */
export interface Log {
  readonly operations: (RecordedRead | RecordedWrite)[]
  /** Values of writes that were refused: nobody may ever see them. */
  readonly refused: Set<string>
  /** Answers by method and status. */
  readonly statuses: Record<string, number>
  /** Makes each value another one. */
  serial: number
}

export interface ClientOptions {
  readonly members: readonly Member[]
  readonly users: UsersInPlay
  readonly log: Log
  readonly random: Random
}

/** Whoever is refused a connection does not ask again at once. */
const pauseMs = 20
const turnoverShare = 0.02
const quietShare = 0.04
const writeShare = 0.24

/** Sends one request after the other to any of the processes, until it is over. */
export async function runClient(options: ClientOptions, isOver: () => boolean): Promise<void> {
  const { random, users } = options
  while (!isOver()) {
    const draw = random()
    if (draw < turnoverShare) await turnOver(options)
    else if (draw < turnoverShare + quietShare) await writeOnce(options)
    else if (draw < turnoverShare + quietShare + writeShare) {
      await update(options, users.toWrite(random))
    } else await read(options, users.toRead(random))
  }
}

async function read(options: ClientOptions, id: number): Promise<void> {
  const { sent, answer } = await ask(options, { method: 'GET', path: `/users/${id}` })
  const seen = answer && readOf({ ...sent, key: String(id) }, answer)
  if (seen !== undefined) options.log.operations.push(seen)
}

async function update(options: ClientOptions, id: number): Promise<void> {
  const body = draft(options.log)
  const { sent, answer } = await ask(options, { method: 'PUT', path: `/users/${id}`, body })
  noteWrite(options.log, { ...sent, key: String(id) }, body.name, answer)
}

/** A user that the cache holds, and that nobody else writes. */
async function writeOnce(options: ClientOptions): Promise<void> {
  const id = options.users.toWriteOnce()
  if (id === undefined) return
  await read(options, id)
  await update(options, id)
}

/** One user goes, another one comes. */
async function turnOver(options: ClientOptions): Promise<void> {
  const { users, log, random } = options
  const id = users.toDelete(random)
  if (id !== undefined) {
    const { sent, answer } = await ask(options, { method: 'DELETE', path: `/users/${id}` })
    noteWrite(log, { ...sent, key: String(id) }, null, answer)
  }
  const body = draft(log)
  const { sent, answer } = await ask(options, { method: 'POST', path: '/users', body })
  const created = Number(/^\/users\/(\d+)$/.exec(answer?.headers.location ?? '')?.[1])
  // Of one that was not answered nobody knows the id.
  if (answer?.status !== 201 || !Number.isSafeInteger(created)) return
  noteWrite(log, { ...sent, key: String(created) }, body.name, answer)
  users.created(created)
}

function noteWrite(
  log: Log,
  sent: Sent & { wasRefused?: boolean },
  value: string | null,
  answer?: Incoming,
) {
  const { wasRefused, ...rest } = sent
  const write = wasRefused ? undefined : writeOf(rest, value, answer)
  if (write !== undefined) log.operations.push(write)
  else if (value !== null) log.refused.add(value)
}

function draft(log: Log): { readonly name: string; readonly email: string } {
  log.serial += 1
  return { name: `Chaos ${log.serial}`, email: `chaos-${log.serial}@example.com` }
}

interface Asked {
  readonly sent: Sent & { readonly wasRefused?: boolean }
  readonly answer: Incoming | undefined
}

async function ask({ members, random, log }: ClientOptions, outgoing: Outgoing): Promise<Asked> {
  const member = members[Math.floor(random() * members.length)] as Member
  const startedAt = performance.now()
  const count = (what: string | number) => {
    const name = `${outgoing.method} ${what}`
    log.statuses[name] = (log.statuses[name] ?? 0) + 1
  }
  try {
    const answer = await member.exchange.send(outgoing)
    count(answer.status)
    return { sent: { key: '', by: member.name, startedAt, endedAt: performance.now() }, answer }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    count(code ?? message)
    const sent = { key: '', by: member.name, startedAt, endedAt: performance.now() }
    await delay(pauseMs)
    // Nothing was sent to whoever does not listen.
    return {
      sent: { ...sent, ...(code === 'ECONNREFUSED' && { wasRefused: true }) },
      answer: undefined,
    }
  }
}
