import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { Failure } from '../replay/failure.ts'
import { readArguments, type SoakArguments, usage } from './arguments.ts'
import { type Backends, openBackends } from './backends.ts'
import { flap } from './flap.ts'
import { flapReport, overview, report } from './report.ts'
import type { SoakResult } from './result.ts'
import { soakPattern } from './soak-pattern.ts'

try {
  const args = readArguments(process.argv.slice(2))
  if (args === undefined) console.log(usage)
  else await main(args)
} catch (error) {
  console.error(error instanceof Failure ? error.message : error)
  process.exitCode = 2
}

async function main(args: SoakArguments): Promise<void> {
  if (args.isFlapping) return flapped(args)
  const backends = await openBackends(args)
  endOnSignal(backends)
  const results: SoakResult[] = []
  console.log(heading(args))
  try {
    for (const pattern of args.patterns) {
      const result = await soakPattern(pattern, args, backends.environment)
      console.log(report(result))
      results.push(result)
    }
  } finally {
    await backends.close()
  }
  if (results.length > 1) console.log(overview(results))
  if (args.json !== undefined) await writeFile(args.json, asJson(args, results))
  if (results.some(({ findings }) => findings.length > 0)) process.exitCode = 1
}

async function flapped(args: SoakArguments): Promise<void> {
  console.log(heading(args))
  const { outages, services } = await flap(args)
  console.log(flapReport(outages, services))
  if (args.json !== undefined) await writeFile(args.json, asJson(args, services, { outages }))
  if (services.some(({ findings }) => findings.length > 0)) process.exitCode = 1
}

/** The services end with this process, and so do servers of its own. */
function endOnSignal(backends: Backends): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      const end = () => process.exit(130)
      backends.close().then(end, end)
    })
  }
}

function heading({ processes, clients, seconds, users, seed }: SoakArguments): string {
  const [load = 0] = loadavg()
  const cores = cpus().length
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC | Node ${process.version} | ${cpus()[0]?.model}, ${cores} cores`,
    `${processes} processes a service, ${clients} clients, ${seconds} s, ${users} users, seed ${seed}`,
    ...(load > cores / 4
      ? [`Something else is running: load ${load.toFixed(1)} before the start. Deadlines may pass.`]
      : []),
    '',
  ].join('\n')
}

function asJson(args: SoakArguments, results: readonly object[], more: object = {}): string {
  const { processes, clients, seconds, users, seed } = args
  const machine = { node: process.version, cpu: cpus()[0]?.model, cpus: cpus().length }
  const traffic = { processes, clients, seconds, users, seed }
  const all = { date: new Date().toISOString(), ...machine, ...traffic, ...more, services: results }
  return `${JSON.stringify(all, null, 2)}\n`
}
