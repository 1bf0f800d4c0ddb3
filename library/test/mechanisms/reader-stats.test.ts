import { type CacheAside, cacheAside, readThrough, writeBehind } from 'caching-patterns'
import { countingSource, failingStore, settle } from 'caching-patterns/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passTime, remote, rig, type User } from '../patterns/reading-rig.ts'

const keys = ['a', 'b', 'gone'] as const

function make(isRemote: boolean) {
  const parts = rig({ a: { name: 'a' }, b: { name: 'b' } })
  const { store, failures } = failingStore(isRemote ? remote(parts.store) : parts.store)
  let isDown = false
  const source = {
    ...parts.source,
    versioned: true as const,
    load: async (key: string) => {
      if (isDown) throw new Error('down')
      return parts.source.load(key, { signal: new AbortController().signal })
    },
  }
  const base = {
    name: 'users',
    ttl: '1s',
    staleIfError: '2s',
    negativeTtl: '1s',
    store,
    clock: parts.clock,
  } as const
  return {
    ...parts,
    failures,
    cache: readThrough<string, User>({ ...base, source: source as unknown as typeof parts.source }),
    aside: cacheAside<string, User>({ ...base, name: 'aside' }),
    breakSource: (down: boolean) => {
      isDown = down
    },
  }
}

async function viaSlot(aside: CacheAside<string, User>, key: string): Promise<unknown> {
  const slot = await aside.acquire(key)
  if (slot.status === 'hit') return slot.lookup
  const value = key === 'gone' ? null : { name: key }
  return slot.status === 'busy' ? slot.pass(value) : slot.fill(value)
}

const key = fc.constantFrom(...keys)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ get: key }) },
  { weight: 2, arbitrary: fc.record({ lookup: key }) },
  { weight: 2, arbitrary: fc.record({ slot: key }) },
  { weight: 1, arbitrary: fc.record({ many: fc.array(key, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ fresh: key }) },
  { weight: 1, arbitrary: fc.record({ invalidate: key }) },
  { weight: 1, arbitrary: fc.record({ isDown: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ failing: fc.constantFrom('get', 'acquire', 'fill') }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.nat(1_500) }) },
)

describe('figures', () => {
  test('count every answered read exactly once, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 60 }), async (isRemote, steps) => {
        const { cache, aside, clock, failures, breakSource } = make(isRemote)
        const reads: Promise<unknown>[] = []
        let slots = 0
        const quietly = (reading: Promise<unknown>) =>
          reads.push(
            reading.then(
              () => 1,
              () => 0,
            ),
          )
        for (const each of steps) {
          if ('get' in each) quietly(cache.get(each.get))
          if ('lookup' in each) quietly(cache.lookup(each.lookup))
          if ('fresh' in each) quietly(cache.lookup(each.fresh, { fresh: true }))
          if ('slot' in each) {
            slots += 1
            quietly(viaSlot(aside, each.slot).then(() => Promise.reject(new Error('apart'))))
          }
          if ('many' in each) {
            const found = cache.lookupMany(each.many)
            for (const one of new Set(each.many)) {
              quietly(
                found.then((answers) => {
                  if (answers.get(one) instanceof Error) throw answers.get(one)
                }),
              )
            }
          }
          if ('invalidate' in each) await passTime(clock, cache.invalidate(each.invalidate))
          if ('isDown' in each) breakSource(each.isDown === true)
          if ('failing' in each) failures.on(each.failing as string, 'reject', 1)
          if ('passMs' in each) await clock.advance(each.passMs as number)
          await settle()
        }
        const answered = (await passTime(clock, Promise.all(reads), 50)) as number[]
        const { reads: figures, loads } = await cache.stats()
        const { hits, misses, stale, negative, bypass, total } = figures
        expect(total).toBe(answered.reduce((sum, one) => sum + one, 0))
        expect(hits + misses + stale + negative + bypass).toBe(total)
        expect(loads.joined).toBeLessThanOrEqual(misses + bypass)
        expect((await aside.stats()).reads.total).toBe(slots)
        await passTime(clock, Promise.all([cache.close(), aside.close()]))
      }),
      { numRuns: 100 },
    )
  })

  test('give latencies above 0 for hits, misses and loads', async () => {
    const { cache, clock } = make(true)
    await passTime(clock, cache.get('a'))
    for (let read = 0; read < 20; read += 1) await passTime(clock, cache.get('a'))
    const { latencyMs } = await cache.stats()
    for (const figures of [latencyMs.hit, latencyMs.miss, latencyMs.load]) {
      expect(figures.p50).toBeGreaterThan(0)
      expect(figures.p99).toBeGreaterThanOrEqual(figures.p50)
      expect(figures.max).toBeGreaterThanOrEqual(figures.p99 / 2)
    }
  })

  test('measure a hit of getMany from the call on, with the store’s part in it', async () => {
    const { cache, clock, failures } = make(true)
    await passTime(clock, cache.get('a'))
    cache.resetStats()
    const reading = cache.getMany(['a'])
    const until = performance.now() + 20
    while (performance.now() < until) failures.calls()
    await passTime(clock, reading)
    expect((await cache.stats()).latencyMs.hit.max).toBeGreaterThan(15)
  })

  test('start anew after resetStats', async () => {
    const { cache, clock } = make(false)
    await passTime(clock, cache.get('a'))
    await passTime(clock, cache.get('a'))
    cache.resetStats()
    const { reads, loads, latencyMs } = await cache.stats()
    expect(reads).toEqual({
      total: 0,
      hits: 0,
      misses: 0,
      stale: 0,
      negative: 0,
      bypass: 0,
      hitRatio: 0,
    })
    expect(loads.total).toBe(0)
    expect(latencyMs.miss.max).toBe(0)
  })
})

