import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { contractOfServices } from './contract-services.ts'

describeWith(['redisCluster', 'postgres'], 'on a Redis cluster and PostgreSQL', (servers) => {
  contractOfServices({
    variables: async () => ({
      REDIS_URL: servers.redisCluster.urls.join(','),
      DATABASE_URL: await freshDatabase(),
    }),
    store: 'redis',
    source: 'postgres',
  })
})
