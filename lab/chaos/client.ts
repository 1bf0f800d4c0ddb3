import type { Outgoing } from '../soak/exchange.ts'
import type { Random } from '../soak/random.ts'
import { type Asked, askMember } from './ask.ts'
import { createdId, draft, type Log, noteWrite } from './log.ts'
import type { Member } from './member.ts'
import { readOf } from './record.ts'
import type { UsersInPlay } from './users-in-play.ts'

export interface ClientOptions {
  readonly members: readonly Member[]
  readonly users: UsersInPlay
  readonly log: Log
  readonly random: Random
}

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

function ask({ members, random, log }: ClientOptions, outgoing: Outgoing): Promise<Asked> {
  return askMember(members[Math.floor(random() * members.length)] as Member, log, outgoing)
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
  const created = createdId(answer)
  // Of one that was not answered nobody knows the id.
  if (created === undefined) return
  noteWrite(log, { ...sent, key: String(created) }, body.name, answer)
  users.created(created)
}
