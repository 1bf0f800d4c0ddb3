import { startRedis } from '@caching-patterns/local-servers'
import type { Group } from '../group.ts'
import {
  aheadOf,
  type Contender,
  isOurs,
  libraries,
  onRedis,
  subjectsOf,
} from '../peers/contender.ts'
import { rawClient } from '../peers/raw-client.ts'

const keys = 10_000
const inFlight = 64
const names = {
  rawText: 'node-redis, GET',
  rawValue: 'node-redis, GET + JSON.parse',
  text: 'caching-patterns, lookup().json',
  value: 'caching-patterns, get()',
}

/** What a hit on Redis costs, and what of it is the library's. */
export const peersRedisHit: Group = {
  name: 'peers-redis-hit',
  title: `get-or-load of a hit on Redis, ${inFlight} under way, ${keys} keys`,
  needs: ['Redis'],
  async open(defer) {
    const redis = await startRedis()
    defer(() => redis.stop())
    const all = await libraries()
    const asked: Contender[] = all.map((peer) => ({
      ...({ peer: peer.name, form: onRedis(peer).name, asks: 'value' } as const),
      name: isOurs({ peer: peer.name }) ? names.value : peer.name,
    }))
    const raw = { peer: rawClient, form: 'node-redis' }
    const contenders: Contender[] = [
      { ...raw, name: names.rawText, asks: 'text' },
      { ...(asked[0] as Contender), name: names.text, asks: 'text' },
      { ...raw, name: names.rawValue, asks: 'value' },
      ...asked,
    ]
    return {
      subjects: await subjectsOf(contenders, { keys, inFlight, redisPort: redis.port }, defer),
      comparisons: [
        {
          ...{ measure: 'added-cpu-us', target: 1 },
          ...{ subject: names.text, baseline: names.rawText },
        },
        {
          ...{ measure: 'added-cpu-us', target: 1.5 },
          ...{ subject: names.value, baseline: names.rawValue },
        },
        ...aheadOf(contenders, names.value),
      ],
      ranking: { ours: names.value, columns: ['throughput', 'cpu', 'allocation'] },
    }
  },
}
