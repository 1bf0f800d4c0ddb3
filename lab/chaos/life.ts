import { type FaultProxy, startFaultProxy, type Tap } from '@caching-patterns/local-servers'
import { type Exchange, exchange } from '../soak/exchange.ts'
import { type Failpoint, failpoints, type Moment } from './moments.ts'
import { postgresTap } from './postgres-tap.ts'
import { redisTap, type ScriptHashes } from './redis-tap.ts'
import { type Service, type ServiceCommand, startService } from './service.ts'

export interface LifeOptions {
  readonly redisPort: number
  /** Of a database; the port of its server is replaced by the proxy's. */
  readonly databaseUrl: string
  readonly hashes: ScriptHashes
  readonly patienceMs: number
  readonly connections: number
  /** Names a free port. */
  readonly pickPort: () => Promise<number>
  command(at: Place): ServiceCommand
}

/** Where a process listens, and finds its servers. */
export interface Place {
  readonly port: number
  readonly redis: string
  readonly database: string
}

const startAttempts = 6
const statsWithinMs = 500

/** One process from its start to its end, behind a proxy of its own to each server. */
export class Life {
  readonly proxies: { readonly redis: FaultProxy; readonly postgres: FaultProxy }
  readonly exchange: Exchange
  /** As far as it has said. */
  marksLost = 0
  /** The longest time that its relay took to tell the cache of a write; 0: it has none. */
  relayLagMs = 0
  readonly #service: Service
  readonly #trigger: Trigger

  private constructor(
    parts: Pick<Life, 'proxies' | 'exchange'>,
    service: Service,
    trigger: Trigger,
  ) {
    this.proxies = parts.proxies
    this.exchange = parts.exchange
    this.#service = service
    this.#trigger = trigger
    trigger.fires = () => service.signal('SIGKILL')
  }

  /** Starts it; again when it ends at once, for a server may be away as well. */
  static async start(options: LifeOptions): Promise<Life> {
    const { redisPort, databaseUrl, hashes, patienceMs, connections } = options
    const trigger = new Trigger()
    const listener = (moment: Moment) => trigger.meets(moment)
    const through = (port: number, tap: () => Tap) => startFaultProxy({ port, tap })
    const redis = await through(redisPort, () => redisTap(hashes, listener))
    const database = new URL(databaseUrl)
    const postgres = await through(Number(database.port), () => postgresTap(listener))
    database.port = String(postgres.port)
    const at = { redis: `redis://127.0.0.1:${redis.port}`, database: database.href }
    for (let attempt = 1; ; attempt += 1) {
      const port = await options.pickPort()
      try {
        const service = await startService(options.command({ port, ...at }))
        const parts = { redis, postgres }
        const talks = exchange(`http://127.0.0.1:${port}`, connections, patienceMs)
        return new Life({ proxies: parts, exchange: talks }, service, trigger)
      } catch (error) {
        if (attempt < startAttempts) continue
        await Promise.all([redis.stop(), postgres.stop()])
        throw error
      }
    }
  }

  get hasEnded(): boolean {
    return this.#service.hasEnded()
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#service.signal(signal)
  }

  /** From now on the first moment of the failpoint is its last. Disarmed by `undefined`. */
  arm(failpoint: Failpoint | undefined): void {
    this.#trigger.failpoint = failpoint
  }

  /** Notes what it says about marks and its relay: nobody can ask it when it is dead. */
  async noteFigures(): Promise<void> {
    const asked = this.exchange.send({ method: 'GET', path: '/stats' }).then(
      ({ status, body }) => (status === 200 ? (JSON.parse(body) as Figures) : undefined),
      () => undefined,
    )
    const late = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), statsWithinMs).unref()
    })
    const { marksLost = 0, outbox } = (await Promise.race([asked, late])) ?? {}
    this.marksLost = Math.max(this.marksLost, marksLost)
    this.relayLagMs = Math.max(this.relayLagMs, outbox?.lagMs?.max ?? 0)
  }

  /** Kills it; resolves when it is gone, and its proxies. */
  async end(): Promise<void> {
    this.#service.signal('SIGKILL')
    await this.#service.ended
    this.exchange.close()
    await Promise.all([this.proxies.redis.stop(), this.proxies.postgres.stop()])
  }

  output(): string {
    return this.#service.output()
  }
}

/** Of `/stats`; the control has none. */
interface Figures {
  readonly marksLost?: number
  readonly outbox?: { readonly lagMs?: { readonly max?: number } }
}

/** Kills a process when its proxies see what was waited for. */
class Trigger {
  failpoint: Failpoint | undefined
  fires: () => void = () => undefined

  meets(moment: Moment): 'pass' | 'cut' {
    if (this.failpoint === undefined) return 'pass'
    const moments: readonly Moment[] = failpoints[this.failpoint]
    if (!moments.includes(moment)) return 'pass'
    this.failpoint = undefined
    this.fires()
    return 'cut'
  }
}
