import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { Programs } from './programs.ts'
import { type LocalRedis, startRedis } from './redis.ts'
import { redisCommand } from './redis-command.ts'
import { serverFolder } from './server-folder.ts'
import { isInUse } from './server-process.ts'

/** How a cluster is started. */
export interface RedisClusterOptions {
  /** Of each node. Default none. */
  readonly password?: string
  /** More settings of each node, by the names of `redis.conf`. Default none. */
  readonly settings?: Readonly<Record<string, string>>
  /** Names ports to try. Default: free ones. */
  readonly pickPort?: () => Promise<number>
  /** Default: those that are installed. */
  readonly programs?: Programs
}

/** Three masters that share all slots. */
export interface LocalRedisCluster {
  readonly urls: readonly string[]
  /** Each can be killed and restarted. */
  readonly nodes: readonly LocalRedis[]
  /** Ends all nodes. */
  stop(): Promise<void>
}

const slots = 16_384
const masters = 3
const startAttempts = 5
const formedWithinMs = 30_000

/** How soon the others notice that a node is gone. Less, and a busy machine declares the living dead. */
const nodeTimeoutMs = 2_000

interface Node {
  readonly id: string
  readonly port: number
}

/** Starts a cluster; resolves when every node says that all slots are served. Redis takes two seconds to be sure. */
export async function startRedisCluster(
  options: RedisClusterOptions = {},
): Promise<LocalRedisCluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(options)
    } catch (error) {
      // Some port was taken in between: all of them are in the files of all nodes.
      if (attempt === startAttempts || !isInUse(error)) throw error
    }
  }
}

async function start(options: RedisClusterOptions): Promise<LocalRedisCluster> {
  const { pickPort = freePort } = options
  const ports = new Set<number>()
  while (ports.size < masters) ports.add(await pickPort())
  const plan = [...ports].map((port) => ({ id: randomBytes(20).toString('hex'), port }))
  const folder = serverFolder('memory')
  const starting = plan.map((node) => startNode(options, plan, node, folder.path))
  const started = await Promise.allSettled(starting)
  const nodes = started.flatMap((node) => (node.status === 'fulfilled' ? [node.value] : []))
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    folder.remove()
  }
  try {
    await Promise.all(starting)
    await formed(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  return { urls: nodes.map(({ url }) => url), nodes, stop }
}

/**
 * Each knows all others from its file on, as after a restart. Nodes that are introduced to each other (`CLUSTER MEET`)
 * need luck: one time in ten they take a node timeout more, on a busy machine three.
 */
async function startNode(
  options: RedisClusterOptions,
  plan: readonly Node[],
  node: Node,
  folder: string,
): Promise<LocalRedis> {
  const file = join(folder, `${node.port}.conf`)
  writeFileSync(file, description(plan, node))
  return startRedis({
    ...options,
    settings: {
      'cluster-enabled': 'yes',
      'cluster-config-file': file,
      'cluster-node-timeout': String(nodeTimeoutMs),
      ...options.settings,
    },
    pickPort: async () => node.port,
  })
}

/** What Redis itself writes to `nodes.conf`. */
function description(plan: readonly Node[], node: Node): string {
  const lines = plan.map(({ id, port }, index) => {
    const first = Math.ceil((index * slots) / masters)
    const last = Math.ceil(((index + 1) * slots) / masters) - 1
    const flags = id === node.id ? 'myself,master' : 'master'
    return `${id} 127.0.0.1:${port}@${port + 10_000} ${flags} - 0 0 ${index + 1} connected ${first}-${last}`
  })
  return `${lines.join('\n')}\nvars currentEpoch ${masters} lastVoteEpoch 0\n`
}

async function formed(nodes: readonly LocalRedis[]): Promise<void> {
  const giveUpAt = performance.now() + formedWithinMs
  for (;;) {
    const seen = await Promise.all(nodes.map(({ url }) => redisCommand(url, 'CLUSTER', 'INFO')))
    if (seen.every((info) => String(info).includes('cluster_state:ok'))) return
    if (performance.now() > giveUpAt) {
      throw new Error(`no cluster after ${formedWithinMs / 1_000} s:\n${seen.join('\n')}`)
    }
    await delay(25)
  }
}
