import type { Group } from './group.ts'
import { httpHit } from './groups/http-hit.ts'
import { memoryHit } from './groups/memory-hit.ts'
import { peersGetMany } from './groups/peers-get-many.ts'
import { peersHttpHit } from './groups/peers-http-hit.ts'
import { peersMemoryHit } from './groups/peers-memory-hit.ts'
import { peersRedisHit } from './groups/peers-redis-hit.ts'
import { peersStampede } from './groups/peers-stampede.ts'
import { redisHitAlone, redisHitMany } from './groups/redis-hit.ts'
import { writeBehindFlush } from './groups/write-behind-flush.ts'
import { writeBehindPuts } from './groups/write-behind-puts.ts'

/** What is claimed of ours. */
const ownGroups: readonly Group[] = [
  redisHitAlone,
  redisHitMany,
  memoryHit,
  httpHit,
  writeBehindPuts,
  writeBehindFlush,
]

/** Ours beside the peers: they run when they are asked for. */
export const peerGroups: readonly Group[] = [
  peersMemoryHit,
  peersRedisHit,
  peersGetMany,
  peersStampede,
  peersHttpHit,
]

/** All groups, in the order in which they run. */
export const groups: readonly Group[] = [...ownGroups, ...peerGroups]
