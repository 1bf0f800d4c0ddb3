/** One direction of a chart: where values lie, and which of them are named. */
export interface Axis {
  /** From 0 to 1. */
  at(value: number): number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
}

/** From 0 to a round number at or above the greatest value. */
export function linearAxis(greatest: number, label: (value: number) => string): Axis {
  const step = roundStep(Math.max(greatest, Number.MIN_VALUE) / 4)
  const steps = Math.max(1, Math.ceil(greatest / step))
  return {
    at: (value) => value / (steps * step),
    ticks: Array.from({ length: steps + 1 }, (_, index) => {
      return { value: index * step, label: label(index * step) }
    }),
  }
}

/** From 0 to the last second. */
export function secondsAxis(last: number): Axis {
  const { ticks } = linearAxis(last, (value) => `${value} s`)
  return { at: (value) => value / last, ticks: ticks.filter(({ value }) => value <= last) }
}

const leastMs = 0.01

/** By powers: each factor of ten takes as much room as the next. What is less than 10 us lies at its foot. */
export function millisecondsAxis(values: readonly number[]): Axis {
  const exponentOf = (value: number) => Math.log10(Math.max(leastMs, value))
  const first = Math.floor(exponentOf(Math.min(...values)))
  const last = Math.ceil(exponentOf(Math.max(...values)))
  const decades = Math.max(1, last - first)
  const digits = decades > 2 ? [1] : [1, 2, 5]
  const ticks = Array.from({ length: decades + 1 }, (_, index) =>
    digits.map((digit) => digit * 10 ** (first + index)),
  ).flat()
  const at = (value: number) => Math.max(0, exponentOf(value) - first) / decades
  return {
    at,
    ticks: ticks
      .filter((value) => at(value) <= 1)
      .map((value) => ({ value, label: String(Number(value.toPrecision(1))) })),
  }
}

function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast))
  const digit = [1, 2, 5, 10].find((each) => each * power >= atLeast) ?? 10
  return digit * power
}
