import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chart } from './chart.ts'
import type { ExperimentResult } from './experiment.ts'
import type { Machine } from './machine.ts'
import type { GroupResult } from './run-group.ts'

/** All that was measured. */
export interface BenchResults extends Machine {
  /** Versions of the peers, by name. */
  readonly packages: Readonly<Record<string, string>>
  readonly rounds: number
  readonly sampleMs: number
  readonly groups: readonly GroupResult[]
  readonly experiments: readonly ExperimentResult[]
}

/** Writes a file of its own for each run, and a chart beside it where there is something to draw; answers their paths. */
export async function writeResults(folder: string, results: BenchResults): Promise<string[]> {
  const second = results.date.slice(0, 19).replaceAll(':', '-')
  const file = join(folder, `bench-${second}.json`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
  const drawn = chart(results.groups)
  if (drawn === undefined) return [file]
  const chartFile = join(folder, `bench-${second}.svg`)
  await writeFile(chartFile, drawn)
  return [file, chartFile]
}
