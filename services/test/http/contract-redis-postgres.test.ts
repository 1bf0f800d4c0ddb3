import { describeWith, freshDatabase, freshRedis } from '@caching-patterns/local-servers/vitest'
import { contractOfServices } from './contract-services.ts'

describeWith(['redis', 'postgres'], 'on Redis and PostgreSQL', () => {
  contractOfServices({
    variables: async () => ({
      REDIS_URL: await freshRedis(),
      DATABASE_URL: await freshDatabase(),
    }),
    store: 'redis',
    source: 'postgres',
  })
})
