import type { Clock } from '../../contract/clock.ts'
import { CacheError } from '../../contract/errors.ts'
import type { Call } from './call.ts'
import { type Lane, Lanes } from './lanes.ts'
import { LogIn } from './log-in.ts'
import type { PgClient, PgPool } from './pool.ts'
import { Session } from './session.ts'
import type { PgSettings } from './settings.ts'

/** What all drivers over one pool share: its lanes, its listener, and one session for each client. */
export class Connections {
  readonly #pool: PgPool
  readonly #lanes: Lanes
  readonly #waitMs: number
  readonly #logIn = new LogIn()
  readonly #sessions = new WeakMap<PgClient, Session>()

  constructor(pool: PgPool, settings: PgSettings) {
    this.#pool = pool
    this.#lanes = new Lanes(settings.max)
    this.#waitMs = settings.connectionTimeoutMillis
    // An idle connection that broke is gone from the pool already, and the next call opens another.
    pool.on('error', () => undefined)
  }

  /** Lends a connection to the work, and takes it back in whatever state it is. */
  async lend<Result>(
    lane: Lane,
    call: Call,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    call.assertAwaited()
    this.#assertOpen()
    const room = this.#lanes.enter(lane, call.waitMs ?? this.#waitMs, call.clock)
    if (room !== undefined) await room
    try {
      call.assertAwaited()
      this.#assertOpen()
      const session = await this.#connect(call.clock)
      try {
        return await work(session)
      } finally {
        session.giveBack()
      }
    } finally {
      this.#lanes.leave(lane)
    }
  }

  #assertOpen(): void {
    if (this.#pool.ending) throw new CacheError('CLOSED', 'this pool is ended')
  }

  #connect(clock: Clock): Promise<Session> {
    return new Promise((resolve, reject) => {
      const refusal = this.#pool.idleCount > 0 ? undefined : this.#logIn.refusalAt(clock.now())
      if (refusal !== undefined) {
        reject(refusal)
        return
      }
      this.#pool.connect((error, client) => {
        if (client === undefined) {
          this.#logIn.failed(error, clock.now())
          reject(error)
        } else {
          this.#logIn.succeeded()
          resolve(this.#sessionOf(client))
        }
      })
    })
  }

  #sessionOf(client: PgClient): Session {
    const known = this.#sessions.get(client)
    if (known !== undefined) return known
    const session = new Session(client)
    this.#sessions.set(client, session)
    return session
  }
}

const shared = new WeakMap<PgPool, Connections>()

/** The connections of a pool, the same for every driver over it. */
export function connectionsOf(pool: PgPool, settings: PgSettings): Connections {
  const known = shared.get(pool)
  if (known !== undefined) return known
  const connections = new Connections(pool, settings)
  shared.set(pool, connections)
  return connections
}
