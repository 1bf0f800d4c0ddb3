import type { Exchange, Incoming } from '../../soak/exchange.ts'
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
  /** Sent, and not answered before the process was gone. */
  unknown: number
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

  /** Whether it has anything to lose. */
  get isKnown(): boolean {
    return this.#known !== undefined
  }

  /** One write. Rejects when it was not answered. */
  async write(exchange: Exchange, names: Names, counts: Counts): Promise<void> {
    const name = names.next()
    const answer = await this.#send(exchange, name, counts)
    if (answer.status !== 200) throw unexpected('PUT', this.id, answer)
    this.#known = { name, version: versionOf(answer) }
    this.#pending = undefined
    counts.writes += 1
  }

  async delete(exchange: Exchange, counts: Counts): Promise<void> {
    const answer = await this.#send(exchange, undefined, counts)
    if (answer.status !== 204) throw unexpected('DELETE', this.id, answer)
    this.#known = { name: undefined, version: 0 }
    this.#pending = undefined
    counts.deletes += 1
  }

  /** What is wrong with what is read of it now; `undefined`: nothing. What is read is what is known from here on. */
  async check(exchange: Exchange): Promise<string | undefined> {
    const answer = await exchange.send({ method: 'GET', path: `/users/${this.id}` })
    const found = knownOf(answer)
    const wrong = this.#wrongIn(found, answer)
    this.#known = found
    this.#pending = undefined
    return wrong
  }

  async #send(exchange: Exchange, name: string | undefined, counts: Counts): Promise<Incoming> {
    this.#pending = { name }
    const path = `/users/${this.id}`
    try {
      return await (name === undefined
        ? exchange.send({ method: 'DELETE', path })
        : exchange.send({ method: 'PUT', path, body: draftOf(name) }))
    } catch (error) {
      counts.unknown += 1
      throw error
    }
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

/** A new user, once it is acknowledged. Rejects when that is not known. */
export async function createUser(
  exchange: Exchange,
  names: Names,
  counts: Counts,
): Promise<UserAtRisk> {
  const name = names.next()
  let answer: Incoming
  try {
    answer = await exchange.send({ method: 'POST', path: '/users', body: draftOf(name) })
  } catch (error) {
    counts.unknown += 1
    throw error
  }
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
  const there = users.filter(({ isThere, isKnown }) => isThere || !isKnown)
  const user = there[Math.floor(random() * there.length)]
  if (user === undefined || random() < 0.1) users.push(await createUser(exchange, names, counts))
  else if (user.isThere && random() < 0.11) await user.delete(exchange, counts)
  else await user.write(exchange, names, counts)
}

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
