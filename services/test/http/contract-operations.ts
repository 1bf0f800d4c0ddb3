import { describe, expect, test } from 'vitest'
import type { Subject } from './contract-subject.ts'

const latency = { p50: 0, p95: 0, p99: 0, max: 0 }
const zeros = {
  reads: { total: 0, hits: 0, misses: 0, stale: 0, negative: 0, bypass: 0, hitRatio: 0 },
  loads: { total: 0, failures: 0, joined: 0 },
  writes: { total: 0, failures: 0 },
  latencyMs: { hit: latency, miss: latency, load: latency, write: latency },
  staleness: { sampled: 0, stale: 0, ageMs: { p50: 0, p99: 0, max: 0 } },
}
const refreshes = ['total', 'useful', 'discarded', 'failures']
const journal = [
  ...['dirty', 'oldestMs', 'enqueued', 'coalesced', 'flushed'],
  ...['retries', 'deadLetters', 'fenced', 'lost', 'bytes', 'restamped', 'breaker', 'drainRate'],
]

/** What is served beside users. The services run without an admin token, on a loopback host. */
export function operations(subject: Subject): void {
  const { pattern } = subject.traits
  const json = async (path: string) => JSON.parse((await subject.send('GET', path)).text)
  const reset = async () =>
    expect((await subject.send('POST', '/admin/stats/reset')).status).toBe(204)

  describe('/stats', () => {
    test('has the shape of the contract, and starts anew after a reset', async () => {
      await subject.send('GET', `/users/${subject.freshId()}`)
      await reset()
      const stats = await json('/stats')
      expect(stats).toMatchObject({ pattern, ...zeros })
      expect(stats.store).toMatch(/^(memory|redis)$/)
      expect(stats.source).toMatch(/^(pglite|postgres)$/)
      expect(stats.uptimeMs).toBeGreaterThan(0)
      const keys = (group: object | null) => (group === null ? null : Object.keys(group))
      const isRefreshing = pattern === 'refresh-ahead'
      const isJournaling = pattern === 'write-behind'
      expect(keys(stats.refreshes)).toEqual(isRefreshing ? refreshes : null)
      expect(keys(stats.journal)).toEqual(isJournaling ? expect.arrayContaining(journal) : null)
      expect(stats.warnings).toEqual(expect.any(Array))
    })

    test('counts every read as exactly one of its kinds, and every load', async () => {
      const path = `/users/${subject.freshId()}`
      const absence = subject.freshAbsence()
      await reset()
      for (const target of [path, path, path, absence, absence]) await subject.send('GET', target)
      const { reads, loads, latencyMs } = await json('/stats')
      expect(reads).toEqual({
        ...{ total: 5, hits: 2, misses: 2, negative: 1, stale: 0, bypass: 0 },
        hitRatio: 3 / 5,
      })
      expect(loads).toMatchObject({ total: 2, failures: 0, joined: 0 })
      expect(latencyMs.miss.max).toBeGreaterThan(0)
    })

    test('counts all who waited for one load as misses, and one load', async () => {
      const path = `/users/${subject.freshId()}`
      await reset()
      await Promise.all(Array.from({ length: 50 }, () => subject.send('GET', path)))
      const { reads, loads } = await json('/stats')
      expect(loads.total).toBe(1)
      expect(reads).toMatchObject({ total: 50, stale: 0, negative: 0, bypass: 0 })
      expect(reads.misses).toBe(1 + loads.joined)
      expect(reads.hits + reads.misses).toBe(50)
    })

    test('counts writes', async () => {
      await reset()
      const { path } = await subject.create()
      await subject.send('PUT', path, { body: subject.freshDraft() })
      await subject.send('DELETE', path)
      const { writes, latencyMs } = await json('/stats')
      expect(writes).toMatchObject({ total: 3, failures: 0 })
      expect(latencyMs.write.max).toBeGreaterThan(0)
    })

    test('counts the statements that the database is sent', async () => {
      const path = `/users/${subject.freshId()}`
      const sent = async () => (await json('/stats')).database.statements as number
      const before = await sent()
      await subject.send('GET', path)
      const loaded = await sent()
      expect(loaded).toBeGreaterThan(before)
      await subject.send('PUT', path, { body: subject.freshDraft() })
      await expect.poll(sent).toBeGreaterThan(loaded)
    })

    test('counts no read that was refused', async () => {
      await reset()
      for (const path of ['/users/abc', '/users/1?x=1', '/nowhere']) await subject.send('GET', path)
      expect((await json('/stats')).reads.total).toBe(0)
    })
  })

  describe('/metrics', () => {
    test('tells the same figures to Prometheus', async () => {
      const path = `/users/${subject.freshId()}`
      await reset()
      for (const target of [path, path, path]) await subject.send('GET', target)
      const { status, headers, text } = await subject.send('GET', '/metrics')
      expect(status).toBe(200)
      expect(headers.get('content-type')).toMatch(/^text\/plain/)
      expect(text).toMatch(/^cache_gets_total\{cache="users",result="hit"\} 2$/m)
      expect(text).toMatch(/^cache_gets_total\{cache="users",result="miss"\} 1$/m)
      const journal = (isThere: boolean) => (isThere ? expect(text) : expect(text).not)
      for (const figure of ['dirty', 'lost_total', 'breaker_state', 'drain_rows_per_second']) {
        const line = new RegExp(`^cache_journal_${figure}\\{cache="users"`, 'm')
        journal(subject.traits.hasJournal).toMatch(line)
      }
      expect(text).toMatch(/^process_resident_memory_bytes \d+/m)
    })
  })

  describe('probes', () => {
    test('say that the service is alive and ready', async () => {
      expect(await json('/healthz')).toEqual({ status: 'ok' })
      expect(await json('/readyz')).toMatchObject({ status: 'ok' })
    })
  })

  describe('documentation', () => {
    test('is OpenAPI 3.1, and a page', async () => {
      const { openapi, paths } = await json('/openapi.json')
      expect(openapi).toMatch(/^3\.1\.\d+$/)
      expect(Object.keys(paths)).toEqual(
        expect.arrayContaining(['/users', '/users/{user_id}', '/stats', '/events', '/readyz']),
      )
      const page = await subject.send('GET', '/docs')
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    })
  })

  describe('/events', () => {
    test('sends the figures', async () => {
      const abort = new AbortController()
      const response = await fetch(`${subject.url()}/events`, { signal: abort.signal })
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
      const reader = response.body?.getReader()
      const first = Buffer.from((await reader?.read())?.value ?? []).toString()
      expect(first).toMatch(/^event: stats\ndata: \{.*\}\n\n$/)
      expect(JSON.parse(first.slice(first.indexOf('{')))).toMatchObject({ pattern })
      abort.abort()
    })
  })

  describe('/admin/cache/clear', () => {
    test('makes the next read a miss, and deletes no user', async () => {
      const path = `/users/${subject.freshId()}`
      await subject.send('GET', path)
      const { status, text } = await subject.send('POST', '/admin/cache/clear')
      expect({ status, text }).toEqual({ status: 204, text: '' })
      const again = await subject.send('GET', path)
      expect(again.status).toBe(200)
      expect(again.headers.get('cache-status')).toBe(`"${pattern}"; fwd=miss; stored`)
    })
  })
}
