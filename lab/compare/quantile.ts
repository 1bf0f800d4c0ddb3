/** Nearest rank: a value that was measured. Expects at least one. */
export function quantileOf(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('quantileOf: expected values, received none')
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
}
