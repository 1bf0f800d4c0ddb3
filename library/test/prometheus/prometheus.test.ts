import type { CacheStats } from 'caching-patterns'
import { exportCacheMetrics } from 'caching-patterns/prometheus'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'

const none = { p50: 0, p95: 0, p99: 0, max: 0 }
const figures: CacheStats = {
  reads: { total: 31, hits: 16, misses: 8, stale: 4, negative: 2, bypass: 1, hitRatio: 18 / 31 },
  loads: { total: 10, failures: 3, joined: 5, batches: 2 },
  writes: { total: 9, failures: 1, unconfirmed: 2, outcomeUnknown: 1 },
  latencyMs: { hit: { p50: 1, p95: 2, p99: 3, max: 250 }, miss: none, load: none, write: none },
  refreshes: null,
  journal: null,
  staleness: { sampled: 6, stale: 1, ageMs: { p50: 0, p99: 0, max: 0 } },
  fills: { stored: 7, refused: 1 },
  invalidations: 12,
  marksLost: 0,
  storeErrors: 3,
  breaker: 'half-open',
}
const journal = {
  bytes: 640,
  dirty: 5,
  oldestMs: 1500,
  enqueued: 20,
  coalesced: 4,
  flushed: 11,
  retries: 1,
  deadLetters: 2,
  fenced: 0,
  lost: 0,
  restamped: 0,
  breaker: 'open',
  drainRate: 2500,
} as const

async function scrape(caches: Record<string, () => Promise<CacheStats>>): Promise<string[]> {
  const register = new Registry()
  exportCacheMetrics(register, caches)
  return (await register.metrics()).split('\n')
}

test('exports every read under exactly one result', async () => {
  const lines = await scrape({ users: async () => figures })
  expect(lines.filter((line) => line.startsWith('cache_gets_total{'))).toEqual([
    'cache_gets_total{cache="users",result="hit"} 16',
    'cache_gets_total{cache="users",result="miss"} 8',
    'cache_gets_total{cache="users",result="stale"} 4',
    'cache_gets_total{cache="users",result="negative"} 2',
    'cache_gets_total{cache="users",result="bypass"} 1',
  ])
  expect(lines).toContain('# TYPE cache_gets_total counter')
})

test('splits loads and writes into successes and failures', async () => {
  const lines = await scrape({ users: async () => figures })
  expect(lines).toContain('cache_load_total{cache="users",result="success"} 7')
  expect(lines).toContain('cache_load_total{cache="users",result="failure"} 3')
  expect(lines).toContain('cache_writes_total{cache="users",result="success"} 8')
  expect(lines).toContain('cache_puts_total{cache="users",result="refused"} 1')
})

test('exports durations in seconds, and the breaker as one 1 among zeros', async () => {
  const lines = await scrape({ users: async () => figures })
  expect(lines).toContain('cache_latency_seconds{cache="users",operation="hit",quantile="1"} 0.25')
  expect(lines).toContain('cache_breaker_state{cache="users",state="closed"} 0')
  expect(lines).toContain('cache_breaker_state{cache="users",state="half-open"} 1')
})

test('exports a journal or refreshes only for a cache that has them', async () => {
  const refreshes = { total: 6, useful: 3, discarded: 2, failures: 1 }
  const lines = await scrape({
    plain: async () => figures,
    behind: async () => ({ ...figures, journal, refreshes }),
  })
  expect(lines).toContain('cache_journal_dirty{cache="behind"} 5')
  expect(lines).toContain('cache_journal_oldest_seconds{cache="behind"} 1.5')
  expect(lines).toContain('cache_journal_dead_letters{cache="behind"} 2')
  expect(lines).toContain('cache_journal_bytes{cache="behind"} 640')
  expect(lines).toContain('cache_journal_drain_rows_per_second{cache="behind"} 2500')
  expect(lines).toContain('cache_journal_breaker_state{cache="behind",state="open"} 1')
  expect(lines).toContain('cache_journal_breaker_state{cache="behind",state="closed"} 0')
  expect(lines).toContain('cache_refreshes_useful_total{cache="behind"} 3')
  expect(lines.filter((line) => /^cache_(journal|refresh).*"plain"/.test(line))).toEqual([])
})

test('reads each cache once a scrape, and anew at the next', async () => {
  let reads = 0
  const register = new Registry()
  exportCacheMetrics(register, {
    users: async () => {
      reads += 1
      return { ...figures, invalidations: reads }
    },
  })
  expect(await register.metrics()).toContain('cache_invalidations_total{cache="users"} 1')
  expect(await register.metrics()).toContain('cache_invalidations_total{cache="users"} 2')
  expect(reads).toBe(2)
})

test('fails the scrape, and only that one, when a cache cannot tell its figures', async () => {
  let isBroken = true
  const register = new Registry()
  exportCacheMetrics(register, {
    users: async () => {
      if (isBroken) throw new Error('no figures')
      return figures
    },
  })
  await expect(register.metrics()).rejects.toThrow('no figures')
  isBroken = false
  expect(await register.metrics()).toContain('cache_gets_total')
})

test('refuses a second export to the same registry', () => {
  const register = new Registry()
  exportCacheMetrics(register, { users: async () => figures })
  expect(() => exportCacheMetrics(register, { posts: async () => figures })).toThrow(
    /already been registered/,
  )
})

test('stands in the other forms of a registry: JSON, reset and merge', async () => {
  const register = new Registry()
  exportCacheMetrics(register, { users: async () => figures })
  register.resetMetrics()
  const gets = (await register.getMetricsAsJSON()).find(({ name }) => name === 'cache_gets_total')
  expect(gets?.values).toContainEqual({ labels: { cache: 'users', result: 'hit' }, value: 16 })
  const merged = Registry.merge([register, new Registry()])
  expect(await merged.metrics()).toContain('cache_store_errors_total{cache="users"} 3')
})
