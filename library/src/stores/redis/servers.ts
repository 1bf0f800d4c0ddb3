import { isCluster, type RedisClient, type RedisCluster, type RedisClusterNode } from './client.ts'
import type { Connection } from './connection.ts'
import { type Link, linkOf, notConnected, reportedByCalls } from './link.ts'
import { slotOf } from './slot.ts'

/** Where keys are: on one server, or on the masters of a cluster. */
export interface Servers {
  /** The one server, if there is but one. */
  readonly only: Link | undefined
  now(): number
  /** The connection to the server that holds a stored key; its incarnation plays no part. */
  connectionOf(storedKey: string): Promise<Connection>
  /** Looks at the rejection of a call about `storedKey` before its caller does. */
  failed(error: unknown, storedKey: string): never
  /**
   * Where an entry of `storedKey` may have stayed behind that a move of its slot has taken along: what
   * it would be called on the other masters. A slot that moves back would bring it back to life.
   */
  leftBehind(storedKey: string, connection: Connection): Promise<string[]>
  /** A word for each server, in an order that does not change. */
  names(): string[]
  connectionTo(name: string): Promise<Connection>
}

/** The servers behind a client. */
export function serversOf(client: RedisClient | RedisCluster): Servers {
  return isCluster(client) ? new ClusterServers(client) : new SingleServer(client)
}

class SingleServer implements Servers {
  readonly only: Link

  constructor(client: RedisClient) {
    this.only = linkOf(client)
  }

  now(): number {
    return timeBy(this.only)
  }

  connectionOf(): Promise<Connection> {
    return this.only.learned()
  }

  failed(error: unknown): never {
    throw error
  }

  async leftBehind(): Promise<string[]> {
    return []
  }

  names(): string[] {
    return ['']
  }

  connectionTo(): Promise<Connection> {
    return this.only.learned()
  }
}

/**
 * The masters of a cluster. Commands go to the client of the master that a key's slot is on, not
 * through the cluster's own routing: that would follow a redirection to another server with a key
 * that is named after the first.
 */
class ClusterServers implements Servers {
  readonly only = undefined
  readonly #cluster: RedisCluster
  #lastLink: Link | undefined
  #refreshing: Promise<unknown> | undefined

  constructor(cluster: RedisCluster) {
    this.#cluster = cluster
    if (cluster.listenerCount('error') === 0) cluster.on('error', reportedByCalls)
  }

  now(): number {
    return timeBy(this.#lastLink)
  }

  async connectionOf(storedKey: string): Promise<Connection> {
    return this.#connect(this.#cluster.slots[slotOf(storedKey)]?.master)
  }

  /** The slot has moved, or is about to: one command by way of the cluster's routing makes the client look where to. */
  failed(error: unknown, storedKey: string): never {
    if (error instanceof Error && /^(?:MOVED|ASK) /.test(error.message)) {
      this.#refreshing ??= this.#cluster
        .sendCommand(storedKey, false, ['TYPE', storedKey])
        .catch(reportedByCalls)
        .finally(() => {
          this.#refreshing = undefined
        })
    }
    throw error
  }

  async leftBehind(storedKey: string, { suffix }: Connection): Promise<string[]> {
    if (!storedKey.endsWith(suffix)) return []
    const others = this.#cluster.masters.flatMap(({ client }) =>
      client?.isReady ? [linkOf(client, true).learned()] : [],
    )
    const known = await Promise.allSettled(others)
    const logical = storedKey.slice(0, -suffix.length)
    return known.flatMap((other) =>
      other.status === 'fulfilled' && other.value.suffix !== suffix
        ? [logical + other.value.suffix]
        : [],
    )
  }

  names(): string[] {
    return this.#cluster.masters.map(({ address }) => address).sort()
  }

  async connectionTo(name: string): Promise<Connection> {
    return this.#connect(this.#cluster.masters.find(({ address }) => address === name))
  }

  async #connect(node: RedisClusterNode | undefined): Promise<Connection> {
    if (node === undefined || !this.#cluster.isReady) throw notConnected()
    const client = node.client ?? (await this.#cluster.nodeClient(node as never))
    this.#lastLink = linkOf(client, true)
    return this.#lastLink.learned()
  }
}

function timeBy(link: Link | undefined): number {
  const offsetMs = link?.clockOffsetMs ?? Number.NaN
  return Number.isNaN(offsetMs) ? Date.now() : offsetMs + performance.now()
}
