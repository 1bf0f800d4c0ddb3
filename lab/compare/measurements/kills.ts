import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../replay/failure.ts'
import { exchange } from '../../soak/exchange.ts'
import { seededRandom } from '../../soak/random.ts'
import { userOf } from '../../soak/read-user.ts'
import type { KillRecord } from '../records.ts'
import type { Stage } from '../stage.ts'
import type { RunningSubject, SubjectName } from '../subject.ts'
import { inTime } from './in-time.ts'
import { KillTraffic } from './kill-traffic.ts'
import { RiskedUser } from './risked-user.ts'
import { RowWatch } from './row-watch.ts'

export interface KillOptions {
  readonly round: number
  readonly seed: number
  readonly kills: number
  /** Half of them are written until a kill, the others after it; embedded, all of them until the kill. */
  readonly users: number
  /** As many writes are under way when the process is killed, at most. */
  readonly clients: number
  /** What a kill leaves in a cache may stay there for so long. */
  readonly ttlMs: number
  readonly writeDelayMs: number
  /** A kill comes after half of it, or later, or at its end: the seed decides. */
  readonly lifeMs: number
  /** Readers watch for so long after a kill, at least. Longer than `ttlMs`, to see the end. */
  readonly watchMs: number
  /** A process that is not back within it, or a database that has not got all, is a `Failure`. */
  readonly patienceMs: number
}

export const standardKills = {
  ...{ kills: 2, users: 200, clients: 32, ttlMs: 1_000, writeDelayMs: 250 },
  ...{ lifeMs: 600, watchMs: 1_400, patienceMs: 60_000 },
} as const satisfies Partial<KillOptions>

const keptExamples = 5
const watchNewMs = 300

/**
 * Two processes, one when embedded, far from their servers, so that many writes are half done at any time. One of them is
 * killed while clients read and write, and started again; then the database is held against what was acknowledged, the
 * cache is emptied, and the next kill comes.
 */
export async function measureKills(
  stage: Stage,
  name: SubjectName,
  options: KillOptions,
): Promise<KillRecord[]> {
  const { users, ttlMs, writeDelayMs, kills, seed } = options
  const processes = stage.redis === undefined ? 1 : 2
  const terms = { users, ttlMs, writeDelayMs, processes, network: 'far' } as const
  const subject = await stage.start(name, terms)
  try {
    const all = Array.from({ length: users }, (_, index) => new RiskedUser(index + 1))
    const atRisk = subject.rows === undefined ? all : all.filter(({ id }) => id <= users / 2)
    const spare = all.slice(atRisk.length)
    const records: KillRecord[] = []
    for (let kill = 1; kill <= kills; kill += 1) {
      const seeds = [seed, options.round, kill]
      records.push(await killOnce({ subject, atRisk, spare, options, seeds }))
    }
    return records
  } finally {
    await subject.stop()
  }
}

interface Kill {
  readonly subject: RunningSubject
  readonly atRisk: readonly RiskedUser[]
  readonly spare: readonly RiskedUser[]
  readonly options: KillOptions
  readonly seeds: readonly number[]
}

async function killOnce(kill: Kill): Promise<KillRecord> {
  const { subject, atRisk, spare, options, seeds } = kill
  const { clients, lifeMs, watchMs } = options
  const random = seededRandom(...seeds)
  const victim = Math.floor(random() * subject.urls.length)
  const traffic = new KillTraffic({ urls: subject.urls, atRisk, spare, clients, seeds })
  let watch: RowWatch | undefined
  try {
    await delay(lifeMs * (0.5 + 0.5 * random()))
    await subject.kill(victim)
    const killedAt = performance.now()
    traffic.struck(killedAt)
    if (subject.rows !== undefined) watch = new RowWatch(subject.rows, atRisk)
    const [backAt] = await Promise.all([comesBack(kill, victim), delay(watchMs)])
    // The new one is asked too.
    await delay(Math.max(0, backAt + watchNewMs - performance.now()))
    await traffic.end()
    await settled(kill, watch)
    const verdict = await judge(kill, { killedAt, backAt })
    const { count, stale, lastStaleAt = killedAt, examples } = traffic.after
    return {
      ...verdict,
      ...{ readsAfter: count, staleReads: stale, staleForMs: lastStaleAt - killedAt },
      examples: [...verdict.examples.slice(0, keptExamples), ...examples],
    }
  } finally {
    await traffic.end()
    await watch?.end()
  }
}

/** When it answers; embedded, when its database has all: nobody else can be asked. */
async function comesBack(
  { subject, options: { patienceMs } }: Kill,
  victim: number,
): Promise<number> {
  await inTime(patienceMs, `${subject.name} starts again after a kill`, subject.restart(victim))
  if (subject.rows === undefined) await subject.settle()
  return performance.now()
}

async function settled({ subject, spare }: Kill, watch: RowWatch | undefined): Promise<void> {
  await subject.settle()
  // What a process had in its hands is on its way still.
  await watch?.quiet(spare)
}

async function judge(
  { subject, atRisk, spare, options: { round } }: Kill,
  { killedAt, backAt }: { readonly killedAt: number; readonly backAt: number },
): Promise<Omit<KillRecord, 'staleReads' | 'readsAfter' | 'staleForMs'>> {
  const users = [...atRisk, ...spare]
  const acknowledged = users.reduce((sum, user) => sum + user.acknowledged, 0)
  if (acknowledged === 0) {
    throw new Failure(`${subject.name}: expected writes before a kill, none was acknowledged`)
  }
  // What comes from the database now is not what the cache has kept.
  await subject.clearCache()
  const names = await namesInDatabase(subject, users)
  const examples: string[] = []
  let [lost, completeAt] = [0, backAt]
  for (const user of users) {
    const name = names.get(user.id)
    if (subject.rows !== undefined && !spare.includes(user)) {
      user.stands(name, performance.now())
      completeAt = Math.max(completeAt, user.completeAt ?? 0)
    }
    const loss = user.settle(name)
    lost += loss?.lost ?? 0
    if (loss !== undefined) examples.push(loss.words)
  }
  return { round, acknowledged, lost, recoveredMs: completeAt - killedAt, examples }
}

/** Of the database itself; where nobody but the process can ask it, by way of its cache, which is empty. */
async function namesInDatabase(
  { rows, urls, name }: RunningSubject,
  users: readonly RiskedUser[],
): Promise<ReadonlyMap<number, string | undefined>> {
  if (rows !== undefined) {
    const found = await rows(users.map(({ id }) => id))
    return new Map([...found].map(([id, row]) => [id, row.name]))
  }
  const talks = exchange(urls[0] as string, 1, 10_000)
  const names = new Map<number, string | undefined>()
  try {
    for (const { id } of users) {
      const { status, body } = await talks.send({ method: 'GET', path: `/users/${id}` })
      if (status !== 200 && status !== 404) {
        throw new Failure(`${name}: GET /users/${id} answers ${status} when all is quiet`)
      }
      names.set(id, userOf(body, id)?.name)
    }
    return names
  } finally {
    talks.close()
  }
}
