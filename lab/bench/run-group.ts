import { type Compared, compare } from './comparison.ts'
import type { Group, ServerName } from './group.ts'
import { type Measuring, measure } from './measure.ts'
import type { Ranking } from './ranking.ts'
import { cpuUsPerOperation, type Measured, operationsPerSecond } from './sample.ts'
import { type Spread, spreadOf } from './spread.ts'

/** A subject's figures. */
export interface Figures extends Measured {
  readonly operationsPerSecond: Spread
  readonly cpuUsPerOperation: Spread
  readonly p99Ms?: Spread
}

/** What came of a group. */
export interface GroupResult {
  readonly name: string
  readonly title: string
  /** Servers that are not installed: nothing was measured. */
  readonly missing: readonly ServerName[]
  readonly subjects: readonly Figures[]
  readonly comparisons: readonly Compared[]
  readonly ranking?: Ranking
}

/** Opens a group, measures it, and closes it whatever happens. Subjects have to answer rightly before and after. */
export async function runGroup(
  group: Group,
  installed: readonly ServerName[],
  measuring: Measuring,
): Promise<GroupResult> {
  const { name, title, scale = 1 } = group
  const missing = group.needs.filter((server) => !installed.includes(server))
  if (missing.length > 0) return { name, title, missing, subjects: [], comparisons: [] }
  const closers: (() => unknown)[] = []
  try {
    const { subjects, comparisons, ranking } = await group.open((close) => closers.unshift(close))
    for (const subject of subjects) await subject.check()
    const measured = await measure(subjects, {
      ...measuring,
      sampleMs: scale * measuring.sampleMs,
      countsAllocation: ranking?.columns.includes('allocation') ?? false,
    })
    for (const subject of subjects) await subject.check()
    return {
      name,
      title,
      missing,
      subjects: measured.map(figuresOf),
      comparisons: comparisons.map((each) => compare(each, measured)),
      ...(ranking && { ranking }),
    }
  } finally {
    for (const close of closers) await close()
  }
}

function figuresOf(measured: Measured): Figures {
  const slow = measured.samples.flatMap(({ p99Ms }) => (p99Ms === undefined ? [] : [p99Ms]))
  return {
    ...measured,
    operationsPerSecond: spreadOf(measured.samples.map(operationsPerSecond)),
    cpuUsPerOperation: spreadOf(measured.samples.map(cpuUsPerOperation)),
    ...(slow.length > 0 && { p99Ms: spreadOf(slow) }),
  }
}
