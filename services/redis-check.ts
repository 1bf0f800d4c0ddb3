import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type AskRedis, type RedisFacts, readFacts } from './redis-facts.ts'
import { placeOf } from './server-urls.ts'
import { StartError } from './start-error.ts'
import { answerWithinMs, NoAnswerError, whyUnreachable } from './unreachable.ts'
import { within } from './within.ts'

/** A connection for a few questions, made by whoever knows the client. */
export interface RedisProbe {
  readonly ask: AskRedis
  connect(): Promise<unknown>
  destroy(): void
}

/**
 * What a server says about itself. Rejects with a `StartError` of one line when it cannot be reached,
 * or is not fit for a store.
 */
export async function checkRedis(
  url: string,
  isOfCluster: boolean,
  probe: RedisProbe,
): Promise<RedisFacts> {
  const asking = async () => {
    await probe.connect()
    return await readFacts(probe.ask)
  }
  try {
    const facts = await within(answerWithinMs, asking(), () => {
      throw new NoAnswerError()
    })
    const unfit = whyUnfit(facts, isOfCluster)
    if (unfit !== undefined) throw troubleAt(url, unfit)
    return facts
  } catch (error) {
    if (error instanceof StartError) throw error
    throw troubleAt(url, await wordsFor(url, error as Error), error)
  } finally {
    probe.destroy()
  }
}

function troubleAt(url: string, words: string, cause?: unknown): StartError {
  return new StartError(`REDIS_URL: ${placeOf(url)}: ${words}`, { cause })
}

function whyUnfit(facts: RedisFacts, isOfCluster: boolean): string | undefined {
  const { version, isReplica, isClusterNode, servesAllSlots } = facts
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (!(major > 6 || (major === 6 && minor >= 2))) {
    return `expected Redis 6.2 or newer, found ${version || 'none that says its version'}`
  }
  if (isClusterNode !== isOfCluster) {
    return isOfCluster
      ? 'is no node of a cluster: name one server alone'
      : 'is a node of a cluster: name several of its nodes, separated by commas'
  }
  if (!servesAllSlots) return 'its cluster does not serve all slots (CLUSTER INFO says more)'
  if (isReplica && !isOfCluster) {
    return 'is a replica, which refuses writes (READONLY): name the primary server'
  }
  return undefined
}

async function wordsFor(url: string, error: Error): Promise<string> {
  const refused = refusal(url, error.message)
  if (refused !== undefined) return refused
  const unreachable = whyUnreachable(error, 'name its authority with NODE_EXTRA_CA_CERTS=<file>')
  const isSilent = error instanceof NoAnswerError
  if (unreachable !== undefined && !isSilent) return unreachable
  const isTls = url.startsWith('rediss:')
  if (await speaksRedis(url, !isTls)) {
    return isTls
      ? 'does not speak TLS: write redis://, or turn on TLS in the server'
      : 'speaks TLS alone: write rediss://'
  }
  return unreachable ?? 'is no Redis: its answer is none that a Redis gives'
}

/** The server's own answers. */
function refusal(url: string, message: string): string | undefined {
  if (message.startsWith('NOAUTH')) {
    return 'asks for a password, and the URL has none: write redis://:password@host'
  }
  if (message.startsWith('WRONGPASS')) {
    return 'refuses user and password: check both in the URL'
  }
  if (message.includes('without any password configured')) {
    return 'asks for no password, and the URL has one: leave it out'
  }
  if (message.includes('DB index is out of range')) {
    return `has no database ${new URL(url).pathname.slice(1)}: name a lower number`
  }
  if (message.startsWith('NOPERM')) return `the user may not do this (${message}): extend its ACL`
  if (message.startsWith('LOADING')) return 'still loads its data: start again when it is ready'
  return /^[A-Z]+ /.test(message) ? message : undefined
}

/** Whether somebody there answers a PING, in whatever way a Redis does, when it is sent so. */
function speaksRedis(url: string, isTls: boolean): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const target = { host, port: Number(port || 6379) }
  return new Promise((resolve) => {
    const greet = () => socket.write('PING\r\n')
    // Who it is does not matter here: nothing is told to it.
    const socket = isTls
      ? connectTls({ ...target, rejectUnauthorized: false }, greet)
      : connectTcp(target, greet)
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.once('data', (data) => settle(/^[+-](PONG|NOAUTH|DENIED|ERR|LOADING)/.test(`${data}`)))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
  })
}
