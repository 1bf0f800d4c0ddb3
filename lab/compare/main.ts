import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { findPrograms, howToInstall } from '@caching-patterns/local-servers'
import { withoutOptions } from '../command-line/arguments.ts'
import { workloadOf } from '../load/workload-arguments.ts'
import { Failure } from '../replay/failure.ts'
import { agreement } from './agreement.ts'
import { type MeasureArguments, readArguments, usage } from './arguments.ts'
import type { ComparisonResult } from './comparison-result.ts'
import { brokenPromises, silentControls } from './findings.ts'
import { fullPlan, quickPlan } from './plan.ts'
import { agreementReport, isAgreed } from './report/agreement-report.ts'
import { readResult } from './report/read-result.ts'
import { renderFiles } from './report/render-files.ts'
import { terminalReport } from './report/terminal-report.ts'
import { runComparison } from './run-comparison.ts'

const readme = resolve(import.meta.dirname, '../../../README.md')

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  const args = process.argv.slice(2)
  const options = readArguments(args)
  if (options === undefined) console.log(usage)
  else if (options.kind === 'measure') await measure(options.measure, args)
  else if (options.kind === 'render') tellFiles(await renderFiles(options.file, { readme }))
  else await agree(options.files)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 1
}

async function measure(options: MeasureArguments, args: readonly string[]): Promise<void> {
  const result = await compared(options, args)
  await mkdir(dirname(options.results), { recursive: true })
  const json = `${options.results}.json`
  await writeFile(json, `${JSON.stringify(result)}\n`)
  console.log(terminalReport(result))
  tellFiles([json, ...(await renderFiles(json))])
  const findings = [...brokenPromises(result), ...silentControls(result)]
  for (const finding of findings) console.error(finding)
  if (findings.length > 0) process.exitCode = 1
}

function tellFiles(files: readonly string[]): void {
  for (const file of files) console.log(relative('.', file))
}

async function agree([one, other]: readonly [string, string]): Promise<void> {
  const agreements = agreement(await readResult(one), await readResult(other))
  console.log(agreementReport(agreements))
  if (!isAgreed(agreements)) process.exitCode = 1
}

async function compared(
  { isQuick, isEmbedded, subjects, rounds, workload }: MeasureArguments,
  args: readonly string[],
): Promise<ComparisonResult> {
  const { redisServer, postgres } = findPrograms()
  const isInstalled = redisServer !== undefined && postgres !== undefined
  if (!isInstalled) console.error(['without Redis and PostgreSQL', ...howToInstall].join('\n  '))
  const plan = isQuick ? quickPlan : fullPlan
  return runComparison({
    plan: { ...plan, ...(rounds !== undefined && { rounds }) },
    workload: await workloadOf(workload),
    subjects,
    servers: isInstalled && !isEmbedded ? 'real' : 'embedded',
    seed: workload.seed,
    args: withoutOptions(args, ['--results']),
    onProgress: tell(),
  })
}

/** A line for each step, on standard error. */
function tell() {
  const startedAt = performance.now()
  return (what: string, share: number) => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    process.stderr.write(
      `${String(Math.round(100 * share)).padStart(3)} %  ${seconds} s  ${what}\n`,
    )
  }
}
