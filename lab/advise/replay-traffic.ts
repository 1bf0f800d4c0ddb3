import { judge } from '../compare/measurements/staleness.ts'
import type { RunningSubject } from '../compare/subject.ts'
import { LatencyRecorder } from '../load/latency-recorder.ts'
import type { Exchange, LoadResult } from '../load/load-plan.ts'
import { runLoad } from '../load/run-load.ts'
import { operationKinds } from '../workloads/operation.ts'
import type { ReplayRecord } from './advice-result.ts'
import type { Traffic } from './traffic.ts'

/** Of those that fill the cache. */
const clients = 32

/** Fills the cold cache with the first requests, sends those that count when they are due, and counts what they cost. */
export async function replayTraffic(
  subject: RunningSubject,
  traffic: Traffic,
  round: number,
): Promise<ReplayRecord> {
  const { urls } = subject
  const { warmUp, counted } = traffic.round(round)
  const exchanges: Exchange[] = []
  const reads = new LatencyRecorder()
  const writes = new LatencyRecorder()
  const keep = (exchange: Exchange) => {
    // A user that is made has an id which no request of the traffic asks for.
    if (exchange.operation.kind !== 'post') exchanges.push(exchange)
  }
  await subject.settle()
  await subject.clearCache()
  await runLoad({ urls, operations: warmUp, pace: { clients }, onExchange: keep })
  await subject.settle()
  const before = await subject.statements()
  const load = await runLoad({
    urls,
    ...counted,
    forMs: traffic.forMs,
    onExchange(exchange) {
      keep(exchange)
      const { operation, error, dueAt, endedAt } = exchange
      const recorder = operation.kind === 'get' ? reads : writes
      if (error === undefined) recorder.record(endedAt - dueAt)
    },
  })
  await subject.settle()
  const { requests, ms, absent, sentLate, hitRatio } = load
  return {
    ...{ round, requests, ms, absent, sentLate, hitRatio },
    failures: failuresOf(load),
    reads: reads.latencies(),
    writes: writes.latencies(),
    statements: (await subject.statements()) - before,
    staleness: judge(exchanges),
  }
}

function failuresOf({ kinds }: LoadResult): Record<string, number> {
  const all: Record<string, number> = {}
  for (const kind of operationKinds) {
    for (const [name, times] of Object.entries(kinds[kind].errors)) {
      all[name] = (all[name] ?? 0) + times
    }
  }
  return all
}
