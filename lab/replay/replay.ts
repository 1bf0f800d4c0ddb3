import { outcomeOf, type ReadOutcome } from './cache-status.ts'
import { Failure } from './failure.ts'
import { failureName, type Service, type ServiceStats } from './service.ts'
import type { Trace } from './trace.ts'

/** What one service did with a trace. Counted by the client, but for `databaseLoads`. */
export interface ReplayResult {
  readonly service: string
  readonly url: string
  readonly requests: number
  readonly hits: number
  readonly misses: number
  readonly stale: number
  readonly negative: number
  readonly bypass: number
  /** Answers 404: the service has no such user. */
  readonly absent: number
  /** Of `/stats`, before and after. */
  readonly databaseLoads: number
  readonly errors: number
  /** How many of each kind: a status, a failure's name, or `no Cache-Status`. */
  readonly errorKinds: Readonly<Record<string, number>>
  readonly p50Ms: number
  readonly p99Ms: number
  readonly requestsPerSecond: number
  /** Figures of `/stats` that differ from what the client counted. Empty: they agree. */
  readonly disagreements: readonly string[]
}

export interface ReplayOptions {
  readonly concurrency: number
  readonly isWarm: boolean
  /** Called after every answer. */
  readonly onProgress: (done: number) => void
}

/** Sends every request of the trace, in order, `concurrency` at a time. Throws a `Failure` when the service is gone. */
export async function replay(
  service: Service,
  trace: Trace,
  { concurrency, isWarm, onProgress }: ReplayOptions,
): Promise<ReplayResult> {
  if (!isWarm) await service.reset()
  const before = await service.stats()
  const tally = newTally(trace.keys.length)
  const startedAt = performance.now()
  let next = 0
  const worker = async () => {
    for (let index = next++; index < trace.keys.length; index = next++) {
      await sendOne(service, trace.keys[index] ?? '', tally)
      onProgress(tally.done)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const seconds = (performance.now() - startedAt) / 1_000
  const after = await service.stats()
  return summary(service.url, tally, seconds, before, after)
}

interface Tally {
  done: number
  absent: number
  errors: number
  /** Without an answer, one after the other. */
  failuresInARow: number
  readonly outcomes: Record<ReadOutcome, number>
  readonly errorKinds: Record<string, number>
  readonly durationsMs: Float64Array
}

function newTally(requests: number): Tally {
  return {
    done: 0,
    absent: 0,
    errors: 0,
    failuresInARow: 0,
    outcomes: { hit: 0, miss: 0, stale: 0, negative: 0, bypass: 0 },
    errorKinds: {},
    durationsMs: new Float64Array(requests),
  }
}

const maxFailuresInARow = 20

async function sendOne(service: Service, key: string, tally: Tally): Promise<void> {
  const sentAt = performance.now()
  const error = await service.getUser(key).then(
    ({ status, cacheStatus }) => {
      tally.failuresInARow = 0
      if (status !== 200 && status !== 404) return `status ${status}`
      const outcome = outcomeOf(cacheStatus, status)
      if (outcome === undefined) return 'no Cache-Status'
      tally.outcomes[outcome] += 1
      if (status === 404) tally.absent += 1
      return undefined
    },
    (failure: unknown) => {
      tally.failuresInARow += 1
      return failureName(failure)
    },
  )
  tally.durationsMs[tally.done] = performance.now() - sentAt
  tally.done += 1
  if (error === undefined) return
  tally.errors += 1
  tally.errorKinds[error] = (tally.errorKinds[error] ?? 0) + 1
  if (tally.failuresInARow >= maxFailuresInARow) {
    throw new Failure(
      `${service.url} stopped answering after ${tally.done - tally.failuresInARow} requests (${error})`,
    )
  }
}

function summary(
  url: string,
  tally: Tally,
  seconds: number,
  before: ServiceStats,
  after: ServiceStats,
): ReplayResult {
  const { outcomes, done, absent, errors, errorKinds } = tally
  const sorted = tally.durationsMs.sort()
  const counted = {
    hits: outcomes.hit,
    misses: outcomes.miss,
    stale: outcomes.stale,
    negative: outcomes.negative,
    bypass: outcomes.bypass,
  }
  return {
    service: after.pattern,
    url,
    requests: done,
    ...counted,
    absent,
    databaseLoads: after.loads.total - before.loads.total,
    errors,
    errorKinds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    requestsPerSecond: done / seconds,
    disagreements: disagreements(counted, before.reads, after.reads),
  }
}

function disagreements(
  counted: ServiceStats['reads'],
  before: ServiceStats['reads'],
  after: ServiceStats['reads'],
): string[] {
  return (Object.keys(counted) as (keyof ServiceStats['reads'])[])
    .map((name) => ({ name, client: counted[name], stats: after[name] - before[name] }))
    .filter(({ client, stats }) => client !== stats)
    .map(({ name, client, stats }) => `${name}: ${client} by Cache-Status, ${stats} by /stats`)
}

/** Nearest rank, of values in ascending order. */
function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
