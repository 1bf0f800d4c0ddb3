import type { PatternName } from '../../http/port.ts'
import { type Answer, send } from './client.ts'

/** A service that listens, with users 1 to `seeded` in its database and none of them in its cache. */
export interface RunningService {
  readonly url: string
  readonly seeded: number
  close(): Promise<void>
}

/** Where the five services differ by contract. */
export interface Traits {
  readonly pattern: PatternName
  readonly writeStatus: 'confirmed' | 'accepted'
  /** Of a write that is in the database. */
  readonly durableStatus: 'confirmed' | 'persisted'
  /** Accepted writes wait for the database in a journal; an email that only the database knows is found at the flush. */
  readonly hasJournal: boolean
}

/** What the tests of one service share. */
export interface Subject {
  readonly traits: Traits
  readonly url: () => string
  send(method: string, path: string, init?: Parameters<typeof send>[3]): Promise<Answer>
  /** A seeded user that no test has touched: not in the cache. */
  freshId(): number
  /** The path of an id that no row has. */
  freshAbsence(): string
  freshDraft(): { name: string; email: string }
  /** Creates a user. */
  create(): Promise<CreatedUser>
}

export interface CreatedUser {
  readonly path: string
  readonly etag: string
  readonly body: Readonly<Record<string, unknown>> & {
    readonly name: string
    readonly email: string
  }
}

export function subjectOf(traits: Traits, service: () => RunningService): Subject {
  let taken = 0
  let absent = 5_000_000_000
  let drafts = 0
  const run = Date.now().toString(36)
  const subject: Subject = {
    traits,
    url: () => service().url,
    send: (method, path, init) => send(service().url, method, path, init),
    freshId() {
      taken += 1
      if (taken > service().seeded) throw new RangeError('all seeded users are taken')
      return taken
    },
    freshAbsence() {
      absent += 1
      return `/users/${absent}`
    },
    freshDraft() {
      drafts += 1
      return { name: `Ada ${drafts}`, email: `Ada.${run}.${drafts}@Example.com` }
    },
    async create() {
      const { status, headers, text } = await subject.send('POST', '/users', {
        body: subject.freshDraft(),
      })
      if (status !== 201) throw new Error(`POST /users: ${status} ${text}`)
      const body = JSON.parse(text)
      return { path: `/users/${body.id}`, etag: headers.get('etag') ?? '', body }
    },
  }
  return subject
}
