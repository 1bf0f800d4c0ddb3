import type { Holdings } from './companion.ts'
import type { Findings } from './findings.ts'
import { type Course, courseOf, isFlat } from './memory.ts'

/** How what a process holds went, from sample to sample. */
export interface HeldResult {
  readonly process: string
  readonly samples: number
  readonly rss: Course
  readonly heap: Course
  readonly handles: Course
  /** By kind, in the second and in the last quarter: the most of any sample. */
  readonly handleKinds: Readonly<Record<string, readonly [before: number, last: number]>>
  readonly processListeners: Course
  readonly listeners: Course
  /** On one emitter for one event. */
  readonly mostListeners: Course
}

/** Connections and requests come and go while servers do: so many more say nothing. */
const allowedMore = { handles: 10, processListeners: 0, listeners: 60, mostListeners: 2 } as const
const allowedShare = 1.15

/** What the samples of one process come to. */
export function heldResult(process: string, samples: readonly Holdings[]): HeldResult {
  const course = (pick: (holdings: Holdings) => number) => courseOf(samples.map(pick))
  const quarter = (n: number) =>
    samples.slice((samples.length * (n - 1)) / 4, (samples.length * n) / 4)
  const kinds = new Set(samples.flatMap(({ handles }) => Object.keys(handles)))
  const most = (kind: string, among: readonly Holdings[]) =>
    among.reduce((max, { handles }) => Math.max(max, handles[kind] ?? 0), 0)
  return {
    process,
    samples: samples.length,
    rss: course(({ rssBytes }) => rssBytes),
    heap: course(({ heapBytes }) => heapBytes),
    handles: course(({ handles }) => Object.values(handles).reduce((sum, n) => sum + n, 0)),
    handleKinds: Object.fromEntries(
      [...kinds].map((kind) => [kind, [most(kind, quarter(2)), most(kind, quarter(4))]]),
    ),
    processListeners: course(({ processListeners }) => processListeners),
    listeners: course(({ listeners }) => listeners),
    mostListeners: course(({ mostListeners }) => mostListeners),
  }
}

/** A finding for whatever grew from the second quarter to the last; too few samples are judged by nobody. */
export function judgeHeld(result: HeldResult, findings: Findings): void {
  const { process, rss, heap } = result
  for (const [what, course] of Object.entries({ RSS: rss, heap })) {
    if (isFlat(course) === false) findings.add('memory', `${process}: ${what} ${grewFrom(course)}`)
  }
  for (const [what, more] of Object.entries(allowedMore)) {
    const course = result[what as keyof typeof allowedMore]
    const { secondQuarter, lastQuarter } = course
    if (secondQuarter === undefined || lastQuarter === undefined) continue
    if (lastQuarter <= secondQuarter * allowedShare + more) continue
    findings.add(
      what === 'handles' ? 'handles' : 'listeners',
      `${process}: ${what} ${grewFrom(course)}`,
    )
  }
}

function grewFrom({ secondQuarter, lastQuarter }: Course): string {
  return `grew from ${secondQuarter} to ${lastQuarter}`
}
