import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SoakArguments } from './arguments.ts'
import type { Holdings } from './companion.ts'
import { compareRows } from './compare-rows.ts'
import type { Endpoint } from './endpoint.ts'
import { type Finding, Findings } from './findings.ts'
import { FlapTraffic } from './flap-traffic.ts'
import { type HeldResult, heldResult, judgeHeld } from './held.ts'
import { drained } from './operations.ts'
import { type Connected, connect } from './phase.ts'
import { type MethodResult, trafficResult } from './result.ts'
import { type ServiceProcess, startService } from './service-process.ts'

/** What a service came to whose servers came and went. */
export interface FlapServiceResult {
  readonly pattern: string
  readonly requestsPerSecond: number
  readonly methods: readonly MethodResult[]
  readonly reads: Readonly<Record<string, number>>
  readonly labelledStale: number
  readonly held: HeldResult
  /** Until it said that all is well, after the servers had come to stay. */
  readonly wellAfterMs: number | undefined
  /** Users that were compared with the database in the end. */
  readonly rowsCompared: number
  /** Empty: it passed. */
  readonly findings: readonly Finding[]
}

const workspace = resolve(import.meta.dirname, '../../..')
const patienceMs = 10_000
const wellWithinMs = 5_000
const drainMs = 30_000
const sampleMs = 2_000

/** Starts the process of one service. */
export async function startFlappedService(
  pattern: string,
  args: SoakArguments,
  servers: Readonly<Record<string, string>>,
): Promise<FlappedService> {
  const adminToken = randomBytes(16).toString('hex')
  const users = { SEED_USERS: String(args.users), ADMIN_TOKEN: adminToken }
  // Warnings tell of the outages.
  const environment = { PORT: '0', LOG_LEVEL: 'error', ...users, ...servers }
  const program = { args: ['services/dist/cli.js', pattern], folder: workspace }
  const process = await startService({ name: pattern, ...program, environment, isCounted: true })
  const connected = connect(process, { connections: args.clients, patienceMs, adminToken })
  return new FlappedService(process, connected, args)
}

/** A process of a service, its clients, and what is found about it. */
export class FlappedService {
  readonly #process: ServiceProcess
  readonly #connected: Connected
  readonly #endpoint: Endpoint
  readonly #args: SoakArguments
  readonly #findings = new Findings()
  readonly #traffic: FlapTraffic
  readonly #samples: Holdings[] = []
  #stopping: Promise<void> | undefined

  constructor(process: ServiceProcess, connected: Connected, args: SoakArguments) {
    this.#process = process
    this.#connected = connected
    this.#endpoint = connected.endpoint()
    this.#args = args
    const what = { pattern: process.name, endpoint: this.#endpoint, findings: this.#findings }
    this.#traffic = new FlapTraffic({ ...args, ...what })
  }

  hasEnded(): boolean {
    return this.#process.hasEnded()
  }

  /** Sends traffic, and looks at what the process holds, until the signal comes. */
  async work(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#watch(signal), this.#traffic.run(() => signal.aborted)])
  }

  /** With servers that stay: all is well again, nothing is left to flush, and the rows are what was acknowledged. */
  async conclude(seconds: number): Promise<FlapServiceResult> {
    const traffic = { endpoints: [this.#endpoint], before: [], after: [] }
    const { requestsPerSecond, methods, reads, labelledStale } = trafficResult(traffic, seconds)
    const held = heldResult(this.#process.name, this.#samples)
    judgeHeld(held, this.#findings)
    const wellAfterMs = await this.#untilWell()
    const rowsCompared =
      wellAfterMs === undefined
        ? 0
        : await this.#compareRows().catch((error) => {
            this.#findings.add('rows', String(error))
            return 0
          })
    await this.stop()
    return {
      pattern: this.#process.name,
      ...{ requestsPerSecond, methods, reads, labelledStale },
      ...{ held, wellAfterMs, rowsCompared, findings: this.#findings.all },
    }
  }

  /** Ends the process; what it should not have written is a finding. Again: does nothing. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const holdings = await this.#process.holdings()
      if (holdings !== undefined) this.#samples.push(holdings)
      await delay(sampleMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Ready by its probes, and by what its cache can do: that notices a server's return by itself. */
  async #untilWell(): Promise<number | undefined> {
    const { operations } = this.#connected
    const look = async () => {
      await operations.ready()
      await operations.clearCache()
    }
    const startedAt = performance.now()
    for (;;) {
      const trouble = await look().then(
        () => undefined,
        (error: Error) => error.message,
      )
      const afterMs = Math.round(performance.now() - startedAt)
      if (trouble === undefined) return afterMs
      if (afterMs > wellWithinMs || this.hasEnded()) {
        this.#findings.add('answers', `${afterMs} ms after the last outage: ${trouble}`)
        return undefined
      }
      await delay(50)
    }
  }

  async #compareRows(): Promise<number> {
    const { operations } = this.#connected
    const left = await drained([operations], drainMs)
    if (left > 0) this.#findings.add('journal', `${left} users are dirty still`)
    const { journal } = await operations.figures()
    const lost = journal?.deadLetters ?? 0
    if (lost > 0) this.#findings.add('journal', `${lost} dead letters`)
    await operations.clearCache()
    const { ledger } = this.#traffic
    const books = { ledger, findings: this.#findings, check: 'rows' } as const
    return compareRows([this.#connected.endpoint()], books, this.#args.clients)
  }

  async #stop(): Promise<void> {
    this.#connected.close()
    for (const { line } of await this.#process.stop()) this.#findings.add('log', line)
  }
}
