import { operationKinds } from '../workloads/operation.ts'
import type { WorkloadDescription } from '../workloads/workload.ts'
import type { LoadReport } from './load-report.ts'

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** Three digits, as long as there is something before the point. */
export function milliseconds(ms: number): string {
  return ms.toFixed(ms < 10 ? 3 : ms < 100 ? 1 : 0)
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** In a line: what was asked for. */
export function workloadLine(workload: WorkloadDescription): string {
  const { title, mix, skew, keys, requests, valueBytes, seed } = workload
  const kinds = operationKinds
    .filter((kind) => mix[kind] > 0)
    .map((kind) => `${percent(mix[kind])} ${kind.toUpperCase()}`)
  return [
    `${title}: ${kinds.join(', ')}`,
    ...(requests === undefined ? [] : [`${count(requests)} requests`]),
    `${count(keys)} users${skew === undefined ? '' : `, Zipf ${skew}`}`,
    ...(valueBytes === 0 ? [] : [`values of ${count(valueBytes)} bytes`]),
    `seed ${seed}`,
  ].join('; ')
}

/** In a line: how it was asked for. */
export function loadLine({ targets, pace, result, warmUpMs, isFilled }: LoadReport): string {
  const how =
    'perSecond' in pace
      ? `open loop, ${count(pace.perSecond)} requests/s`
      : `closed loop, ${count(pace.clients)} clients`
  return [
    targets.join(' and '),
    `${how} for ${(result.ms / 1_000).toFixed(1)} s`,
    ...(warmUpMs > 0 ? [`after a warm-up of ${warmUpMs / 1_000} s`] : []),
    ...(isFilled ? ['every user written before'] : []),
  ].join('; ')
}

/** Where and when, in a line. */
export function machineLine({ machine }: LoadReport): string {
  const { date, node, cpu, cpus, commit, isChanged } = machine
  const at = commit === undefined ? 'no commit' : `commit ${commit}${isChanged ? ', changed' : ''}`
  return `${date.slice(0, 16).replace('T', ' ')} UTC | Node ${node} | ${cpu}, ${cpus} cores | ${at}`
}

/** What a reader should know before they believe the figures. */
export function warnings({ result, pace, machine, workload }: LoadReport): string[] {
  const { requests, sentLate, absent, ms } = result
  const isSlow =
    'perSecond' in pace && ms > 0 && requests / (ms / 1_000) < 0.9 * pace.perSecond && ms > 2_000
  return [
    ...(sentLate > 0
      ? [
          `${count(sentLate)} requests (${percent(sentLate / requests)}) were sent more than 10 ms after they were due: this command had no CPU left, or a target 1,000 requests under way. Their latencies count that wait`,
        ]
      : []),
    ...(isSlow ? ['fewer requests ended than were asked for: it took longer until all had'] : []),
    ...(absent > 0
      ? [
          `${count(absent)} answers were 404: deleted users, or a service with a SEED_USERS below ${count(workload.keys)}`,
        ]
      : []),
    ...(machine.load > machine.cpus / 4
      ? [`something else was running: load ${machine.load.toFixed(1)} before the start`]
      : []),
  ]
}
