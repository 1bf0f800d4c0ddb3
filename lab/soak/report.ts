import type { Finding } from './findings.ts'
import type { FlapServiceResult } from './flapped-service.ts'
import { type Course, isFlat, mebibytes } from './memory.ts'
import type { MemoryResult, MethodResult, SoakResult } from './result.ts'

/** One pattern's run: what it did, what it held, and what was wrong with it. */
export function report(result: SoakResult): string {
  const { pattern, store, source, seconds, requestsPerSecond, reads, hitRatio } = result
  const outcomes = Object.entries(reads).map(([name, times]) => `${name} ${count(times)}`)
  return [
    `${pattern} on ${store} and ${source}: ${verdict(result)}`,
    `  ${count(requestsPerSecond)} requests/s for ${seconds.toFixed(1)} s, hit ratio ${(100 * hitRatio).toFixed(1)} %, ${count(result.databaseLoads)} loads, ${count(result.rowsCompared)} rows compared`,
    `  reads: ${outcomes.join(', ')}; labelled stale ${count(result.labelledStale)}`,
    ...table([['', 'requests', 'p50 ms', 'p99 ms', 'statuses'], ...result.methods.map(methodRow)]),
    ...memoryTable(result.memory),
    ...result.notes.map((note) => `  note: ${note}`),
    ...result.findings.flatMap(findingLines),
    '',
  ].join('\n')
}

/** What happened to the servers, and what each service made of it. */
export function flapReport(
  outages: Readonly<Record<string, number>>,
  services: readonly FlapServiceResult[],
): string {
  const happened = Object.entries(outages).sort(([one], [other]) => (one < other ? -1 : 1))
  const total = happened.reduce((sum, [, times]) => sum + times, 0)
  return [
    `${count(total)} outages: ${happened.map(([what, times]) => `${what} ${times}`).join(', ')}`,
    '',
    ...services.map(flapServiceReport),
  ].join('\n')
}

function flapServiceReport(result: FlapServiceResult): string {
  const { pattern, held, reads, findings, wellAfterMs } = result
  const outcomes = Object.entries(reads).map(([name, times]) => `${name} ${count(times)}`)
  const verdictOf = (course: Course) =>
    course.secondQuarter === undefined ? 'too short to judge' : ''
  const row = (name: string, course: Course, unit = 1) => [
    name,
    ...[course.first, course.secondQuarter, course.lastQuarter, course.last].map((value) =>
      value === undefined ? '-' : count(value / unit),
    ),
    verdictOf(course),
  ]
  const kinds = Object.entries(held.handleKinds).map(
    ([kind, [from, to]]) => `${kind} ${from}/${to}`,
  )
  return [
    `${pattern}: ${verdict(result)}, well ${wellAfterMs ?? '-'} ms after the last outage`,
    `  ${count(result.requestsPerSecond)} requests/s; reads: ${outcomes.join(', ')}; labelled stale ${count(result.labelledStale)}; ${count(result.rowsCompared)} rows compared`,
    ...table([['', 'requests', 'p50 ms', 'p99 ms', 'statuses'], ...result.methods.map(methodRow)]),
    ...table([
      ['', 'first', '2nd quarter', 'last quarter', 'last', ''],
      row('RSS, MiB', held.rss, 2 ** 20),
      row('heap, MiB', held.heap, 2 ** 20),
      row('handles', held.handles),
      row('listeners', held.listeners),
      row('listeners on process', held.processListeners),
      row('most on one emitter', held.mostListeners),
    ]),
    `  most handles of a kind, 2nd and last quarter: ${kinds.join(', ')}`,
    ...findings.flatMap(findingLines),
    '',
  ].join('\n')
}

/** All runs in a line each. */
export function overview(results: readonly SoakResult[]): string {
  const rows = results.map((result) => [
    result.pattern,
    count(result.requestsPerSecond),
    `${(100 * result.hitRatio).toFixed(1)} %`,
    ...result.methods.map(({ p50Ms, p99Ms }) => `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`),
    verdict(result),
  ])
  const methods = results[0]?.methods.map(({ method }) => `${method} p50/p99 ms`) ?? []
  return table([['', 'requests/s', 'hit ratio', ...methods, ''], ...rows]).join('\n')
}

function findingLines({ check, times, examples }: Finding): string[] {
  const shown = examples.reduce((sum, example) => sum + example.times, 0)
  return [
    `  FAILED, ${check}: ${timesText(times)}`,
    ...examples.map(({ text, times }) => `    ${timesText(times)}: ${text}`),
    ...(times > shown ? [`    and ${timesText(times - shown)} in other ways`] : []),
  ]
}

function timesText(times: number): string {
  return times === 1 ? 'once' : `${count(times)} times`
}

function verdict({ findings }: Pick<SoakResult, 'findings'>): string {
  if (findings.length === 0) return 'passed'
  return `FAILED (${findings.map(({ check }) => check).join(', ')})`
}

function methodRow({ method, requests, p50Ms, p99Ms, statuses }: MethodResult): string[] {
  const times = Object.entries(statuses).map(([status, times]) => `${status}: ${count(times)}`)
  return [method, count(requests), p50Ms.toFixed(2), p99Ms.toFixed(2), times.join(', ')]
}

function memoryTable(memory: readonly MemoryResult[]): string[] {
  if (memory.length === 0) return []
  const heading = ['MiB', 'first', '2nd quarter', 'last quarter', 'last', '']
  const rows = memory.flatMap(({ process, rss, heap }) => [
    memoryRow(`${process}, RSS`, rss),
    memoryRow(`${process}, heap`, heap),
  ])
  return table([heading, ...rows])
}

function memoryRow(name: string, course: Course): string[] {
  const { first, secondQuarter, lastQuarter, last } = course
  const verdicts = { true: 'flat', false: 'GROWS', undefined: 'too short to judge' }
  const cell = (bytes: number | undefined) => (bytes === undefined ? '-' : mebibytes(bytes))
  return [
    name,
    ...[first, secondQuarter, lastQuarter, last].map(cell),
    verdicts[`${isFlat(course)}`],
  ]
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** The first and the last column are text, those between are figures. */
function table(rows: readonly (readonly string[])[]): string[] {
  const last = (rows[0]?.length ?? 0) - 1
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths?.[column] ?? 0
      return column === 0 || column === last ? cell.padEnd(width) : cell.padStart(width)
    })
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
