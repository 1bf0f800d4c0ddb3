import { setTimeout as delay } from 'node:timers/promises'
import { progressOf } from '../replay/progress.ts'
import type { SoakArguments } from './arguments.ts'
import {
  type FlappedService,
  type FlapServiceResult,
  startFlappedService,
} from './flapped-service.ts'
import { startFlappingServers } from './flapping.ts'
import { seededRandom } from './random.ts'

export interface FlapResult {
  /** How often each thing happened to a server. */
  readonly outages: Readonly<Record<string, number>>
  readonly services: readonly FlapServiceResult[]
}

/** Runs all services at once over servers that come and go, and tells what that leaves behind in their processes. */
export async function flap(args: SoakArguments): Promise<FlapResult> {
  const servers = await startFlappingServers()
  const over = new AbortController()
  const end = () => over.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  const progress = progressOf('flapping', args.seconds)
  const services: FlappedService[] = []
  try {
    for (const pattern of args.patterns) {
      services.push(await startFlappedService(pattern, args, servers.environment))
    }
    const working = Promise.all([
      servers.flap(seededRandom(args.seed), over.signal),
      ...services.map((service) => service.work(over.signal)),
    ])
    const hasEnded = () => over.signal.aborted || services.some((service) => service.hasEnded())
    let seconds = 0
    for (; seconds < args.seconds && !hasEnded(); seconds += 1) {
      progress.update(seconds)
      await delay(1_000)
    }
    over.abort()
    const [outages] = await working
    const results = await Promise.all(services.map((service) => service.conclude(seconds)))
    return { outages, services: results }
  } finally {
    over.abort()
    progress.stop()
    await Promise.all(services.map((service) => service.stop()))
    await servers.close()
  }
}
