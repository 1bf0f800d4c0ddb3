import { setTimeout as delay } from 'node:timers/promises'
import {
  type FaultProxy,
  type LocalRedis,
  startFaultProxy,
  startRedis,
} from '@caching-patterns/local-servers'
import { connectedClient } from '../bench/redis-client.ts'
import { Failure } from '../replay/failure.ts'
import { type Instance, startInstance } from './instance.ts'
import type { Form } from './peer.ts'
import { Rows } from './rows.ts'

/** What a scenario plays on. */
export interface Stage {
  readonly form: Form
  readonly rows: Rows
  readonly ttlMs: number
  readonly redis: LocalRedis
  /** A cache in a process of its own, whether or not it can be opened. `busPort`: its line to the bus; Redis itself unless given. */
  open(busPort?: number): Promise<Instance>
  /** Caches, each in a process of its own, that store what they load, and hear of each other if they are made to. */
  openWarm(busPorts: readonly (number | undefined)[]): Promise<Instance[]>
  /** How long it takes until what the instance loads is in Redis; undefined when it takes longer than `withinMs`. */
  timeToStore(instance: Instance, withinMs: number): Promise<number | undefined>
  /** A line to Redis that can be cut. */
  proxy(): Promise<FaultProxy>
}

/** The Redis client of the scenario itself. */
type Control = Awaited<ReturnType<typeof connectedClient>>

const warmWithinMs = 15_000
const pollMs = 50

/** A stage with a Redis of its own. `close` ends all that was started on it. */
export async function openStage(peer: string, form: Form, ttlMs: number): Promise<OwnStage> {
  const redis = await startRedis()
  try {
    return new OwnStage(peer, { form, ttlMs, redis }, await connectedClient(redis.url))
  } catch (error) {
    await redis.stop()
    throw error
  }
}

class OwnStage implements Stage {
  readonly rows = new Rows()
  readonly form: Form
  readonly ttlMs: number
  readonly redis: LocalRedis
  readonly #peer: string
  readonly #control: Control
  readonly #instances: Instance[] = []
  readonly #proxies: FaultProxy[] = []
  #probes = 0

  constructor(
    peer: string,
    parts: { form: Form; ttlMs: number; redis: LocalRedis },
    control: Control,
  ) {
    this.#peer = peer
    this.form = parts.form
    this.ttlMs = parts.ttlMs
    this.redis = parts.redis
    this.#control = control
  }

  async open(busPort = this.redis.port): Promise<Instance> {
    const { redis, ttlMs } = this
    const subject = {
      peer: this.#peer,
      form: this.form.name,
      redisPort: redis.port,
      busPort,
      ttlMs,
    }
    const instance = await startInstance(subject, (key) => this.rows.load(key))
    this.#instances.push(instance)
    return instance
  }

  async openWarm(busPorts: readonly (number | undefined)[]): Promise<Instance[]> {
    const instances = await Promise.all(busPorts.map((port) => this.open(port)))
    for (const instance of instances) {
      if ((await this.timeToStore(instance, warmWithinMs)) !== undefined) continue
      throw new Failure(`${this.#peer}, ${this.form.name}: stores nothing in a healthy Redis`)
    }
    if (this.form.tiers.includes('bus')) await this.#listeners(instances.length)
    return instances
  }

  async timeToStore(instance: Instance, withinMs: number): Promise<number | undefined> {
    const begunAt = performance.now()
    const elapsed = () => performance.now() - begunAt
    this.#probes += 1
    const prefix = `probe-${this.#probes}-`
    for (let probe = 1; elapsed() < withinMs; probe += 1) {
      const outcome = await instance.get(`${prefix}${probe}`, withinMs - elapsed() + pollMs)
      // Some store in the background: the row of an earlier probe does as well.
      if (outcome.kind === 'row' && (await this.#isStored(prefix))) return elapsed()
      if (outcome.kind === 'death') return undefined
      await delay(pollMs)
    }
    return undefined
  }

  async proxy(): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ port: this.redis.port })
    this.#proxies.push(proxy)
    return proxy
  }

  async close(): Promise<void> {
    for (const instance of this.#instances) instance.stop()
    for (const proxy of this.#proxies) await proxy.stop()
    this.#control.destroy()
    await this.redis.stop()
  }

  async #isStored(prefix: string): Promise<boolean> {
    // While it reconnects the scenario knows nothing, and asks again.
    const keys = await this.#control.keys(`*${prefix}*`).catch(() => [])
    return keys.length > 0
  }

  /** A message that is published before the others listen is lost without anybody's fault. */
  async #listeners(count: number): Promise<void> {
    const giveUpAt = performance.now() + warmWithinMs
    for (;;) {
      const list = await this.#control.sendCommand(['CLIENT', 'LIST', 'TYPE', 'PUBSUB'])
      if (String(list).trim().split('\n').length >= count) return
      if (performance.now() > giveUpAt) {
        throw new Failure(`${this.#peer}, ${this.form.name}: not all processes listen to the bus`)
      }
      await delay(pollMs)
    }
  }
}
