import type { PhaseResult } from './phase.ts'
import { type Subject, type SubjectName, subjectOf } from './subjects.ts'

/** `CACHE_TTL` of the services. */
export const ttlSeconds = 5
/** A refresh that began before the commit may extend what it started from by the time that its load takes. */
const loadMs = 2_000

/** How old the last figures of a process that was killed may be. */
const figuresAgeMs = 1_000

/** What a pattern promised and did not keep; of the control, that nothing was found. And faults that did not happen. */
export function brokenPromises(name: SubjectName, phases: readonly PhaseResult[]): string[] {
  const idle = idleFaults(phases)
  if (name === 'naive') {
    const found = phases.reduce((sum, phase) => sum + phase.olderThanConfirmed, 0)
    return found > 0 ? idle : [...idle, 'the control shows no violation: this run proves nothing']
  }
  return [...idle, ...phases.flatMap((phase) => brokenIn(subjectOf(name), phase))]
}

/** Faults that were planned, and struck nobody. */
export function idleFaults(phases: readonly Pick<PhaseResult, 'faults'>[]): string[] {
  return phases.flatMap(({ faults }) =>
    faults
      .filter(({ hasHappened }) => !hasHappened)
      .map(({ name: fault, process = 'a server', atMs }) => {
        return `planned, and did not happen: ${fault} of ${process} at ${(atMs / 1_000).toFixed(1)} s`
      }),
  )
}

function brokenIn(subject: Subject, phase: PhaseResult): string[] {
  const { kind, olderThanConfirmed, nonLinearizable, marksLost, wrongValues, versionOrder } = phase
  const isKept = kind === 'kept'
  const broken: string[] = []
  const expectNone = (count: number, what: string) => {
    if (count > 0) broken.push(`${count} ${what} in a phase "${kind}"`)
  }
  expectNone(olderThanConfirmed, 'reads older than confirmed')
  expectNone(wrongValues, 'values that nobody wrote as this version')
  if (subject.isLinearizable && isKept) {
    expectNone(nonLinearizable, `operations that no order explains (${marksLost} marks lost)`)
  }
  broken.push(...tooLongOlder(phase))
  expectNone(versionOrder, 'writes whose version is below one acknowledged or read before')
  expectNone(phase.lies.length, 'writes that were refused and committed, or acknowledged and not')
  return broken
}

/** Of writes that nobody acknowledged: how long may what was before be read? */
function tooLongOlder({ olderThanRow, relayLagMs }: PhaseResult): string[] {
  const { longestMs } = olderThanRow
  const what = `older than a row ${longestMs} ms after its commit`
  if (longestMs > ttlSeconds * 1_000 + loadMs) return [`${what}, past the TTL`]
  if (relayLagMs === 0 || longestMs <= relayLagMs + figuresAgeMs) return []
  return [`${what}, past the relay's lag of ${relayLagMs} ms`]
}
