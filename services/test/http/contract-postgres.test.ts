import { describeWith, freshDatabase } from '@caching-patterns/local-servers/vitest'
import { contractOfServices } from './contract-services.ts'

describeWith(['postgres'], 'on PostgreSQL, and a store in the process', () => {
  contractOfServices({
    variables: async () => ({ DATABASE_URL: await freshDatabase() }),
    store: 'memory',
    source: 'postgres',
  })
})
