import { allowed } from './allowed.ts'
import type { Constraints } from './constraints.ts'

/** As they would be typed; `no constraints` for none. */
export function constraintsText({
  maxStalenessMs,
  mayLoseMs,
  dbBudget,
  maxLagMs,
  p99Ms,
}: Constraints): string {
  const durations = [
    ['--max-staleness', maxStalenessMs],
    ['--may-lose', mayLoseMs],
    ['--max-lag', maxLagMs],
    ['--p99', p99Ms],
  ] as const
  const texts = durations.flatMap(([option, ms]) => {
    return ms === undefined ? [] : [`${option} ${ms === 0 ? 'none' : allowed(ms)}`]
  })
  if (dbBudget !== undefined) texts.push(`--db-budget ${dbBudget}/s`)
  return texts.length === 0 ? 'no constraints' : texts.join(' ')
}
