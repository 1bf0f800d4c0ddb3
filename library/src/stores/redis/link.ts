import { CacheError } from '../../contract/errors.ts'
import type { RedisClient } from './client.ts'
import { Connection, type ConnectionOwner } from './connection.ts'

/**
 * What is known of one client: the server behind its connection, and that server's clock. Learned
 * anew on every connection, before anything else is asked there.
 */
export class Link implements ConnectionOwner {
  current: Connection | undefined
  trusted: Connection | undefined
  /** The server's clock less this process's monotonic one, in milliseconds; NaN before the first connection. */
  clockOffsetMs = Number.NaN
  readonly #client: RedisClient
  readonly #isOfCluster: boolean
  #connections = 0
  #learning: Promise<Connection> | undefined

  constructor(client: RedisClient, isOfCluster: boolean) {
    this.#client = client
    this.#isOfCluster = isOfCluster
    if (client.listenerCount('error') === 0) client.on('error', reportedByCalls)
    client.on('ready', () => this.#onReady())
    if (client.isReady) this.#onReady()
  }

  /** Rejects at once while there is no connection: what waits for one may wait for long. */
  learned(): Promise<Connection> {
    if (this.current !== undefined) return Promise.resolve(this.current)
    if (!this.#client.isReady) return Promise.reject(notConnected())
    if (this.#learning === undefined) {
      const connections = this.#connections
      this.#learning = this.#learn(connections).finally(() => {
        if (connections === this.#connections) this.#learning = undefined
      })
    }
    return this.#learning
  }

  #onReady(): void {
    this.#connections++
    this.current = undefined
    this.trusted = undefined
    this.#learning = undefined
    this.learned().catch(reportedByCalls)
  }

  async #learn(connections: number): Promise<Connection> {
    const sentAt = performance.now()
    const [info, time] = await Promise.all([
      this.#client.sendCommand(['INFO', 'server']),
      this.#client.sendCommand(['TIME']),
    ])
    if (connections !== this.#connections) throw notConnected()
    this.clockOffsetMs = epochMs(time) - (sentAt + performance.now()) / 2
    const incarnation = /^run_id:([0-9a-f]{12})/m.exec(String(info))?.[1]
    if (incarnation === undefined) {
      throw new CacheError('UNSUPPORTED', 'redis: expected INFO to state a run_id, received none')
    }
    const connection = new Connection(this.#client, this, incarnation)
    this.current = connection
    // A master that was demoted keeps its run_id, and answers reads: only a write tells. In a cluster
    // it answers MOVED.
    if (this.#isOfCluster) this.trusted = connection
    return connection
  }
}

const links = new WeakMap<RedisClient, Link>()

/** The link of a client: one, however many stores share the client. */
export function linkOf(client: RedisClient, isOfCluster = false): Link {
  let link = links.get(client)
  if (link === undefined) {
    link = new Link(client, isOfCluster)
    links.set(client, link)
  }
  return link
}

/** Whoever calls is told by the rejection of the call. */
export function reportedByCalls(): void {}

export function notConnected(): CacheError {
  return new CacheError('STORE_UNAVAILABLE', 'redis: there is no connection')
}

function epochMs(time: unknown): number {
  const [seconds, microseconds] = time as [string, string]
  return Number(seconds) * 1000 + Number(microseconds) / 1000
}
