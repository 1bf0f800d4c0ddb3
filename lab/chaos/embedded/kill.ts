import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@caching-patterns/local-servers'
import { type Exchange, exchange } from '../../soak/exchange.ts'
import { type Random, seededRandom } from '../../soak/random.ts'
import { startService } from '../service.ts'
import { actOnce, type Counts, type Names, UnexpectedAnswer, UserAtRisk } from './user.ts'

export interface KillOptions {
  readonly kills: number
  readonly clients: number
  readonly seed: number
  /** `JOURNAL_FSYNC`. */
  readonly fsync: string
  /** The folder of the workspace, and an empty one for the service's data. */
  readonly workspace: string
  readonly dataDir: string
  /** How long a life is written to, at most, in milliseconds. */
  readonly lifeMs: number
  /** Told after each life. */
  readonly onLife?: (life: LifeResult) => void
}

/** One life of the process, from its start to its kill. */
export interface LifeResult extends Readonly<Counts> {
  /** Users that were read after the start, and what was wrong. */
  readonly checked: number
  readonly lost: readonly string[]
  /** Of them, not in the database when the process was killed. */
  readonly dirty: number
  readonly journalBytes: number
}

export interface KillResult extends Readonly<Counts> {
  readonly kills: number
  readonly checked: number
  readonly lost: readonly string[]
  /** Users compared with the database itself, after all was flushed. */
  readonly inDatabase: number
}

const seededUsers = 200
const patienceMs = 10_000

/**
 * Kills a write-behind service with everything embedded, by SIGKILL, at moments that the seed decides, while clients
 * write; after each start every user is what was acknowledged last, or what was under way then. In the end all
 * is flushed, and the database alone is asked.
 */
export async function killEmbedded(options: KillOptions): Promise<KillResult> {
  const random = seededRandom(options.seed)
  const users = clientsUsers(options.clients)
  const names = serialNames()
  const all = { writes: 0, deletes: 0, unknown: 0, refused: 0, checked: 0 }
  const lost: string[] = []
  for (let kill = 0; kill < options.kills; kill += 1) {
    const life = await liveOnce(options, { users, names, random })
    lost.push(...life.lost)
    for (const name of ['writes', 'deletes', 'unknown', 'refused', 'checked'] as const) {
      all[name] += life[name]
    }
    options.onLife?.(life)
  }
  const rest = await flushedAndAlone(options, users.flat())
  lost.push(...rest.lost)
  const checked = all.checked + rest.checked
  return { kills: options.kills, ...all, checked, lost, inDatabase: rest.checked }
}

interface Clients {
  readonly users: readonly UserAtRisk[][]
  readonly names: Names
  readonly random: Random
}

async function liveOnce(options: KillOptions, clients: Clients): Promise<LifeResult> {
  const { users, names, random } = clients
  const { service, talks } = await start(options)
  const counts: Counts = { writes: 0, deletes: 0, unknown: 0, refused: 0 }
  try {
    const { checked, lost } = await check(users.flat(), talks)
    const over = Promise.all(
      users.map((own) => writeUntilGone(own, talks, { names, counts, random })),
    )
    const killAt = delay(random() * options.lifeMs)
    // What is not as it should be ends the life at once.
    await Promise.race([killAt, over])
    const dirty = await dirtyIn(talks)
    service.signal('SIGKILL')
    await service.ended
    await over
    const { size } = await stat(join(options.dataDir, 'journal', 'journal.log'))
    return { ...counts, checked, lost, dirty, journalBytes: size }
  } finally {
    service.signal('SIGKILL')
    talks.close()
  }
}

/** One request after the other, until there is nobody to answer. */
async function writeUntilGone(
  users: UserAtRisk[],
  talks: Exchange,
  rest: { readonly names: Names; readonly counts: Counts; readonly random: Random },
): Promise<void> {
  for (;;) {
    try {
      await actOnce(users, talks, rest)
    } catch (error) {
      if (error instanceof UnexpectedAnswer) throw error
      return
    }
  }
}

/** All flushed and stopped in order; then without the journal, so that only the database can tell. */
async function flushedAndAlone(
  options: KillOptions,
  users: readonly UserAtRisk[],
): Promise<{ checked: number; lost: string[] }> {
  const before = await start(options)
  const read = await check(users, before.talks)
  const flushed = await before.talks.send({ method: 'POST', path: '/admin/flush' })
  if (flushed.status !== 204) throw new UnexpectedAnswer(`POST /admin/flush: ${flushed.status}`)
  before.service.signal('SIGKILL')
  await before.service.ended
  before.talks.close()
  await rename(join(options.dataDir, 'journal'), join(options.dataDir, 'journal-put-away'))

  const after = await start(options)
  const { checked, lost } = await check(users, after.talks)
  after.service.signal('SIGKILL')
  await after.service.ended
  after.talks.close()
  const inDatabase = lost.map((each) => `in the database, ${each}`)
  return { checked: read.checked + checked, lost: [...read.lost, ...inDatabase] }
}

async function start({ workspace, dataDir, fsync, clients }: KillOptions) {
  const port = await freePort()
  const service = await startService({
    name: 'write-behind',
    args: ['services/dist/cli.js', 'write-behind'],
    folder: workspace,
    environment: {
      PORT: String(port),
      DATA_DIR: dataDir,
      JOURNAL_FSYNC: fsync,
      // Longer than a life: most of it is in the journal alone when that ends.
      WRITE_DELAY: '10s',
      SEED_USERS: String(seededUsers),
      LOG_LEVEL: 'error',
    },
  })
  return { service, talks: exchange(`http://127.0.0.1:${port}`, clients, patienceMs) }
}

async function check(
  users: readonly UserAtRisk[],
  talks: Exchange,
): Promise<{ checked: number; lost: string[] }> {
  const atRisk = users.filter(({ isKnown }) => isKnown)
  const wrong: (string | undefined)[] = []
  for (let from = 0; from < atRisk.length; from += 100) {
    const some = atRisk.slice(from, from + 100)
    wrong.push(...(await Promise.all(some.map((user) => user.check(talks)))))
  }
  return { checked: atRisk.length, lost: wrong.filter((each) => each !== undefined) }
}

async function dirtyIn(talks: Exchange): Promise<number> {
  const { body } = await talks.send({ method: 'GET', path: '/stats' })
  const { journal } = JSON.parse(body) as { readonly journal: { readonly dirty: number } }
  return journal.dirty
}

/** The seeded users, dealt out. */
function clientsUsers(clients: number): UserAtRisk[][] {
  const ids = Array.from({ length: seededUsers }, (_, index) => index + 1)
  return Array.from({ length: clients }, (_, client) =>
    ids.filter((id) => id % clients === client).map((id) => new UserAtRisk(id)),
  )
}

function serialNames(): Names {
  let serial = 0
  return {
    next() {
      serial += 1
      return `w${serial}`
    },
  }
}
