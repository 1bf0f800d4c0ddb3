import type { Group } from './group.ts'
import { httpHit } from './groups/http-hit.ts'
import { memoryHit } from './groups/memory-hit.ts'
import { redisHitAlone, redisHitMany } from './groups/redis-hit.ts'

/** All groups, in the order in which they run. */
export const groups: readonly Group[] = [redisHitAlone, redisHitMany, memoryHit, httpHit]
