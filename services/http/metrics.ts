import type { CacheStats } from 'caching-patterns'
import { exportCacheMetrics } from 'caching-patterns/prometheus'
import { collectDefaultMetrics, Registry } from 'prom-client'

/** The figures of a service as Prometheus text. */
export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

/** The cache's figures under the name `users`, and those of the process. */
export function createMetrics(stats: () => Promise<CacheStats>): Metrics {
  const cache = new Registry()
  exportCacheMetrics(cache, { users: stats })
  return {
    contentType: cache.contentType,
    async text() {
      const text = await Registry.merge([cache, processMetrics()]).metrics()
      // prom-client writes "Nan" (of a loop delay without a sample); the format knows NaN
      return text.replaceAll(/ Nan$/gm, ' NaN')
    },
  }
}

let ofProcess: Registry | undefined

/** One for all services of the process: each collector watches the garbage collector and the event loop. */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}
