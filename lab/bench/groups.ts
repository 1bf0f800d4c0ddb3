import type { Group } from './group.ts'
import { httpHit } from './groups/http-hit.ts'
import { memoryHit } from './groups/memory-hit.ts'
import { redisHitAlone, redisHitMany } from './groups/redis-hit.ts'
import { writeBehindFlush } from './groups/write-behind-flush.ts'
import { writeBehindPuts } from './groups/write-behind-puts.ts'

/** All groups, in the order in which they run. */
export const groups: readonly Group[] = [
  redisHitAlone,
  redisHitMany,
  memoryHit,
  httpHit,
  writeBehindPuts,
  writeBehindFlush,
]
