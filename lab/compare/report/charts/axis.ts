import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'

/** Where values lie along a chart, and which of them are written at its edge. */
export interface Axis {
  readonly isLog: boolean
  readonly ticks: readonly number[]
  place(value: number): number
}

export interface AxisOptions {
  readonly from: number
  readonly to: number
  /** Shares reach from 0 to 100, whatever was measured. */
  readonly isShare?: boolean
  /** Default: where the greatest value is more than 30 times the least. Never where one is zero. */
  readonly isLog?: boolean
}

const timesForLog = 30

/** From zero; logarithmic where values differ by orders, and none is zero. */
export function axisOf(values: readonly number[], options: AxisOptions): Axis {
  const { from, to, isShare = false } = options
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const { isLog = !isShare && most > timesForLog * least } = options
  if (isLog && least > 0) return axis(scaleLog([least / 1.1, most * 1.1], [from, to]), true)
  const end = isShare ? 100 : most > 0 ? most : 1
  return axis(scaleLinear([0, end], [from, to]).nice(), false)
}

function axis(scale: ScaleContinuousNumeric<number, number>, isLog: boolean): Axis {
  const [least = 0, most = 1] = scale.domain()
  return {
    isLog,
    place: (value) => scale(value),
    ticks: isLog ? logTicks(least, most) : scale.ticks(4),
  }
}

/** Powers of ten; of little more than a decade, 2 and 5 times them as well. */
function logTicks(least: number, most: number): number[] {
  const multiples = most / least > 150 ? [1] : [1, 2, 5]
  const first = Math.floor(Math.log10(least))
  const decades = Array.from(
    { length: Math.ceil(Math.log10(most)) - first + 1 },
    (_, index) => first + index,
  )
  return decades
    .flatMap((decade) => multiples.map((multiple) => Number(`${multiple}e${decade}`)))
    .filter((tick) => tick >= least && tick <= most)
}

/** `0.5`, `2,000`, `12k`: as short as it can be. */
export function tickText(tick: number): string {
  const isLong = Math.abs(tick) >= 10_000
  return isLong
    ? tick.toLocaleString('en', { notation: 'compact' }).toLowerCase()
    : tick.toLocaleString('en', { maximumFractionDigits: 6 })
}
