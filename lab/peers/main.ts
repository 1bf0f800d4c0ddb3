import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findPrograms, howToInstall } from '@caching-patterns/local-servers'
import { thisMachine } from '../bench/machine.ts'
import { Failure } from '../replay/failure.ts'
import { progressOf } from '../replay/progress.ts'
import { type PeersArguments, readArguments, usage } from './arguments.ts'
import { type Figures, heading } from './figures.ts'
import { chosenPeers } from './peers.ts'
import { report } from './report.ts'
import { run } from './run.ts'
import { scenarios as all } from './scenarios.ts'
import { versionsOf } from './versions.ts'

/** Whole seconds, since some peers know nothing shorter, and short enough to see it end. */
const ttlMs = 2_000

try {
  const args = process.argv.slice(2)
  const options = readArguments(args)
  if (options === undefined) console.log(usage)
  else await main(options, args)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function main(options: PeersArguments, args: readonly string[]): Promise<void> {
  if (findPrograms().redisServer === undefined) throw new Failure(howToInstall.join('\n'))
  const begunAt = performance.now()
  const peers = await chosenPeers(options.peers, options.forms)
  const scenarios = all.filter(({ number }) => options.scenarios?.includes(number) ?? true)
  const machine = thisMachine('peers', args)
  const packages = await versionsOf(peers.flatMap(({ packages }) => packages))
  console.log(heading({ ...machine, ttlMs, packages }))
  const scenes = peers.flatMap(({ forms }) => forms).length * scenarios.length
  const progress = progressOf('peers', scenes)
  const results = await run({
    peers,
    scenarios,
    ttlMs,
    lanes: options.lanes,
    onResult: (_, left) => progress.update(scenes - left),
  }).finally(() => progress.stop())
  const seconds = Math.round((performance.now() - begunAt) / 1_000)
  console.log(report(peers, results))
  console.log(`${scenes} scenes in ${seconds} s`)
  if (options.results === undefined) return
  const forms = peers.map(({ name, forms }) => ({ name, forms }))
  const figures: Figures = { ...machine, seconds, ttlMs, packages, peers: forms, results }
  await mkdir(dirname(options.results), { recursive: true })
  await writeFile(options.results, `${JSON.stringify(figures, tenths, 1)}\n`)
}

/** Of milliseconds nobody reads more. */
function tenths(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}
