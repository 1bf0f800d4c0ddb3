import { writeFile } from 'node:fs/promises'
import { thisMachine } from '../bench/machine.ts'
import { Failure } from '../replay/failure.ts'
import { type ChaosArguments, readArguments, usage } from './arguments.ts'
import { embeddedChaos } from './embedded/command.ts'
import type { LedgerResult } from './ledger/promises.ts'
import { ledgerLine } from './ledger/report.ts'
import type { PhaseResult } from './phase.ts'
import { overview } from './report.ts'
import { runSubject, type SubjectResult } from './run-subject.ts'
import { openPostgres } from './servers.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
try {
  const given = process.argv.slice(2)
  if (given.includes('--embedded')) process.exit(await embeddedChaos(given))
  const args = readArguments(given)
  if (args === undefined) console.log(usage)
  else await main(args)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 2
}

async function main(args: ChaosArguments): Promise<void> {
  const about = aboutRun(args)
  console.log(`${about.date} | Node ${about.node} | ${about.cpu}, ${about.cpus} cores`)
  console.log(`seed ${args.seed}: the same faults come with --seed ${args.seed}\n`)
  const postgres = await openPostgres()
  const results: SubjectResult[] = []
  try {
    for (const name of args.subjects) {
      const result = await runSubject(name, args, { postgres, onPhase: tell })
      results.push(result)
      console.log(`${name.padEnd(14)} ${result.findings.length === 0 ? 'passed' : 'FAILED'}`)
    }
  } finally {
    await postgres.stop()
  }
  console.log(`\n${overview(results)}`)
  const failed = results.some(({ findings }) => findings.length > 0)
  if (args.json !== undefined) {
    await writeFile(args.json, `${JSON.stringify({ ...about, results }, null, 2)}\n`)
  }
  if (failed) process.exitCode = 1
}

/** A long run says what it does. */
function tell(phase: PhaseResult | LedgerResult): void {
  if ('ledger' in phase) console.log(`  ${ledgerLine(phase)}`)
}

function aboutRun({ json: _, ...args }: ChaosArguments) {
  return { ...thisMachine('chaos', process.argv.slice(2)), ...args }
}
