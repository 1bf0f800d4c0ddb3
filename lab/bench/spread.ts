/** Several measurements of one thing. */
export interface Spread {
  readonly median: number
  /** A quarter of the measurements is below `q1`, a quarter above `q3`. */
  readonly q1: number
  readonly q3: number
  readonly min: number
  readonly max: number
}

/** Quantiles between two measurements are interpolated. At least one is expected. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('spreadOf: expected values, received none')
  const sorted = [...values].sort((a, b) => a - b)
  const quantile = (share: number) => {
    const place = share * (sorted.length - 1)
    const below = sorted[Math.floor(place)] as number
    const above = sorted[Math.ceil(place)] as number
    return below + (above - below) * (place - Math.floor(place))
  }
  return {
    median: quantile(0.5),
    q1: quantile(0.25),
    q3: quantile(0.75),
    min: quantile(0),
    max: quantile(1),
  }
}
