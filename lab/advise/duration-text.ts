/** So many milliseconds, for a reader: `0.84 ms`, `1.4 s`, `4 min`, `1.8 h`, `7 d`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${rounded(ms)} ms`
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`
  if (ms < 3_600_000) return `${rounded(ms / 60_000)} min`
  if (ms < 2 * 86_400_000) return `${rounded(ms / 3_600_000)} h`
  return `${rounded(ms / 86_400_000)} d`
}

/** Three digits tell enough, and whole numbers are whole. */
function rounded(value: number): string {
  if (value >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(value >= 10 ? 3 : 2)))
}
