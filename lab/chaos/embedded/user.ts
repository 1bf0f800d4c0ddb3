import { setTimeout as delay } from 'node:timers/promises'
import type { Exchange, Incoming, Outgoing } from '../../soak/exchange.ts'
import type { Random } from '../../soak/random.ts'

/** What a user is known to be: `name` undefined: deleted. */
interface Known {
  readonly name: string | undefined
  /** The `ETag`, as a number; 0 for a delete. */
  readonly version: number
}

/** What a life of the process did to its clients. */
export interface Counts {
  writes: number
  deletes: number
  /** Sent, and not answered before the process was gone; or answered that nobody knows. */
  unknown: number
  /** Answered that nothing was written: a busy disk, or a busy machine. */
  refused: number
}

export interface Names {
  /** One that nobody had before. */
  next(): string
}

/**
 * A user, written by one client alone: of what it sent last, it knows all that was acknowledged, and at most one
 * write of which nobody knows whether it happened.
 */
export class UserAtRisk {
  readonly id: number
  #known: Known | undefined
  #pending: Omit<Known, 'version'> | undefined

  constructor(id: number, known?: Known) {
    this.id = id
    this.#known = known
  }

  get isThere(): boolean {
    return this.#known?.name !== undefined
  }

  /** Whether nobody knows what became of its last write: another one would hide that. */
  get isUnsure(): boolean {
    return this.#pending !== undefined
  }

  /** Whether it has anything to lose. */
  get isKnown(): boolean {
    return this.#known !== undefined
  }

  /** One write. Rejects when it was not answered. */
  async write(exchange: Exchange, names: Names, counts: Counts): Promise<void> {
    const name = names.next()
    const answer = await this.#send(exchange, name, counts)
    if (answer === undefined) return
    if (answer.status !== 200) throw unexpected('PUT', this.id, answer)
    this.#known = { name, version: versionOf(answer) }
    this.#pending = undefined
    counts.writes += 1
  }

  async delete(exchange: Exchange, counts: Counts): Promise<void> {
    const answer = await this.#send(exchange, undefined, counts)
    if (answer === undefined) return
    if (answer.status !== 204) throw unexpected('DELETE', this.id, answer)
    this.#known = { name: undefined, version: 0 }
    this.#pending = undefined
    counts.deletes += 1
  }

  /** What is wrong with what is read of it now; `undefined`: nothing. What is read is what is known from here on. */
  async check(exchange: Exchange): Promise<string | undefined> {
    const answer = await readFresh(exchange, this.id)
    const found = knownOf(answer)
    const wrong = this.#wrongIn(found, answer)
    this.#known = found
    this.#pending = undefined
    return wrong
  }

  /** Undefined: it was refused, or nobody knows. */
  async #send(
    exchange: Exchange,
    name: string | undefined,
    counts: Counts,
  ): Promise<Incoming | undefined> {
    this.#pending = { name }
    const path = `/users/${this.id}`
    const outgoing: Outgoing =
      name === undefined ? { method: 'DELETE', path } : { method: 'PUT', path, body: draftOf(name) }
    const answer = await sendOnce(exchange, outgoing, counts)
    if (answer.status !== 503) return answer
    if (!isUnknown(answer)) this.#pending = undefined
    return undefined
  }

  #wrongIn(found: Known | undefined, answer: Incoming): string | undefined {
    const known = this.#known
    if (found === undefined) return `user ${this.id}: ${answer.status} ${answer.body}`
    if (known === undefined) return undefined
    const isKnown = found.name === known.name && found.version === known.version
    const isPending = this.#pending !== undefined && found.name === this.#pending.name
    const isNewer = found.name === undefined || found.version > known.version
    if (isKnown || (isPending && isNewer)) return undefined
    return `user ${this.id}: acknowledged ${textOf(known)}, found ${textOf(found)}`
  }
}

/** A new user, once it is acknowledged; `undefined`: it was refused, or nobody knows. Rejects when it was not answered. */
export async function createUser(
  exchange: Exchange,
  names: Names,
  counts: Counts,
): Promise<UserAtRisk | undefined> {
  const name = names.next()
  const body = draftOf(name)
  const answer = await sendOnce(exchange, { method: 'POST', path: '/users', body }, counts)
  if (answer.status === 503) return undefined
  if (answer.status !== 201) throw unexpected('POST', 0, answer)
  counts.writes += 1
  const { id } = JSON.parse(answer.body) as { readonly id: number }
  return new UserAtRisk(id, { name, version: versionOf(answer) })
}

/** One of the users of a client, or a new one: mostly writes, a tenth deletes. */
export async function actOnce(
  users: UserAtRisk[],
  exchange: Exchange,
  rest: { readonly names: Names; readonly counts: Counts; readonly random: Random },
): Promise<void> {
  const { names, counts, random } = rest
  const there = users.filter((each) => !each.isUnsure && (each.isThere || !each.isKnown))
  const user = there[Math.floor(random() * there.length)]
  if (user === undefined || random() < 0.1) {
    const created = await createUser(exchange, names, counts)
    if (created !== undefined) users.push(created)
  } else if (user.isThere && random() < 0.11) await user.delete(exchange, counts)
  else await user.write(exchange, names, counts)
}

async function sendOnce(exchange: Exchange, outgoing: Outgoing, counts: Counts): Promise<Incoming> {
  let answer: Incoming
  try {
    answer = await exchange.send(outgoing)
  } catch (error) {
    counts.unknown += 1
    throw error
  }
  if (answer.status === 503) {
    if (isUnknown(answer)) counts.unknown += 1
    else counts.refused += 1
    await delay(pauseMs)
  }
  return answer
}

function isUnknown({ body }: Incoming): boolean {
  return (JSON.parse(body) as { readonly code: string }).code === 'WRITE_OUTCOME_UNKNOWN'
}

/** An answer that is labelled stale, or refused, says nothing of what is kept: it is asked for again. */
async function readFresh(exchange: Exchange, id: number): Promise<Incoming> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await exchange.send({ method: 'GET', path: `/users/${id}` })
    const isStale = answer.headers['cache-status']?.includes('detail=stale') ?? false
    if ((!isStale && answer.status !== 503) || attempt === readAttempts) return answer
    await delay(pauseMs)
  }
}

/** Whoever is refused does not ask again at once. */
const pauseMs = 50
const readAttempts = 200

function draftOf(name: string) {
  return { name, email: `${name}@example.com` }
}

function knownOf({ status, headers, body }: Incoming): Known | undefined {
  if (status === 404) return { name: undefined, version: 0 }
  if (status !== 200) return undefined
  const { name } = JSON.parse(body) as { readonly name: string }
  return { name, version: Number(headers.etag?.replaceAll('"', '')) }
}

function versionOf({ headers }: Incoming): number {
  return Number(headers.etag?.replaceAll('"', ''))
}

function textOf({ name, version }: Known): string {
  return name === undefined ? 'a delete' : `${name} at version ${version}`
}

function unexpected(method: string, id: number, { status, body }: Incoming): Error {
  return new UnexpectedAnswer(`${method} of user ${id}: ${status} ${body}`)
}

/** A service that lives and answers otherwise than it should. */
export class UnexpectedAnswer extends Error {}
