import { setTimeout as delay } from 'node:timers/promises'
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

/** A server may be away for half a minute. */
const startWithinMs = 75_000
const startPauseMs = 250
const statsWithinMs = 500

/** One process from its start to its end, behind a proxy of its own to each server. */
export class Life {
  readonly proxies: { readonly redis: FaultProxy; readonly postgres: FaultProxy }
  readonly exchange: Exchange
  /** As far as it has said. */
  marksLost = 0
  /** The longest time that its relay took to tell the cache of a write; 0: it has none. */
  relayLagMs = 0
  /** Of write-behind, as far as it has said. */
  journal: Readonly<Record<string, number>> = {}
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
    trigger.fires = (signal) => service.signal(signal)
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
    const giveUpAt = performance.now() + startWithinMs
    for (;;) {
      const port = await options.pickPort()
      try {
        const service = await startService(options.command({ port, ...at }))
        const parts = { redis, postgres }
        const talks = exchange(`http://127.0.0.1:${port}`, connections, patienceMs)
        return new Life({ proxies: parts, exchange: talks }, service, trigger)
      } catch (error) {
        if (performance.now() < giveUpAt) {
          await delay(startPauseMs)
          continue
        }
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

  /** The first moment of the failpoint from now on is its last, or the one at which it freezes. */
  arm(failpoint: Failpoint, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): void {
    this.#trigger.arm(failpoint, signal)
  }

  disarm(): void {
    this.#trigger.disarm()
  }

  /** The moment that it was armed for came. */
  get hasMetFailpoint(): boolean {
    return this.#trigger.hasFired
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
    const { marksLost = 0, outbox, journal } = (await Promise.race([asked, late])) ?? {}
    this.journal = journal ?? this.journal
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
  readonly journal?: Readonly<Record<string, number>> | null
  readonly outbox?: { readonly lagMs?: { readonly max?: number } }
}

/**
 * Who is frozen is to have the reply, and to be at work on it: one that waits finds its deadline passed when it wakes up,
 * before it looks at what came.
 */
const freezeAfterMs = [0, 1, 2]

/** Kills or freezes a process when its proxies see what was waited for. */
class Trigger {
  fires: (signal: 'SIGKILL' | 'SIGSTOP') => void = () => undefined
  hasFired = false
  #freezes = 0
  #armed: { readonly failpoint: Failpoint; readonly signal: 'SIGKILL' | 'SIGSTOP' } | undefined

  arm(failpoint: Failpoint, signal: 'SIGKILL' | 'SIGSTOP'): void {
    this.#armed = { failpoint, signal }
    this.hasFired = false
  }

  disarm(): void {
    this.#armed = undefined
  }

  meets(moment: Moment): 'pass' | 'cut' {
    if (this.#armed === undefined) return 'pass'
    const { failpoint, signal } = this.#armed
    const moments: readonly Moment[] = failpoints[failpoint]
    if (!moments.includes(moment)) return 'pass'
    this.#armed = undefined
    this.hasFired = true
    if (signal === 'SIGKILL') this.fires(signal)
    else setTimeout(() => this.fires(signal), freezeAfterMs[this.#freezes++ % freezeAfterMs.length])
    return signal === 'SIGKILL' ? 'cut' : 'pass'
  }
}
