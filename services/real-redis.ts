import type { JournalingStore } from 'caching-patterns'
import { redisClusterOptions, redisOptions, redisStore } from 'caching-patterns/redis'
import { createClient, createCluster } from 'redis'
import { checkRedis, type RedisProbe } from './redis-check.ts'
import { type RedisFacts, readFacts } from './redis-facts.ts'
import { placeOf } from './server-urls.ts'
import { StartError } from './start-error.ts'
import { answerWithinMs, NoAnswerError } from './unreachable.ts'
import { within } from './within.ts'

/** A Redis server or cluster, reached by the one client of this process. */
export interface RealRedis {
  /** What each named server, or each master of the cluster, said about itself at the start. */
  readonly facts: readonly RedisFacts[]
  /** A store over the client; each service has one of its own. */
  openStore(): JournalingStore
  /** What they say now. Rejects when one does not answer. */
  factsNow(): Promise<readonly RedisFacts[]>
  /** Rejects when a server does not answer, or refuses to write. */
  ping(): Promise<unknown>
  /** Ends the connections, those that a frozen server keeps open too. */
  close(): Promise<void>
}

const endWithinMs = 1_000

/** Connects to the server, or to the cluster of several; rejects with a `StartError` of one line for each that cannot be used. */
export async function connectRedis(urls: readonly string[]): Promise<RealRedis> {
  const isCluster = urls.length > 1
  const named = await all(urls.map((url) => checkRedis(url, isCluster, probeOf(url))))
  const { client, openStore, ping, factsNow } = isCluster
    ? clusterOf(urls)
    : serverAt(urls[0] ?? '')
  // What a lost connection means, the calls say that needed it.
  client.on('error', () => undefined)
  const close = async () => {
    const isOver = client.close().then(
      () => true,
      () => false,
    )
    if (!(await within(endWithinMs, isOver, () => false))) client.destroy()
  }
  const connect = async () => {
    await client.connect()
    // Those that nobody named hold writes too.
    return isCluster ? await factsNow() : named
  }
  try {
    const facts = await within(answerWithinMs, connect(), () => {
      throw new NoAnswerError()
    })
    return { facts, openStore, factsNow, ping, close }
  } catch (cause) {
    await close()
    const places = urls.map(placeOf).join(', ')
    throw new StartError(`REDIS_URL: ${places}: answered, and was gone before the start was over`, {
      cause,
    })
  }
}

function serverAt(url: string) {
  const client = createClient(redisOptions(url))
  return {
    client,
    openStore: () => redisStore({ client }),
    factsNow: async () => [await readFacts((...command) => client.sendCommand(command))],
    // Of a key that nobody has: changes nothing, and a server that may not write says so.
    ping: () => client.sendCommand(['DEL', 'cp:readyz']),
  }
}

function clusterOf(urls: readonly string[]) {
  const client = createCluster(redisClusterOptions(urls))
  const pingEach = async (master: (typeof client.masters)[number]) => {
    const node = await client.nodeClient(master)
    await node.sendCommand(['PING'])
  }
  const factsOf = async (master: (typeof client.masters)[number]) => {
    const node = await client.nodeClient(master)
    return await readFacts((...command) => node.sendCommand(command))
  }
  return {
    client,
    openStore: () => redisStore({ client }),
    factsNow: () => Promise.all(client.masters.map(factsOf)),
    ping: () => Promise.all(client.masters.map(pingEach)),
  }
}

/** In the protocol that a Redis too old for a store speaks too. */
function probeOf(url: string): RedisProbe {
  const client = createClient({
    url,
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: answerWithinMs, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  return {
    ask: (...command) => client.sendCommand(command),
    connect: () => client.connect(),
    destroy: () => {
      if (client.isOpen) client.destroy()
    },
  }
}

/** All results, or one error with the lines of all. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(promises)
  const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  if (failures.length === 0) return await Promise.all(promises)
  const unexpected = failures.find((failure) => !(failure instanceof StartError))
  throw unexpected ?? new StartError(failures.map(({ message }) => message).join('\n'))
}
