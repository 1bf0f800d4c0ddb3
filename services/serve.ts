import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { dashboardApp } from './dashboard/app.ts'
import type { Environment } from './environment.ts'
import { eventLog } from './event-log.ts'
import { type AppOptions, buildApp } from './http/app.ts'
import type { PatternName, ServiceParts } from './http/port.ts'
import { defaultPorts, portsOf, type ServiceName } from './ports.ts'
import { StartError } from './start-error.ts'
import { logWarnings } from './warning-log.ts'
import { type Wiring, wire } from './wiring.ts'

/** A service that listens. */
export interface RunningService {
  readonly name: ServiceName
  readonly url: string
}

/** Services on their way up, or up. */
export interface Running {
  /** Resolves when every service listens; rejects after everything that was opened is closed. */
  readonly ready: Promise<readonly RunningService[]>
  /** Resolves when the process must end, and why. Never otherwise. */
  readonly lost: Promise<StartError>
  /** Stops accepting, finishes requests, drains journals, closes store and database. Works while starting too. */
  close(): Promise<void>
}

/** The wiring of each pattern, loaded when it is started. */
const mains: Readonly<
  Record<PatternName, () => Promise<{ start(wiring: Wiring): Promise<ServiceParts> }>>
> = {
  'cache-aside': () => import('./cache-aside/main.ts'),
  'read-through': () => import('./read-through/main.ts'),
  'write-through': () => import('./write-through/main.ts'),
  'write-behind': () => import('./write-behind/main.ts'),
  'refresh-ahead': () => import('./refresh-ahead/main.ts'),
}

/** Runs the named services in this process, over one store and one database. Each listens once all are ready. */
export function serve(names: readonly ServiceName[], environment: Environment): Running {
  let lose: (why: StartError) => void = () => undefined
  const lost = new Promise<StartError>((resolve) => {
    lose = resolve
  })
  return { ...run(names, environment, lose), lost }
}

function run(
  names: readonly ServiceName[],
  environment: Environment,
  onLost: (why: StartError) => void,
): Omit<Running, 'lost'> {
  const ports = portsOf(names, environment.port)
  const wiring = wire(environment, onLost)
  const apps = new Map<ServiceName, FastifyInstance>()
  const urls = new Map<ServiceName, string>()
  let isClosing = false

  const start = async () => {
    const parts = new Map<ServiceName, ServiceParts>()
    for (const name of names) {
      if (isClosing) return
      if (name !== 'dashboard') parts.set(name, await (await mains[name]()).start(wiring))
    }
    // Not sooner: each app watches the event loop, which a database that opens keeps busy.
    for (const name of names) apps.set(name, await build(parts.get(name)))
    for (const [name, app] of apps) {
      if (isClosing) return
      urls.set(name, await listen(app, name, ports.get(name) ?? 0, environment))
    }
  }
  const build = async (parts: ServiceParts | undefined) => {
    if (parts === undefined) return dashboardApp({ urlOf, logLevel: environment.logLevel })
    const app = await buildApp(parts, appOptions(environment))
    parts.subscribe(eventLog(app.log))
    logWarnings(parts, app.log)
    return app
  }
  const urlOf = (name: ServiceName) =>
    urls.get(name) ?? httpUrl(environment.host, defaultPorts[name])
  const closeAll = async () => {
    isClosing = true
    const results = await Promise.allSettled([...apps.values()].map((app) => app.close()))
    await wiring.close()
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
  }

  const ready = start().then(
    () => [...urls].map(([name, url]) => ({ name, url })),
    async (error) => {
      const wasInterrupted = isClosing
      await closeAll()
      // A Ctrl-C in the middle reaches the children of a start too, which then fails.
      if (wasInterrupted) return []
      throw error
    },
  )
  return {
    ready,
    async close() {
      isClosing = true
      // A start that failed has closed everything itself, and told whoever awaits `ready`.
      const hasStarted = await ready.then(
        () => true,
        () => false,
      )
      if (hasStarted) await closeAll()
    },
  }
}

function appOptions({ adminToken, host, logLevel, rateLimit }: Environment): AppOptions {
  const isLoopback = host === 'localhost' || host === '::1' || /^127(\.[0-9]+){3}$/.test(host)
  return { admin: { token: adminToken, isLoopback }, logger: { level: logLevel }, rateLimit }
}

async function listen(
  app: FastifyInstance,
  name: ServiceName,
  port: number,
  { host }: Environment,
): Promise<string> {
  const { level } = app.log
  // The table that follows says where everything listens.
  if (level === 'info') app.log.level = 'warn'
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw new StartError(whyNot(error, name, host, port), { cause: error })
  } finally {
    app.log.level = level
  }
  return httpUrl(host, (app.server.address() as AddressInfo).port)
}

function whyNot(error: unknown, name: ServiceName, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') {
    return (
      `port ${port} is in use, ${name} cannot listen on it: stop what uses it, or choose another ` +
      `with PORT=<number> (the first service listens on it, the next ones on those after it)`
    )
  }
  if (code === 'EACCES') {
    return `${name} may not listen on port ${port}: choose one above 1023 with PORT=<number>`
  }
  return `HOST: ${name} cannot listen on ${JSON.stringify(host)}, port ${port} (${code ?? String(error)})`
}

/** Where a client on this machine finds it. */
function httpUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
