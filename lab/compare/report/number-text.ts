import type { Figure } from '../figure.ts'

/** A number with as many digits as say something: `2,812`, `12.3`, `0.042`. Only 0 is `0`. */
export function numberText(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : decimalText(value)
}

/** A value as tables and charts of its unit show it, the unit left out: counts are whole where they are, times never. */
export function valueText(unit: Figure['unit'], value: number): string {
  if (unit === '' || unit === '/s' || value === 0) return numberText(value)
  return unit === '%' ? percentText(value) : decimalText(value)
}

/** A share in percent, without its sign: only all is `100`, only none is `0`. */
export function percentText(value: number): string {
  if (value === 0 || value === 100) return String(value)
  return value > 99 && value < 100 ? (Math.floor(value * 100) / 100).toFixed(2) : decimalText(value)
}

function decimalText(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95) return Math.round(value).toLocaleString('en')
  if (size >= 9.995) return value.toFixed(1)
  if (size >= 0.9995) return value.toFixed(2)
  return withoutExponent(value.toPrecision(2))
}

function withoutExponent(text: string): string {
  return text.includes('e') ? Number(text).toFixed(12).replace(/0+$/, '') : text
}
