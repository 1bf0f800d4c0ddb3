import { startRedis } from '@caching-patterns/local-servers'
import type { Peer } from '../../peers/peer.ts'
import type { Group } from '../group.ts'
import { aheadOf, type Contender, isOurs, libraries, subjectsOf } from '../peers/contender.ts'
import { rawClient } from '../peers/raw-client.ts'

const asks = 'value'
/** As many as all of them keep by their defaults. */
const keys = 1_000

/** What a hit in the memory of this process costs; also where Redis stands behind it, in those that have both. */
export const peersMemoryHit: Group = {
  name: 'peers-memory-hit',
  title: `get-or-load of a hit in process, one after the other, ${keys} keys`,
  needs: ['Redis'],
  async open(defer) {
    const redis = await startRedis()
    defer(() => redis.stop())
    const contenders: Contender[] = [
      { name: 'lru-cache, async function', peer: rawClient, form: 'lru-cache', asks },
      ...(await libraries()).flatMap(linesOf),
    ]
    const ours = contenders.find(isOurs)?.name ?? ''
    const load = { keys, inFlight: 1, redisPort: redis.port }
    return {
      subjects: await subjectsOf(contenders, load, defer),
      comparisons: aheadOf(contenders, ours),
      ranking: { ours, columns: ['throughput', 'cpu', 'allocation'] },
    }
  },
}

function linesOf({ name, forms, inProcess }: Peer): Contender[] {
  const inFront = forms.find(({ tiers }) => tiers.startsWith('memory'))
  return [
    ...inProcess.map(({ name: form }) => ({
      ...({ peer: name, form, asks } as const),
      name: form.replace('in process', name),
    })),
    ...(inFront === undefined
      ? []
      : [
          { ...({ peer: name, asks } as const), form: inFront.name, name: `${name}, before Redis` },
        ]),
  ]
}