describe('sampled staleness', () => {
  function sampled() {
    const parts = rig()
    const cache = readThrough<string, User>({
      name: 'users',
      ttl: '2h',
      jitter: 0,
      sampleStaleness: 1,
      store: parts.store,
      source: parts.slow,
      clock: parts.clock,
    })
    return { ...parts, cache }
  }

  async function filled() {
    const made = sampled()
    const filling = made.cache.get('k')
    await (await made.loads.next('load')).answer()
    await filling
    return made
  }

  test('finds a hit stale that the row has overtaken, and how old it was', async () => {
    const { cache, source, loads, clock } = await filled()
    await source.put('k', { name: 'behind its back' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    await clock.advance(5_400_000)
    await cache.get('k')
    await (await loads.next('load')).answer()
    await settle()
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 0, stale: 0 })
    await clock.advance(1_000)
    const { staleness, loads: figures } = await cache.stats()
    expect(staleness).toMatchObject({ sampled: 1, stale: 1 })
    expect(staleness.ageMs.max).toBeGreaterThan(3_500_000)
    expect(figures.total).toBe(1)
  })

  test('does not blame a hit for a write that came after it', async () => {
    const { cache, loads, clock } = await filled()
    await cache.get('k')
    const sample = await loads.next('load')
    await cache.update('k', { name: 'new' })
    await sample.answer()
    await clock.advance(1_000)
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 1, stale: 0 })
  })

  test('does not blame a hit for an invalidation that is on its way', async () => {
    const { cache, source, loads, clock } = await filled()
    await source.put('k', { name: 'committed' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    await cache.get('k')
    await (await loads.next('load')).answer()
    await clock.advance(900)
    await cache.invalidate('k')
    await clock.advance(100)
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 1, stale: 0 })
  })

  test('says nothing of hits that a close leaves no second to', async () => {
    const { cache, source, loads, clock } = await filled()
    await source.put('k', { name: 'behind its back' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    await cache.get('k')
    await (await loads.next('load')).answer()
    await settle()
    await cache.close()
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 0, stale: 0 })
    expect(clock.pending()).toBe(0)
  })

  test('keeps at most 100 samples under way', async () => {
    const { cache, loads } = await filled()
    for (let read = 0; read < 150; read += 1) await cache.get('k')
    await settle()
    expect(loads.waiting('load').length).toBeLessThanOrEqual(16)
    await loads.open()
    await settle()
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 100, stale: 0 })
  })

  test('does not call a journal that the database lags behind stale', async () => {
    const parts = rig()
    const { source, counts } = countingSource<User>({ k: { name: 'old' } })
    const { store, clock } = parts
    const options = { name: 'users', ttl: '2h', jitter: 0, sampleStaleness: 1 } as const
    const cache = writeBehind<string, User>({ ...options, delay: '1h', store, source, clock })
    await cache.get('k')
    await cache.update('k', { name: 'new' })
    await cache.get('k')
    await clock.advance(1_000)
    expect(counts.row('k')).toMatchObject({ value: { name: 'old' } })
    expect((await cache.stats()).staleness).toMatchObject({ stale: 0 })
    await cache.close()
  })

  test('is measured with cache-aside too', async () => {
    const { store, clock } = rig()
    let name = 'old'
    const cache = cacheAside<string, User>({
      name: 'users',
      ttl: '1h',
      sampleStaleness: 1,
      store,
      clock,
    })
    const read = () => cache.getOrLoad('k', async () => ({ name }))
    await read()
    name = 'new'
    await read()
    await settle()
    await clock.advance(1_000)
    expect((await cache.stats()).staleness).toMatchObject({ sampled: 1, stale: 1 })
  })

  test('is measured of acquired hits against what `primary` loads, and of none without it', async () => {
    const { store, clock } = rig()
    let asked = 0
    const primary = async () => {
      asked += 1
      return { value: { name: 'new' }, version: 2 }
    }
    const options = { name: 'users', ttl: '1h', sampleStaleness: 1, store, clock } as const
    const sampling = cacheAside<string, User>({ ...options, primary })
    const blind = cacheAside<string, User>(options)
    const slot = await sampling.acquire('k')
    if (slot.status === 'miss') await slot.fill({ name: 'old' }, { version: 1 })
    expect((await sampling.acquire('k')).status).toBe('hit')
    expect((await blind.acquire('k')).status).toBe('hit')
    await settle()
    await clock.advance(1_000)
    expect(asked).toBe(1)
    expect((await sampling.stats()).staleness).toMatchObject({ sampled: 1, stale: 1 })
    expect((await blind.stats()).staleness).toMatchObject({ sampled: 0, stale: 0 })
  })
})
