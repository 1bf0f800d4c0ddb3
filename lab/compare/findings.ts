import type { ComparisonResult, SubjectResult } from './comparison-result.ts'
import { isControl } from './subject.ts'

/** Promises of the patterns that this run saw broken, each in a line; figures of controls break none. */
export function brokenPromises({ subjects }: ComparisonResult): string[] {
  return subjects.filter(({ name }) => !isControl(name)).flatMap(brokenBy)
}

function brokenBy({ name, records }: SubjectResult): string[] {
  const stale = records.staleness.flatMap(({ staleAgesMs }) => staleAgesMs).length
  const lost = records.kills.reduce((sum, kill) => sum + kill.lost, 0)
  const examples = [...records.staleness, ...records.kills].flatMap((each) => each.examples)
  const first = examples[0] === undefined ? '' : `: ${examples[0]}`
  return [
    ...(stale > 0 ? [`${name}: ${stale} reads were older than a confirmed write${first}`] : []),
    ...(lost > 0 ? [`${name}: ${lost} acknowledged writes were lost${first}`] : []),
  ]
}

/** What the controls are there to show, and this run did not: its figures of the patterns then say little. */
export function silentControls({ subjects, servers, isQuick }: ComparisonResult): string[] {
  // In one process nothing comes between a load and its fill, and a moment may pass without a race.
  if (isQuick || servers.redis === undefined) return []
  return subjects.flatMap(({ name, records }) => {
    const stale = records.staleness.some(({ staleAgesMs }) => staleAgesMs.length > 0)
    const lost = records.kills.some((kill) => kill.lost > 0)
    return [
      ...(name === 'naive' && !stale ? [`${name}: no read was stale`] : []),
      ...(name === 'naive-write-behind' && !lost ? [`${name}: no write was lost`] : []),
    ]
  })
}
