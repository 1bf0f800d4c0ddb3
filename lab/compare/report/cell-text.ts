import type { Cell, Figure, MeasuredCell } from '../figure.ts'
import { rangeOf } from '../ranking.ts'
import { valueText } from './number-text.ts'

/** How a cell reads: what it says, and how far its samples lie from that. */
export interface CellText {
  readonly value: string
  /** Empty: all samples are the same, or there are none. */
  readonly noise: string
}

/** `2,812` and `±4 %`; `87.3` and `±0.2` of percentages; `2` and `(0 to 7)` where the noise is more than the value. */
export function cellText({ unit }: Pick<Figure, 'unit'>, cell: Cell): CellText {
  switch (cell.kind) {
    case 'needs':
      return { value: `needs ${cell.server}`, noise: '' }
    case 'none':
      return { value: cell.what, noise: '' }
    case 'measured':
      return { value: valueText(unit, cell.spread.median), noise: noiseText(unit, cell) }
  }
}

function noiseText(unit: Figure['unit'], cell: MeasuredCell): string {
  const { median } = cell.spread
  const { low, high } = rangeOf(cell)
  if (!Number.isFinite(low)) return '(one sample)'
  if (low === high) return ''
  const farthest = Math.max(high - median, median - low)
  if (farthest > Math.abs(median)) return `(${valueText(unit, low)} to ${valueText(unit, high)})`
  return unit === '%' ? `±${pointsText(farthest)}` : `±${roundedUp((100 * farthest) / median, 1)} %`
}

function pointsText(points: number): string {
  return points < 1 ? roundedUp(points, 100).toString() : roundedUp(points, 10).toFixed(1)
}

/** Never less noise than there was. */
function roundedUp(value: number, parts: number): number {
  return Math.ceil(value * parts - 1e-9) / parts
}
