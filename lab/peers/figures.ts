import type { Machine } from '../bench/machine.ts'
import { inLines } from '../command-line/in-lines.ts'
import type { Line } from './report.ts'
import type { Result } from './run.ts'

/** All that came of a run. */
export interface Figures extends Machine {
  readonly ttlMs: number
  readonly seconds: number
  /** Versions by name. */
  readonly packages: Readonly<Record<string, string>>
  readonly peers: readonly Line[]
  readonly results: readonly Result[]
}

/** What stands above all tables. */
export function heading(figures: Pick<Figures, keyof Machine | 'ttlMs' | 'packages'>): string {
  const { date, node, cpu, cpus, load, commit, isChanged, command, ttlMs, packages } = figures
  const at = commit === undefined ? 'no commit' : `commit ${commit}${isChanged ? ', changed' : ''}`
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC | Node ${node} | ${cpu}, ${cpus} cores | ${at}`,
    `${command} | TTL ${ttlMs / 1_000} s`,
    ...inLines(versions),
    ...(load > cpus / 4
      ? [`Something else is running: load ${load.toFixed(1)} before the start. Expect noise.`]
      : []),
    '',
  ].join('\n')
}
