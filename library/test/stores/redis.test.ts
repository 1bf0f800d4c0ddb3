import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { type RedisStore, redisStore } from 'caching-patterns/redis'
import { storeContract } from 'caching-patterns/testing'
import { afterAll, beforeAll } from 'vitest'
import { connect, describeContract, harnessOf } from './redis-rig.ts'

describeWith(['redis'], 'Redis', () => {
  let store: RedisStore
  let client: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => {
    client = await connect(await freshRedis())
    store = redisStore({ client })
  })
  afterAll(() => client.close())

  describeContract('the contract of stores', storeContract(harnessOf(() => store)))
})
