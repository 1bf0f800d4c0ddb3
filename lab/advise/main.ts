import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findPrograms } from '@caching-patterns/local-servers'
import { withoutOptions } from '../command-line/arguments.ts'
import { openStage } from '../compare/open-stage.ts'
import { workloadOf } from '../load/workload-arguments.ts'
import { Failure } from '../replay/failure.ts'
import type { AdviceResult } from './advice-result.ts'
import { type AdviseArguments, readArguments, usage } from './arguments.ts'
import { keptResult, readResult } from './kept-result.ts'
import { pictureOf } from './picture.ts'
import { rankingOf } from './ranking.ts'
import { report } from './report.ts'
import { runAdvice } from './run-advice.ts'
import { trafficOf } from './traffic.ts'
import { verdictsOf } from './verdict.ts'

/** As the services have it. */
const standardTtlMs = 300_000

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  const args = process.argv.slice(2)
  const options = readArguments(args)
  if (options === undefined) console.log(usage)
  else await main(options, args)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function main(options: AdviseArguments, args: readonly string[]): Promise<void> {
  const { from, json, picture } = options
  const result = from === undefined ? await measure(options, args) : await judge(from, options)
  console.log(report(result))
  if (json !== undefined) await write(json, keptResult(result))
  if (picture !== undefined) await write(picture, pictureOf(result))
  const { rounds } = result.settings
  if (rankingOf(verdictsOf(result), rounds).length === 0) process.exitCode = 3
}

async function measure(
  { measuring, constraints }: AdviseArguments,
  args: readonly string[],
): Promise<AdviceResult> {
  const workload = await workloadOf(measuring.workload)
  const ttlMs = measuring.ttlMs ?? workload.description.ttlMs ?? standardTtlMs
  const traffic = trafficOf(workload, measuring.traffic)
  const { redisServer, postgres } = findPrograms()
  const isReal = !measuring.isEmbedded && redisServer !== undefined && postgres !== undefined
  const stage = await openStage({ servers: isReal ? 'real' : 'embedded' })
  const startedAt = performance.now()
  const onProgress = (what: string, share: number) => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    process.stderr.write(`${String(Math.round(100 * share)).padStart(3)} % ${seconds} s ${what}\n`)
  }
  try {
    const asked = withoutOptions(args, ['--json', '--picture'])
    return await runAdvice(stage, {
      ...measuring,
      traffic,
      constraints,
      ttlMs,
      args: asked,
      onProgress,
    })
  } finally {
    await stage.stop()
  }
}

/** Without a constraint of now: by those of then. */
async function judge(file: string, { constraints }: AdviseArguments): Promise<AdviceResult> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`--from: cannot read ${JSON.stringify(file)} (${error.code})`)
  })
  const result = readResult(text, file)
  const isAsked = Object.values(constraints).some((limit) => limit !== undefined)
  return isAsked ? { ...result, constraints } : result
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
