import type { Endpoint } from './endpoint.ts'
import type { Finding } from './findings.ts'
import { type Course, courseOf, type MemorySample } from './memory.ts'
import type { Phase } from './phase.ts'
import { type Method, methods, newHistogram } from './tally.ts'

/** What all processes together did with one method, as the clients saw it. */
export interface MethodResult {
  readonly method: Method
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** How many of each: a status, or the name of a failure. */
  readonly statuses: Readonly<Record<string, number>>
}

export interface MemoryResult {
  readonly process: string
  readonly rss: Course
  readonly heap: Course
}

/** What a run of one pattern came to. */
export interface SoakResult {
  readonly pattern: string
  readonly store: string
  readonly source: string
  readonly seconds: number
  readonly requestsPerSecond: number
  readonly methods: readonly MethodResult[]
  readonly reads: Readonly<Record<string, number>>
  /** Hits, of values and of absences, over all reads. */
  readonly hitRatio: number
  readonly databaseLoads: number
  /** Reads labelled stale: nothing is expected of them. */
  readonly labelledStale: number
  readonly memory: readonly MemoryResult[]
  /** Users that were compared with the database in the end. */
  readonly rowsCompared: number
  /** What deserves a word, and is no failure. */
  readonly notes: readonly string[]
  /** Empty: the run passed. */
  readonly findings: readonly Finding[]
}

/** The figures of the traffic; of all zeroes when it could not be brought to its end. */
export function trafficResult(traffic: Phase | undefined, seconds: number) {
  const endpoints = traffic?.endpoints ?? []
  const perMethod = methods.map((method) => methodResult(method, endpoints))
  const requests = perMethod.reduce((sum, each) => sum + each.requests, 0)
  const sum = (pick: (tally: Endpoint['tally']) => number) =>
    endpoints.reduce((total, { tally }) => total + pick(tally), 0)
  const reads = {
    hits: sum(({ reads }) => reads.hit),
    misses: sum(({ reads }) => reads.miss),
    collapsed: sum(({ collapsed }) => collapsed),
    stale: sum(({ reads }) => reads.stale),
    negative: sum(({ reads }) => reads.negative),
    bypass: sum(({ reads }) => reads.bypass),
  }
  const total = reads.hits + reads.misses + reads.stale + reads.negative + reads.bypass
  const loads = (figures: Phase['after'] = []) =>
    figures.reduce((count, each) => count + each.loads.total, 0)
  return {
    store: traffic?.after[0]?.store ?? 'unknown',
    source: traffic?.after[0]?.source ?? 'unknown',
    seconds,
    requestsPerSecond: seconds === 0 ? 0 : requests / seconds,
    methods: perMethod,
    reads,
    hitRatio: total === 0 ? 0 : (reads.hits + reads.negative) / total,
    databaseLoads: loads(traffic?.after) - loads(traffic?.before),
    labelledStale: sum(({ labelledStale }) => labelledStale),
  }
}

function methodResult(method: Method, endpoints: readonly Endpoint[]): MethodResult {
  const latencies = newHistogram()
  const statuses: Record<string, number> = {}
  for (const { tally } of endpoints) {
    latencies.add(tally.latencies[method])
    for (const [status, times] of Object.entries(tally.statuses[method])) {
      statuses[status] = (statuses[status] ?? 0) + times
    }
  }
  const isEmpty = latencies.count === 0
  return {
    method,
    requests: latencies.count,
    p50Ms: isEmpty ? 0 : latencies.percentile(50) / 1_000,
    p99Ms: isEmpty ? 0 : latencies.percentile(99) / 1_000,
    statuses,
  }
}

export function memoryResult(process: string, samples: readonly MemorySample[]): MemoryResult {
  return {
    process,
    rss: courseOf(samples.map(({ rssBytes }) => rssBytes)),
    heap: courseOf(samples.map(({ heapBytes }) => heapBytes)),
  }
}
