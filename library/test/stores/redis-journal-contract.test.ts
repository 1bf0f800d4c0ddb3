import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { redisClusterOptions } from 'caching-patterns/redis'
import { journalContract } from 'caching-patterns/testing'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeContracts, onePartitionOnly } from './redis-journal-contract-rig.ts'
import { connect } from './redis-rig.ts'

describeWith(['redis'], 'a journal on Redis', () => {
  let client: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => {
    client = await connect(await freshRedis())
  })
  afterAll(() => client.close())

  describeContracts('one partition', 1, () => client)
  describeContracts('64 partitions', 64, () => client)
})

describeWith(['redisCluster'], 'a journal on a cluster', ({ redisCluster }) => {
  const client = createCluster(redisClusterOptions(redisCluster.urls))
  client.on('error', () => {})
  beforeAll(() => client.connect())
  afterAll(() => client.destroy())

  describeContracts('64 partitions', 64, () => client)
})

describe('those that depend on exact limits', () => {
  const titles = journalContract({ create: () => Promise.reject(new Error('never made')) }).map(
    ({ title }) => title,
  )
  test.each(onePartitionOnly)('are cases of the contract: %s', (title) => {
    expect(titles).toContain(title)
  })
})
