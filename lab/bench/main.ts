import { relative, resolve } from 'node:path'
import { findPrograms, howToInstall } from '@caching-patterns/local-servers'
import { versionsOf } from '../peers/versions.ts'
import { Failure } from '../replay/failure.ts'
import { progressOf } from '../replay/progress.ts'
import { type BenchArguments, readArguments, usage } from './arguments.ts'
import { type ExperimentResult, runExperiment } from './experiment.ts'
import { experiments } from './experiments.ts'
import type { ServerName } from './group.ts'
import { groups, peerGroups } from './groups.ts'
import { thisMachine } from './machine.ts'
import { libraries } from './peers/contender.ts'
import { experimentReport, heading, report } from './report.ts'
import { writeResults } from './results.ts'
import { type GroupResult, runGroup } from './run-group.ts'

const names = [...groups, ...experiments].map(({ name }) => name)
const onRequest = peerGroups.map(({ name }) => name)
const ownResults = resolve(import.meta.dirname, '../../results')
// Enough for the length of samples to settle, and for three or four of that length.
const warmUps = 8

try {
  const args = process.argv.slice(2)
  const options = readArguments(args, names, onRequest)
  if (options === undefined) console.log(usage(names))
  else await main(options, args)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function main(options: BenchArguments, args: readonly string[]): Promise<void> {
  const machine = thisMachine('bench', args)
  const packages = await packagesOf(options.groups)
  const { rounds, sampleMs, asJson, results: folder = ownResults } = options
  const print = (text: string) => (asJson ? undefined : console.log(text))
  print(heading(machine, rounds, packages))
  const results: GroupResult[] = []
  for (const group of groups.filter(({ name }) => options.groups.includes(name))) {
    const progress = progressOf(group.name.padEnd(14), warmUps + rounds)
    const onProgress = progress.update
    try {
      results.push(await runGroup(group, installed(), { rounds, sampleMs, warmUps, onProgress }))
    } finally {
      progress.stop()
    }
    print(report(results.at(-1) as GroupResult))
  }
  const found: ExperimentResult[] = []
  for (const experiment of experiments.filter(({ name }) => options.groups.includes(name))) {
    const result = await runExperiment(experiment, installed(), options.isQuick)
    found.push(result)
    print(experimentReport(result))
  }
  const missing = [...results, ...found].flatMap((each) => each.missing)
  if (missing.length > 0) print(howToInstall.join('\n'))
  const all = { ...machine, packages, rounds, sampleMs, groups: results, experiments: found }
  const [file = '', chartFile] = (await writeResults(folder, all)).map((path) =>
    relative('.', path),
  )
  const drawn = chartFile === undefined ? '' : `\nThe chart: ${chartFile}`
  console.log(asJson ? JSON.stringify(all, null, 2) : `All samples: ${file}${drawn}`)
}

/** Versions of the peers, where they are asked. */
async function packagesOf(asked: readonly string[]): Promise<Readonly<Record<string, string>>> {
  if (!asked.some((name) => onRequest.includes(name))) return {}
  return versionsOf((await libraries()).flatMap(({ packages }) => packages))
}

function installed(): ServerName[] {
  const { redisServer, postgres } = findPrograms()
  return [...(redisServer ? ['Redis' as const] : []), ...(postgres ? ['PostgreSQL' as const] : [])]
}
