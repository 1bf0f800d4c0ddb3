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
/** Enough to keep every client busy: node-redis writes once a turn of the event loop, and waits idle with fewer. */
const inFlight = 16
const asks = 'many'
/** What each library calls it; the others are asked for fifty keys one by one, all at once. */
const calls: Readonly<Record<string, string>> = {
  'caching-patterns': 'getMany()',
  cacheable: 'getMany(), which does not load',
  'cache-manager': 'mget(), which does not load',
  'layered-loader': 'getMany()',
}

/** What fifty hits in one call cost. */
export const peersGetMany: Group = {
  name: 'peers-get-many',
  title: `50 keys of ${keys} in one call, all hits on Redis, ${inFlight} calls under way`,
  needs: ['Redis'],
  async open(defer) {
    const redis = await startRedis()
    defer(() => redis.stop())
    const libs = await libraries()
    const contenders: Contender[] = [
      { name: 'node-redis, MGET + JSON.parse', peer: rawClient, form: 'node-redis', asks },
      ...libs.map((peer) => ({
        ...({ peer: peer.name, form: onRedis(peer).name, asks } as const),
        name: `${peer.name}, ${calls[peer.name] ?? 'no getMany: 50 gets'}`,
      })),
    ]
    const ours = contenders.find(isOurs)?.name ?? ''
    return {
      subjects: await subjectsOf(contenders, { keys, inFlight, redisPort: redis.port }, defer),
      comparisons: aheadOf(contenders, ours),
      ranking: { ours, columns: ['throughput', 'cpu', 'allocation'] },
    }
  },
}
