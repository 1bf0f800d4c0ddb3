import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExperimentResult } from './experiment.ts'
import type { Machine } from './machine.ts'
import type { GroupResult } from './run-group.ts'

/** All that was measured. */
export interface BenchResults extends Machine {
  readonly rounds: number
  readonly sampleMs: number
  readonly groups: readonly GroupResult[]
  readonly experiments: readonly ExperimentResult[]
}

/** Writes a file of its own for each run; answers its path. */
export async function writeResults(folder: string, results: BenchResults): Promise<string> {
  const second = results.date.slice(0, 19).replaceAll(':', '-')
  const file = join(folder, `bench-${second}.json`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
  return file
}
