import { readFile } from 'node:fs/promises'

/** What a process holds at one moment. */
export interface MemorySample {
  readonly rssBytes: number
  readonly heapBytes: number
}

/** How one of the two went, in bytes. Medians of quarters are undefined in runs too short to judge. */
export interface Course {
  readonly first: number
  readonly last: number
  readonly secondQuarter: number | undefined
  readonly lastQuarter: number | undefined
}

const mebibyte = 2 ** 20
const allowedShare = 1.15
const allowedBytes = 20 * mebibyte
/** Fewer say nothing about a trend. */
const judgedFrom = 16

/** First and last sample, and the medians of the second and the last quarter: what came before is start-up. */
export function courseOf(values: readonly number[]): Course {
  const quarter = (n: number) =>
    values.length < judgedFrom
      ? undefined
      : median(values.slice((values.length * (n - 1)) / 4, (values.length * n) / 4))
  return {
    first: values[0] ?? 0,
    last: values.at(-1) ?? 0,
    secondQuarter: quarter(2),
    lastQuarter: quarter(4),
  }
}

/** Whether it stayed within 15 % and 20 MiB of the second quarter; undefined: too short to judge. */
export function isFlat({ secondQuarter, lastQuarter }: Course): boolean | undefined {
  if (secondQuarter === undefined || lastQuarter === undefined) return undefined
  return lastQuarter <= secondQuarter * allowedShare + allowedBytes
}

/** Of `/proc`; undefined where there is none. */
export async function rssOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kibibytes = /^VmRSS:\s+([0-9]+) kB$/m.exec(text)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/** A figure of Prometheus text. Throws when there is none. */
export function metricOf(text: string, name: string): number {
  const value = new RegExp(`^${name} ([0-9.e+]+)$`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`/metrics: expected a figure ${name}, received none`)
  return Number(value)
}

export function mebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(0)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
