const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A duration as it is typed: `250ms`, `1s`, `5m`. */
export function allowed(ms: number): string {
  for (const [unit, unitMs] of units) {
    if (ms >= unitMs && Number.isInteger(ms / unitMs)) return `${ms / unitMs}${unit}`
  }
  return `${ms}ms`
}
