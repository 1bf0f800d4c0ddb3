import { banner } from './banner.ts'
import { readEnvironment } from './environment.ts'
import { isServiceName, type ServiceName, serviceNames } from './ports.ts'
import { serve } from './serve.ts'
import { shutDownWith } from './shutdown.ts'
import { StartError } from './start-error.ts'

try {
  const names = servicesOf(process.argv.slice(2))
  const environment = readEnvironment()
  const running = serve(names, environment)
  const shutDown = shutDownWith(running.close)
  void running.lost.then(({ message }) => {
    console.error(message)
    shutDown(1)
  })
  const services = await running.ready
  // Empty when a signal came while starting.
  if (services.length > 0) console.log(banner(services, environment, performance.now()))
} catch (error) {
  console.error(reason(error))
  process.exit(1)
}

/** The services that the arguments name, each once; all six without any. */
function servicesOf(args: readonly string[]): readonly ServiceName[] {
  const unknown = args.filter((name) => !isServiceName(name))
  if (unknown.length > 0) {
    const what = unknown.map((name) => JSON.stringify(name)).join(', ')
    throw new StartError(`unknown service ${what}: choose among ${serviceNames.join(', ')}`)
  }
  return args.length === 0 ? serviceNames : [...new Set(args.filter(isServiceName))]
}

/** A stack trace is for mistakes of this program, not for those of its surroundings. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return `cannot start: ${String(error)}`
  if (error instanceof StartError) return error.message
  return `cannot start: ${error.stack ?? error.message}`
}
