import type { LoadResult } from '../../load/load-plan.ts'
import { runLoad } from '../../load/run-load.ts'
import { Failure } from '../../replay/failure.ts'
import type { OutageRecord } from '../records.ts'
import type { Stage } from '../stage.ts'
import type { RunningSubject, SubjectName } from '../subject.ts'
import { inTime } from './in-time.ts'
import { OutageOperations } from './outage-operations.ts'
import { recovery } from './recovery.ts'

export interface OutageOptions {
  readonly round: number
  readonly seed: number
  readonly perSecond: number
  /** Requests are sent for so long. The server stays away until the last has been answered, or its second is over. */
  readonly forMs: number
  /** Users whose entries are there before. */
  readonly warm: number
  /** A subject that does not answer as before so long after its server does is started again. */
  readonly patienceMs: number
}

export const quickOutages = { perSecond: 100, forMs: 1_200, warm: 200, patienceMs: 5_000 } as const
export const fullOutages = { perSecond: 100, forMs: 4_000, warm: 500, patienceMs: 15_000 } as const

/** Of both outages of a subject; none of a server that there is not. */
export interface Outages {
  readonly redisFrozen: readonly OutageRecord[]
  readonly postgresDown: readonly OutageRecord[]
}

/** An answer that comes later is none. */
const deadlineMs = 1_000
/** Nothing is to expire by itself. */
const ttlMs = 300_000
const startWithinMs = 60_000

/**
 * Reads and updates at a steady rate, first while PostgreSQL is not there (SIGKILL), then while Redis is frozen (SIGSTOP).
 * Of each 20 requests 4 are updates, each of another warm user, 15 are reads of warm users, and one is of a user that
 * nobody has asked for: the same for all subjects. A subject is warm when the server goes away, and every request has its
 * whole second before it returns. The servers are the stage's: nobody else may use it meanwhile.
 */
export async function measureOutages(
  stage: Stage,
  name: SubjectName,
  options: OutageOptions,
): Promise<Outages> {
  const { redis, postgres } = stage
  if (redis === undefined || postgres === undefined) return { redisFrozen: [], postgresDown: [] }
  const operations = new OutageOperations(options)
  const { users } = operations
  const terms = { users, ttlMs, writeDelayMs: 1_000, processes: 2, network: 'near' } as const
  const subject = await stage.start(name, terms)
  try {
    const outage = { subject, operations, options }
    // First the one that finds the cache warm: after the other a subject may pass it by for a moment.
    const postgresDown = await outageOf(outage, {
      begin: () => postgres.kill('SIGKILL'),
      end: () => postgres.restart(),
    })
    const redisFrozen = await outageOf(outage, {
      begin: async () => redis.pause(),
      end: async () => redis.resume(),
    })
    return { redisFrozen: [redisFrozen], postgresDown: [postgresDown] }
  } finally {
    await subject.stop()
  }
}

interface Outage {
  readonly subject: RunningSubject
  readonly operations: OutageOperations
  readonly options: OutageOptions
}

interface Trouble {
  begin(): Promise<void>
  end(): Promise<void>
}

async function outageOf(outage: Outage, trouble: Trouble): Promise<OutageRecord> {
  const { subject, operations, options } = outage
  const written = new Map<number, string | undefined>()
  await warmUp(outage)
  const record = await whileAway(outage, trouble, written)
  const recoveredMs = await recovery(subject.urls, operations.users, options.patienceMs)
  // The next outage is to find a subject that works.
  if (recoveredMs === undefined) await startAgain(subject)
  return { ...record, writesLost: await missing(subject, written), recoveredMs }
}

async function warmUp({ subject, operations, options }: Outage): Promise<void> {
  const plan = { urls: subject.urls, operations: operations.warming(), pace: { clients: 8 } }
  const { kinds } = await runLoad(plan)
  const errors = Object.keys(kinds.get.errors)
  if (kinds.get.requests === options.warm && errors.length === 0) return
  const words = `${kinds.get.requests} answers, ${errors.join(', ') || 'no errors'}`
  throw new Failure(
    `${subject.name}: expected ${options.warm} reads before an outage, got ${words}`,
  )
}

async function whileAway(
  { subject, operations, options }: Outage,
  { begin, end }: Trouble,
  written: Map<number, string | undefined>,
): Promise<Omit<OutageRecord, 'recoveredMs' | 'writesLost'>> {
  const { round, perSecond, forMs } = options
  let [readsAnswered, writesAnswered] = [0, 0]
  await begin()
  let load: LoadResult
  try {
    load = await runLoad({
      ...{ urls: subject.urls, operations: operations.duringOutage() },
      ...{ pace: { perSecond }, forMs, deadlineMs },
      onExchange({ operation: { kind, key }, name, status, dueAt, endedAt }) {
        if (endedAt - dueAt > deadlineMs) return
        if (kind === 'get' && (status === 200 || status === 404)) readsAnswered += 1
        if (kind !== 'put' || status < 200 || status > 299) return
        writesAnswered += 1
        written.set(key, name)
      },
    })
  } finally {
    await end()
  }
  return { round, ms: load.ms, load, readsAnswered, writesAnswered }
}

/** How many of these users the database has under another name than was acknowledged last. */
async function missing(
  subject: RunningSubject,
  written: ReadonlyMap<number, string | undefined>,
): Promise<number> {
  await subject.settle()
  const rows = await subject.rows?.([...written.keys()])
  return [...written].filter(([id, name]) => rows?.get(id)?.name !== name).length
}

async function startAgain(subject: RunningSubject): Promise<void> {
  for (const index of subject.urls.keys()) {
    await subject.kill(index)
    const what = `${subject.name} starts again after an outage`
    await inTime(startWithinMs, what, subject.restart(index))
  }
}
