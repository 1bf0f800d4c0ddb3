import { describeWith, freshRedis } from '@caching-patterns/local-servers/vitest'
import {
  type FlushableSource,
  type FlushContext,
  type FlushRow,
  writeBehind,
} from 'caching-patterns'
import { redisStore } from 'caching-patterns/redis'
import { countingSource, slowSource } from 'caching-patterns/testing'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from './redis-rig.ts'

interface Counter {
  readonly count: number
}

type Source = FlushableSource<string, Counter>

/** The same source; `flush` is asked instead of its own. */
function flushedBy(source: Source, flush: Source['flush']): Source {
  return new Proxy(source, {
    get(target, name) {
      if (name === 'flush') return flush
      const member = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Rows of a table, all flushed versions of each, and caches in front of it as processes have them. */
async function setup(rows: Record<string, Counter> = {}) {
  const url = await freshRedis()
  const { source, counts } = countingSource<Counter>(rows)
  const flushed = new Map<string, number[]>()
  const recorded = flushedBy(
    source,
    (batch: readonly FlushRow<string>[], context: FlushContext) => {
      for (const { key, version } of batch) flushed.set(key, [...(flushed.get(key) ?? []), version])
      return source.flush(batch, context)
    },
  )
  const counted = { looks: 0 }
  const cacheOver = async (
    options: { source?: Source; delay?: '20ms' | '1h'; flushBatchSize?: number } = {},
  ) => {
    const client = await connect(url)
    onTestFinished(() => client.destroy())
    const store = redisStore({ client, partitions: 8 })
    const look = store.get.bind(store)
    store.get = (key) => {
      counted.looks += 1
      return look(key)
    }
    const cache = writeBehind<string, Counter>({
      name: 'counters',
      ttl: '1h',
      source: recorded,
      delay: '20ms',
      drainFor: '200ms',
      storeReadDeadline: '5s',
      storeWriteDeadline: '5s',
      ...options,
      store,
    })
    onTestFinished(() => cache.close())
    return cache
  }
  return { source: recorded, counts, counted, flushed, cacheOver }
}

const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)

describeWith(['redis'], 'write-behind in two processes, with one journal on Redis', () => {
  test('each reads at once what the other wrote', async () => {
    const { cacheOver } = await setup()
    const [a, b] = [await cacheOver(), await cacheOver({ delay: '1h' })]
    await a.put('k', { count: 0 })
    for (let i = 1; i <= 40; i += 2) {
      await b.update('k', ({ count }) => ({ count: count + 1 }))
      expect(await a.get('k')).toEqual({ count: i })
      await a.update('k', ({ count }) => ({ count: count + 1 }))
      expect(await b.get('k')).toEqual({ count: i + 1 })
    }
    await b.delete('k')
    expect(await a.get('k')).toBeUndefined()
  })

  test('what a process wrote last it changes without a look at it, and looks when another has written since', async () => {
    const { cacheOver, counted } = await setup()
    const [a, b] = [await cacheOver({ delay: '1h' }), await cacheOver({ delay: '1h' })]
    const looks = async (work: () => Promise<unknown>) => {
      const before = counted.looks
      await work()
      return counted.looks - before
    }
    const add = ({ count }: Counter) => ({ count: count + 1 })
    await a.put('k', { count: 0 })
    expect(await looks(() => a.update('k', add))).toBe(0)
    expect(await looks(() => b.update('k', add))).toBe(1)
    expect(await looks(() => a.update('k', add))).toBe(1)
    expect(await looks(() => a.update('k', add))).toBe(0)
    expect(await a.get('k')).toEqual({ count: 4 })
    const { version } = await a.update('k', { count: 5 })
    await b.delete('k')
    await expect(a.update('k', add, { ifVersion: version })).resolves.toMatchObject({
      existed: false,
    })
    expect(await a.get('k')).toBeUndefined()
  })

  test('a batch is of few partitions, whatever the order of the writes', async () => {
    const { source, cacheOver } = await setup()
    const batches: number[] = []
    const counted = flushedBy(source, (rows, context) => {
      batches.push(new Set(rows.map(({ partition }) => partition)).size)
      return source.flush(rows, context)
    })
    const cache = await cacheOver({ source: counted, delay: '1h', flushBatchSize: 20 })
    const many = Array.from({ length: 160 }, (_, i) => `k${i}`)
    for (const key of many) await cache.put(key, { count: 1 })
    await cache.flush()
    expect(batches.length).toBeGreaterThanOrEqual(8)
    // of 8, each with about 20 of these keys
    expect(Math.max(...batches)).toBeLessThanOrEqual(4)
  })

  test('everything reaches the database once, in order, whoever wrote it', async () => {
    const { cacheOver, counts, flushed } = await setup()
    const caches = [await cacheOver(), await cacheOver()] as const
    const versions = new Map<string, number>()
    for (let round = 0; round < 25; round++) {
      await Promise.all(
        keys.map(async (key, i) => {
          const cache = caches[(round + i) % 2 === 0 ? 0 : 1]
          versions.set(key, (await cache.put(key, { count: round })).version)
        }),
      )
    }
    await Promise.all(caches.map((cache) => cache.flush()))
    for (const key of keys) {
      expect(counts.row(key)).toMatchObject({ value: { count: 24 }, version: versions.get(key) })
      const written = flushed.get(key) ?? []
      expect(written).toEqual([...new Set(written)].sort((x, y) => x - y))
      expect(written.at(-1)).toBe(versions.get(key))
    }
    expect((await caches[0].stats()).journal).toMatchObject({ dirty: 0, bytes: 0 })
  })

  test('flush waits for what the other has under way', async () => {
    const { cacheOver, counts, source } = await setup()
    const { source: slow, held } = slowSource(source, ['flush'])
    const a = await cacheOver({ source: slow })
    await a.put('k', { count: 1 })
    await held.next('flush')
    const b = await cacheOver()
    let isFlushed = false
    const flushing = b.flush().then(() => {
      isFlushed = true
    })
    expect(await b.get('k')).toEqual({ count: 1 })
    expect(counts.row('k')).toBeUndefined()
    expect(isFlushed).toBe(false)
    await held.open()
    await flushing
    expect(counts.row('k')?.value).toEqual({ count: 1 })
  })

  test('flush hurries what the other owns, whatever its delay', async () => {
    const { cacheOver, counts, source } = await setup()
    let flushes = 0
    const counted = flushedBy(source, (rows, context) => {
      flushes += 1
      return source.flush(rows, context)
    })
    const a = await cacheOver({ source: counted, delay: '1h' })
    for (const key of keys) await a.put(key, { count: 1 })
    await a.flush()
    flushes = 0
    for (const key of keys) await a.put(key, { count: 2 })
    const b = await cacheOver({ delay: '1h' })
    await b.flush()
    for (const key of keys) expect(counts.row(key)?.value).toEqual({ count: 2 })
    expect(flushes).toBeGreaterThan(0)
    await a.put('k1', { count: 3 })
    await b.flush('k1')
    expect(counts.row('k1')?.value).toEqual({ count: 3 })
  })

  test('what one leaves when it is closed the other writes at once', async () => {
    const { cacheOver, counts, source } = await setup()
    const failing = flushedBy(source, () => Promise.reject(new Error('its database is away')))
    const a = await cacheOver({ source: failing })
    for (const key of keys) await a.put(key, { count: 7 })
    await expect.poll(async () => (await a.stats()).journal?.retries ?? 0).toBeGreaterThan(0)
    const b = await cacheOver()
    await a.close()
    const closedAt = performance.now()
    await b.flush()
    expect(performance.now() - closedAt).toBeLessThan(5_000)
    for (const key of keys) expect(counts.row(key)?.value).toEqual({ count: 7 })
  })

  test('without a write of its own, one writes what the other left', async () => {
    const { cacheOver, counts, source } = await setup()
    const failing = flushedBy(source, () => Promise.reject(new Error('its database is away')))
    const a = await cacheOver({ source: failing })
    await a.put('k', { count: 7 })
    await expect.poll(async () => (await a.stats()).journal?.retries ?? 0).toBeGreaterThan(0)
    await cacheOver()
    await a.close()
    await expect.poll(() => counts.row('k')?.value, { timeout: 5_000 }).toEqual({ count: 7 })
  })
})
