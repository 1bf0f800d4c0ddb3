import type { LoadResult } from '../../load/load-plan.ts'
import type { ComparisonResult, SubjectResult } from '../comparison-result.ts'
import type { Records } from '../records.ts'
import { numberText, percentText } from './number-text.ts'

// Their errors are what they are about.
type Outage = 'redisFrozen' | 'postgresDown'
const healthy = ['reads', 'writes', 'mixed'] as const satisfies readonly Exclude<
  keyof Records,
  Outage
>[]

/** What a reader has to know before believing a figure, and what of its source the workload leaves out. */
export function notes(result: ComparisonResult): readonly string[] {
  return [...runNotes(result), ...result.workload.notes.map((note) => `Workload: ${note}`)]
}

/** Of the run alone: quick, embedded, noise, errors, a client at its limit. */
export function runNotes(result: ComparisonResult): readonly string[] {
  const { isQuick, machine, servers, subjects } = result
  return [
    ...(isQuick
      ? ['A quick run: its figures are few. They say that everything runs, and not much more.']
      : []),
    ...(servers.redis === undefined || servers.postgres === undefined
      ? [
          'Embedded: the cache or the database is part of each process, of which there is one a subject. What needs a server is not measured.',
        ]
      : []),
    ...(machine.load > machine.cpus / 4
      ? [
          `Something else was running: load ${machine.load.toFixed(1)} on ${machine.cpus} cores before the start. Expect noise.`,
        ]
      : []),
    ...(machine.isChanged
      ? ['The files that were measured differ from the commit that is named.']
      : []),
    ...subjects.flatMap(errorsOf),
    ...subjects.flatMap(lateOf),
  ]
}

function errorsOf({ name, records }: SubjectResult): string[] {
  return healthy.flatMap((measurement) => {
    const times = new Map<string, number>()
    for (const { load } of records[measurement]) countErrors(load, times)
    const kinds = [...times].map(([kind, count]) => `${numberText(count)} × ${kind}`)
    return kinds.length === 0
      ? []
      : [
          `${name}: errors under ${measurement}, which no figure of speed counts: ${kinds.join(', ')}.`,
        ]
  })
}

function countErrors({ kinds }: LoadResult, times: Map<string, number>): void {
  for (const { errors } of Object.values(kinds)) {
    for (const [kind, count] of Object.entries(errors)) {
      times.set(kind, (times.get(kind) ?? 0) + count)
    }
  }
}

function lateOf({ name, records }: SubjectResult): string[] {
  const late = records.mixed.reduce((sum, { load }) => sum + load.sentLate, 0)
  const requests = records.mixed.reduce((sum, { load }) => sum + load.requests, 0)
  if (late * 100 <= requests) return []
  const share = percentText((100 * late) / requests)
  return [
    `${name}: ${share} % of the mixed load was sent more than 10 ms late: the client was at its limit, and its latencies include that.`,
  ]
}
