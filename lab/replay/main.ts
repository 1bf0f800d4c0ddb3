import { cpus } from 'node:os'
import { type ReplayArguments, readArguments, usage } from './arguments.ts'
import { Failure } from './failure.ts'
import { progressOf } from './progress.ts'
import { type ReplayResult, replay } from './replay.ts'
import { report } from './report.ts'
import { service } from './service.ts'
import { readTrace, type Trace } from './trace.ts'

try {
  const options = readArguments(process.argv.slice(2))
  if (options === undefined) console.log(usage)
  else await main(options)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function main(options: ReplayArguments): Promise<void> {
  const trace = await readTrace(options.trace)
  const results = await replayAll(options, trace)
  console.log(options.asJson ? asJson(options, trace, results) : report(results))
  const isSound = results.every(({ errors, disagreements }) => errors + disagreements.length === 0)
  if (!isSound) process.exitCode = 1
}

/** One service after the other, so that none takes time from another. All must answer before the first begins. */
async function replayAll(
  { urls, concurrency, isWarm }: ReplayArguments,
  trace: Trace,
): Promise<ReplayResult[]> {
  const services = urls.map((url) => service(url, concurrency, process.env.ADMIN_TOKEN))
  const results: ReplayResult[] = []
  try {
    const names = await Promise.all(services.map(async (each) => (await each.stats()).pattern))
    for (const [index, each] of services.entries()) {
      const progress = progressOf((names[index] ?? '').padEnd(14), trace.keys.length)
      try {
        results.push(
          await replay(each, trace, { concurrency, isWarm, onProgress: progress.update }),
        )
      } finally {
        progress.stop()
      }
    }
  } finally {
    for (const each of services) each.close()
  }
  return results
}

function asJson(
  { trace: file, concurrency, isWarm }: ReplayArguments,
  { keys, distinctKeys }: Trace,
  services: readonly ReplayResult[],
): string {
  const machine = { node: process.version, cpu: cpus()[0]?.model, cpus: cpus().length }
  const trace = { file, requests: keys.length, distinctKeys }
  return JSON.stringify(
    { date: new Date().toISOString(), ...machine, trace, concurrency, isWarm, services },
    null,
    2,
  )
}
