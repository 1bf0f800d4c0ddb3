import type { ReplayResult } from './replay.ts'

const count = (value: number) => value.toLocaleString('en')

const columns: readonly (readonly [string, (result: ReplayResult) => string])[] = [
  ['service', ({ service }) => service],
  ['requests', ({ requests }) => count(requests)],
  ['hits', ({ hits }) => count(hits)],
  ['misses', ({ misses }) => count(misses)],
  ['other', ({ stale, negative, bypass }) => count(stale + negative + bypass)],
  ['absent', ({ absent }) => count(absent)],
  ['database loads', ({ databaseLoads }) => count(databaseLoads)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(3)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(3)],
  ['req/s', ({ requestsPerSecond }) => count(Math.round(requestsPerSecond))],
  ['errors', ({ errors }) => count(errors)],
]

/** The results as a table, and below it what a reader should know about them. */
export function report(results: readonly ReplayResult[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...results.map((result) => columns.map(([, cell]) => cell(result))),
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  const table = rows.map((row) =>
    row
      .map((cell, index) =>
        index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join('  '),
  )
  return [...table, ...results.flatMap(notes)].join('\n')
}

function notes(result: ReplayResult): string[] {
  const { service, stale, negative, bypass, absent, errors, errorKinds, disagreements } = result
  const kinds = Object.entries(errorKinds).map(([kind, times]) => `${kind}: ${count(times)}`)
  return [
    ...(stale + negative + bypass > 0
      ? [`${service}: other reads: ${stale} stale, ${negative} negative, ${bypass} bypass`]
      : []),
    ...(absent > 0
      ? [
          `${service}: ${count(absent)} requests were for users that it does not have (404): start it with a larger SEED_USERS`,
        ]
      : []),
    ...(errors > 0 ? [`${service}: errors: ${kinds.join(', ')}`] : []),
    ...disagreements.map((difference) => `${service}: DISAGREEMENT, ${difference}`),
  ]
}
