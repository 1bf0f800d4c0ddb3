import type { Clock } from '../../contract/clock.ts'
import { InvalidArgumentError } from '../../contract/errors.ts'
import type { ServerClock } from './server-clock.ts'
import type { Session } from './session.ts'

interface Server {
  readonly now: string
  readonly version: string
  readonly is_standby: string
  readonly commit: string
  readonly isolation: string
  readonly timeout: string
}

const question = `select (extract(epoch from clock_timestamp()) * 1000)::text as now,
  current_setting('server_version_num') as version,
  pg_is_in_recovery()::text as is_standby,
  current_setting('synchronous_commit') as commit,
  current_setting('default_transaction_isolation') as isolation,
  current_setting('statement_timeout') as timeout`

const samples = 3

/**
 * Asks a connection that is new to the driver what stands behind it, and what time it is there.
 * Rejects with `INVALID_ARGUMENT` when the promises of a source cannot be kept on it.
 */
export async function greet(session: Session, clock: Clock, serverClock: ServerClock) {
  // The best of a few: the first answer on a fresh connection is a slow one.
  const times = serverClock.isStale ? samples : 1
  for (let n = 0; n < times; n++) {
    const askedAt = clock.now()
    const { rows } = await session.run({ text: question })
    const server = rows[0] as Server
    if (n === 0) check(server)
    serverClock.learn(askedAt, Number(server.now), clock.now())
  }
}

function check({ version, is_standby, commit, isolation, timeout }: Server): void {
  const major = Math.floor(Number(version) / 10_000)
  if (!(major >= 13)) throw unfit('PostgreSQL 13 or later', `PostgreSQL ${major}`)
  // Its rows are older than what was acknowledged: a load from it would fill the cache with the past.
  if (is_standby === 'true') throw unfit('the primary server', 'a hot standby')
  if (commit === 'off') {
    throw unfit('synchronous_commit on: a crash would lose acknowledged writes', 'off')
  }
  if (isolation !== 'read committed') {
    throw unfit('default_transaction_isolation read committed', isolation)
  }
  if (timeout === '0') {
    throw unfit('statement_timeout in force on the server (a pooler or the URL drops it)', timeout)
  }
}

function unfit(expected: string, received: string): InvalidArgumentError {
  return new InvalidArgumentError('pool', expected, received)
}
