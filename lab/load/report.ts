import { table } from '../chaos/table.ts'
import { operationKinds } from '../workloads/operation.ts'
import type { Latencies } from './latencies.ts'
import type { LoadReport } from './load-report.ts'
import {
  count,
  loadLine,
  machineLine,
  milliseconds,
  percent,
  warnings,
  workloadLine,
} from './words.ts'

/** The rows of the results' table, its heading first. */
export function rowsOf({ result }: LoadReport): string[][] {
  const kinds = operationKinds.filter((kind) => result.kinds[kind].requests > 0)
  const outcomes = Object.entries(result.reads).filter(([, latencies]) => latencies.count > 0)
  return [
    ['', 'requests', 'per s', 'mean ms', 'p50', 'p90', 'p99', 'p99.9', 'max', 'errors'],
    ...kinds.map((kind) => {
      const { requests, latencies, errors } = result.kinds[kind]
      const all = Object.values(errors).reduce((sum, times) => sum + times, 0)
      return [kind.toUpperCase(), ...figures(requests, latencies, result.ms), count(all)]
    }),
    ...outcomes.map(([outcome, latencies]) => {
      return [`GET, ${outcome}`, ...figures(latencies.count, latencies, result.ms), '']
    }),
  ]
}

/** By operation and code, the most frequent first. */
export function errorLines({ result }: LoadReport): string[] {
  return operationKinds.flatMap((kind) =>
    Object.entries(result.kinds[kind].errors)
      .sort(([, one], [, other]) => other - one)
      .map(([code, times]) => `${kind.toUpperCase()} ${code}: ${count(times)}`),
  )
}

/** The results for a terminal. */
export function report(load: LoadReport): string {
  const { result, workload } = load
  const { hitRatio } = result
  return [
    machineLine(load),
    workloadLine(workload),
    ...workload.notes.map((note) => `  note: ${note}`),
    loadLine(load),
    '',
    ...table(rowsOf(load)),
    '',
    `${count((1_000 * result.requests) / Math.max(1, result.ms))} requests/s, hit ratio ${hitRatio === undefined ? 'unknown: no Cache-Status' : percent(hitRatio)}`,
    ...errorLines(load).map((line) => `error: ${line}`),
    ...warnings(load).map((warning) => `warning: ${warning}`),
  ].join('\n')
}

function figures(requests: number, latencies: Latencies, ms: number): string[] {
  const { meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latencies
  const times = [meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs]
  return [
    count(requests),
    count((1_000 * requests) / Math.max(1, ms)),
    ...times.map((each) => (latencies.count === 0 ? '-' : milliseconds(each))),
  ]
}
