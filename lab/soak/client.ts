import type { Endpoint } from './endpoint.ts'
import type { Outgoing } from './exchange.ts'
import type { Written } from './ledger.ts'
import type { Popularity } from './popularity.ts'
import type { Random } from './random.ts'
import { type Books, readUser } from './read-user.ts'
import { type Intent, nextIntent } from './traffic.ts'
import { checkWritten, type Outcome, writeUser } from './write-user.ts'

export interface ClientOptions {
  readonly index: number
  readonly endpoints: readonly Endpoint[]
  readonly books: Books
  readonly popularity: Popularity
  readonly random: Random
  /** What a `Write-Status` may say. */
  readonly acknowledgements: readonly string[]
  /** Whether a taken email is refused at once. */
  readonly knowsEmails: boolean
}

/** No service ever draws an id so high. */
const neverThere = 2 ** 52
const nearbyIds = 64

/** Sends one request after the other, each to the next process. It alone writes the users that it owns. */
export class Client {
  readonly #options: ClientOptions
  /** Users that it made, and did not delete. */
  readonly #created: number[] = []
  #lastUpdated: number | undefined
  #lastDeleted: number | undefined
  #turn: number

  constructor(options: ClientOptions) {
    this.#options = options
    this.#turn = options.index
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const id = await this.#act(nextIntent(this.#options.random))
      // By way of the next process: what one has acknowledged, the other has to show.
      if (id !== undefined && !isOver()) await this.#read(id)
    }
  }

  /** Answers which user it wrote, or tried to. */
  async #act(intent: Intent): Promise<number | undefined> {
    switch (intent) {
      case 'update':
        return this.#update(this.#own())
      case 'update-popular':
        return this.#update(this.#popular())
      case 'update-unless-tag':
        return this.#update(this.#own(), { 'if-none-match': '"of-nobody"' })
      case 'create':
        return this.#create()
      case 'delete':
        return this.#delete()
      case 'update-other-version':
      case 'update-unwanted-tag':
      case 'update-never-there':
      case 'create-taken-email':
      case 'delete-again':
        return this.#provoke(intent)
      default:
        await this.#look(intent)
        return undefined
    }
  }

  #look(intent: Extract<Intent, `read-${string}`>): Promise<void> {
    const { popularity, random, books } = this.#options
    const { ledger } = books
    const nearby = Math.floor(random() * nearbyIds)
    switch (intent) {
      case 'read-popular':
        return this.#read(popularity.any(random))
      case 'read-own':
        return this.#read(this.#own())
      case 'read-deleted':
        return this.#read(this.#lastDeleted ?? this.#own())
      case 'read-created':
        return this.#read(ledger.recent[Math.floor(random() * ledger.recent.length)] ?? this.#own())
      case 'read-unchanged': {
        const id = this.#lastUpdated ?? this.#own()
        return this.#read(id, ledger.lastWritten(id))
      }
      case 'read-changed': {
        const id = this.#lastUpdated ?? this.#own()
        return this.#read(id, ledger.lastOverwritten(id))
      }
      case 'read-never-there':
        return this.#read(neverThere + nearby)
      case 'read-not-yet-there':
        return this.#read(ledger.highestId + 1 + nearby)
    }
  }

  async #create(): Promise<number | undefined> {
    const { ledger } = this.#options.books
    const serial = ledger.beginCreate()
    const body = ledger.draft(serial)
    const to = this.#next()
    const outcome = await this.#write(to, { method: 'POST', path: '/users', body }, 201)
    if (outcome.became !== 'done') {
      if (outcome.became === 'refused') ledger.refused(undefined, serial)
      return undefined
    }
    const { headers } = outcome.answer
    const id = Number(/^\/users\/([0-9]+)$/.exec(headers.location ?? '')?.[1])
    checkWritten(to, outcome.answer, id, body, this.#options.books)
    if (!Number.isSafeInteger(id)) return undefined
    ledger.created(id, { serial, tag: headers.etag ?? '' })
    this.#created.push(id)
    return id
  }

  async #update(id: number, headers: Outgoing['headers'] = {}): Promise<number> {
    const { books } = this.#options
    const serial = books.ledger.beginUpdate(id)
    const body = books.ledger.draft(serial)
    const to = this.#next()
    const outgoing = { method: 'PUT', path: `/users/${id}`, body, headers } as const
    const outcome = await this.#write(to, outgoing, 200)
    if (outcome.became === 'refused') books.ledger.refused(id, serial)
    if (outcome.became === 'unknown') {
      books.ledger.unsure(id, serial)
      // Then nobody can tell which email and version it has.
      if (this.#lastUpdated === id) this.#lastUpdated = undefined
    }
    if (outcome.became === 'done') {
      checkWritten(to, outcome.answer, id, body, books)
      books.ledger.acknowledged(id, { serial, tag: outcome.answer.headers.etag ?? '' })
      this.#lastUpdated = id
    }
    return id
  }

  async #delete(): Promise<number | undefined> {
    const { random, books } = this.#options
    const id = this.#created.splice(Math.floor(random() * this.#created.length), 1)[0]
    if (id === undefined) return this.#create()
    if (this.#lastUpdated === id) this.#lastUpdated = undefined
    const serial = books.ledger.beginDelete(id)
    const outgoing = { method: 'DELETE', path: `/users/${id}` } as const
    const outcome = await this.#write(this.#next(), outgoing, 204)
    if (outcome.became === 'refused') books.ledger.refused(id, serial)
    if (outcome.became === 'unknown') books.ledger.unsure(id, serial)
    if (outcome.became === 'done') {
      books.ledger.acknowledged(id, { serial, tag: '' })
      this.#lastDeleted = id
    }
    return id
  }

  /** A write that has to be refused, and that nobody may see. */
  async #provoke(intent: Intent): Promise<number | undefined> {
    const { books, knowsEmails } = this.#options
    const body = books.ledger.draft('refused')
    const id = this.#lastUpdated
    const written = id === undefined ? undefined : books.ledger.lastWritten(id)
    if (intent === 'update-never-there') {
      return this.#refused({ method: 'PUT', path: `/users/${neverThere}`, body }, 404)
    }
    if (intent === 'delete-again' && this.#lastDeleted !== undefined) {
      return this.#refused({ method: 'DELETE', path: `/users/${this.#lastDeleted}` }, 404)
    }
    if (id === undefined || written === undefined) return this.#create()
    const path = `/users/${id}`
    if (intent === 'create-taken-email' && knowsEmails) {
      const taken = { ...body, email: books.ledger.draft(written.serial).email.toUpperCase() }
      return this.#refused({ method: 'POST', path: '/users', body: taken }, 409)
    }
    const headers = conditions(intent, written)
    await this.#refused({ method: 'PUT', path, body, headers }, 412)
    return id
  }

  async #refused(outgoing: Outgoing, expected: number): Promise<undefined> {
    await this.#write(this.#next(), outgoing, expected)
  }

  #write(to: Endpoint, outgoing: Outgoing, expected: number): Promise<Outcome> {
    const { acknowledgements, books } = this.#options
    return writeUser(to, { outgoing, expected, acknowledgements }, books)
  }

  async #read(id: number, unless?: Written): Promise<void> {
    await readUser(this.#next(), id, this.#options.books, unless)
  }

  #own(): number {
    const { random } = this.#options
    return this.#created[Math.floor(random() * this.#created.length)] ?? this.#popular()
  }

  #popular(): number {
    const { popularity, index, random } = this.#options
    return popularity.ownedBy(index, random)
  }

  #next(): Endpoint {
    const { endpoints } = this.#options
    const endpoint = endpoints[this.#turn % endpoints.length] as Endpoint
    this.#turn += 1
    return endpoint
  }
}

function conditions(intent: Intent, { tag }: Written): Record<string, string> {
  return intent === 'update-unwanted-tag' ? { 'if-none-match': tag } : { 'if-match': '"1"' }
}
