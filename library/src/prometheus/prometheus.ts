import type { CacheStats } from '../contract/stats.ts'
import { families, type Sample } from './families.ts'

/** A metric as a registry of `prom-client` reads it at scrape time. */
export interface CacheMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  get(): Promise<{
    readonly name: string
    readonly help: string
    readonly type: 'counter' | 'gauge'
    readonly aggregator: 'sum' | 'max'
    readonly values: Sample[]
  }>
  /** The figures are the cache's own, so there is nothing to reset here: `resetStats` does it. */
  reset(): void
}

/** The slice of a `prom-client` registry that is used: your own `Registry`, or its default `register`. */
export interface MetricRegistry {
  registerMetric(metric: never): void
}

/**
 * Registers the figures of caches under the names that Micrometer gave them (`cache_gets_total`, ...),
 * labelled with `cache`, the name under which each is passed. They are read once a scrape and cost
 * nothing between scrapes; a key is never a label. One call a registry: a name registered twice
 * throws, as in `prom-client`. A cache whose `stats` reject fails the scrape with that error.
 *
 * ```ts
 * import { register } from 'prom-client'
 * exportCacheMetrics(register, { users: () => users.stats() })
 * ```
 */
export function exportCacheMetrics(
  register: MetricRegistry,
  caches: Readonly<Record<string, () => Promise<CacheStats>>>,
): void {
  const snapshot = oncePerScrape(caches)
  // Typed `never` above, so that any version of the client's own class fits the slice.
  const add = register.registerMetric.bind(register) as (metric: CacheMetric) => void
  for (const family of families) {
    const { name, help, type, aggregator = 'sum' } = family
    add({
      name,
      help,
      type,
      async get() {
        const stats = await snapshot()
        const values = stats.flatMap(([cache, figures]) =>
          family
            .read(figures)
            .map(({ labels, value }) => ({ labels: { cache, ...labels }, value })),
        )
        return { name, help, type, aggregator, values }
      },
      reset: () => undefined,
    })
  }
}

/** A scrape asks every metric in one turn of the event loop: they share one snapshot, and agree. */
function oncePerScrape(caches: Readonly<Record<string, () => Promise<CacheStats>>>) {
  let current: Promise<(readonly [string, CacheStats])[]> | undefined
  return () => {
    if (current === undefined) {
      current = Promise.all(
        Object.entries(caches).map(async ([cache, stats]) => [cache, await stats()] as const),
      )
      const forget = () => {
        current = undefined
      }
      current.then(forget, forget)
    }
    return current
  }
}
