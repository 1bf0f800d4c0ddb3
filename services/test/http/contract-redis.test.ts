import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import { contractOfServices } from './contract-services.ts'

describeWith(['redis'], 'on Redis, and PostgreSQL in the process', () => {
  contractOfServices({
    variables: async () => ({ REDIS_URL: await freshRedis() }),
    store: 'redis',
    source: 'pglite',
  })
})
