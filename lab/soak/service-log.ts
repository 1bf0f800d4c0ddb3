import type { Trouble } from './subject.ts'

const warn = 40
const error = 50

/** A log line of level warn or above, shortened so that its like reads alike; undefined for any other line. */
export function troubleOf(line: string): Trouble | undefined {
  if (!line.startsWith('{')) return undefined
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line)
  } catch {
    return { line }
  }
  const { level, msg } = entry
  if (typeof level !== 'number' || level < warn) return undefined
  const message = typeof msg === 'string' ? { message: msg } : {}
  return { line: JSON.stringify(shortened(entry, level)), ...message }
}

/** Without what tells one time from another: of a mere warning, keys and places in the code too. */
function shortened(entry: Record<string, unknown>, level: number): Record<string, unknown> {
  const { time, pid, hostname, ...rest } = entry
  if (level >= error) return rest
  const { key, ...facts } = rest
  return withoutStacks(facts)
}

function withoutStacks(entry: Record<string, unknown>): Record<string, unknown> {
  const { stack, ...rest } = entry
  const nested = Object.entries(rest).map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null ? withoutStacks({ ...value }) : value,
  ])
  return Object.fromEntries(nested)
}
