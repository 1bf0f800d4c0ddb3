import { describeWith } from '@caching-patterns/local-servers/vitest'
import { type RedisStore, redisClusterOptions, redisStore } from 'caching-patterns/redis'
import { storeContract } from 'caching-patterns/testing'
import { createCluster } from 'redis'
import { afterAll, beforeAll } from 'vitest'
import { describeContract, harnessOf } from './redis-rig.ts'

describeWith(['redisCluster'], 'a Redis cluster', ({ redisCluster }) => {
  const client = createCluster(redisClusterOptions(redisCluster.urls))
  let store: RedisStore
  beforeAll(async () => {
    store = redisStore({ client })
    await client.connect()
  })
  afterAll(() => client.destroy())

  describeContract('the contract of stores', storeContract(harnessOf(() => store)))
})
