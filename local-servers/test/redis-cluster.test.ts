import { setTimeout as delay } from 'node:timers/promises'
import { startRedis, startRedisCluster } from '@caching-patterns/local-servers'
import { describeWith } from '@caching-patterns/local-servers/vitest'
import { expect, test } from 'vitest'
import { freePort } from '../src/free-port.ts'
import { redisCommand } from '../src/redis-command.ts'
import { isRunning } from './processes.ts'

// Each has the slot of one third.
const keys = { first: 'b', second: 'c', third: 'a' }

describeWith(['redisCluster'], 'startRedisCluster', ({ redisCluster }) => {
  test('serves each slot by one of three masters, which know each other', async () => {
    const owners = new Map<string, string[]>()
    for (const url of redisCluster.urls) {
      for (const key of Object.values(keys)) {
        const reply = await redisCommand(url, 'GET', key).catch((error: Error) => error.message)
        const owner = /^MOVED \d+ (.*)$/.exec(String(reply))?.[1] ?? new URL(url).host
        owners.set(key, [...(owners.get(key) ?? []), owner])
      }
    }
    const agreed = [...owners.values()].map((each) => new Set(each))
    expect(agreed.map((each) => each.size)).toEqual([1, 1, 1])
    expect(agreed.flatMap((each) => [...each]).sort()).toEqual(
      redisCluster.urls.map((url) => new URL(url).host).sort(),
    )
  })

  test('leaves no slot out', async () => {
    for (const url of redisCluster.urls) {
      const info = await redisCommand(url, 'CLUSTER', 'INFO')
      for (const line of ['state:ok', 'slots_ok:16384', 'known_nodes:3', 'size:3']) {
        expect(info).toContain(`cluster_${line}\r\n`)
      }
    }
  })
})

describeWith(['redisCluster'], 'a cluster of its own', () => {
  test('notices a killed node, and takes it back', async () => {
    const cluster = await startRedisCluster({
      password: 'secret',
      settings: { 'cluster-node-timeout': '600' },
    })
    try {
      const [first, second] = cluster.nodes
      if (!first || !second) throw new Error('no nodes')
      expect(await redisCommand(first.url, 'CLUSTER', 'INFO')).toContain('cluster_state:ok')
      await first.kill()
      await stateOf(second.url, 'fail')
      await first.restart()
      for (const url of cluster.urls) await stateOf(url, 'ok')
    } finally {
      await cluster.stop()
    }
    expect(cluster.nodes.map(({ pid }) => isRunning(pid))).toEqual([false, false, false])
  })

  test('takes other ports when one was taken in between', async () => {
    const other = await startRedis()
    const ports = [await freePort(), other.port, await freePort()]
    const pickPort = async () => ports.shift() ?? (await freePort())
    const cluster = await startRedisCluster({ pickPort })
    try {
      expect(cluster.urls).not.toContain(other.url)
      for (const url of cluster.urls) await stateOf(url, 'ok')
    } finally {
      await Promise.all([cluster.stop(), other.stop()])
    }
  })
})

async function stateOf(url: string, state: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  while (!String(await redisCommand(url, 'CLUSTER', 'INFO')).includes(`cluster_state:${state}`)) {
    if (performance.now() > giveUpAt) throw new Error(`${url} is never ${state}`)
    await delay(50)
  }
}
