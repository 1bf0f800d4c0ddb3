import { memoryStore } from 'caching-patterns/memory'
import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { passTime, remote, rig, subjects } from './reading-rig.ts'

const crowd = Array.from({ length: 1_000 })

describe.each(Object.entries(subjects))('%s', (_name, make) => {
  test('loads a cold key once for 1,000 concurrent readers', async () => {
    const { slow: source, loads, counts, store, clock } = rig()
    const subject = make({ store, source, clock })
    const reads = Promise.all(crowd.map(() => subject.read('k')))
    const load = await loads.next('load')
    await settle()
    expect(loads.waiting()).toHaveLength(1)
    await load.answer()
    expect(new Set((await reads).map((value) => value?.name))).toEqual(new Set(['old']))
    expect(counts.calls('load') + counts.calls('loadMany')).toBe(1)
    const stats = await subject.control.stats()
    expect(stats.reads).toMatchObject({ total: 1_000, misses: 1_000, hits: 0 })
    expect(stats.loads).toMatchObject({ total: 1, joined: 999 })
    await subject.control.close()
    expect(clock.pending()).toBe(0)
  })

  test('loads once in two processes that share a store', async () => {
    const { slow: source, loads, counts, clock } = rig()
    const store = remote(memoryStore({ clock }))
    const here = make({ store, source, clock })
    const there = make({ store, source, clock })
    const reads = Promise.all(crowd.map((_, index) => (index % 2 ? here : there).read('k')))
    const load = await loads.next('load')
    await clock.advance(300)
    expect(loads.waiting()).toHaveLength(1)
    await load.answer()
    const values = await passTime(clock, reads)
    expect(new Set(values.map((value) => value?.name))).toEqual(new Set(['old']))
    expect(counts.calls('load') + counts.calls('loadMany')).toBe(1)
    const [one, other] = await Promise.all([here.control.stats(), there.control.stats()])
    expect(one.reads.misses + other.reads.misses).toBe(1_000)
    expect(one.loads.total + other.loads.total).toBe(1)
    await passTime(clock, Promise.all([here.control.close(), there.control.close()]))
    expect(clock.pending()).toBe(0)
  })

  test('loads an absent row once, and remembers that it is absent', async () => {
    const { slow: source, loads, counts, store, clock } = rig({})
    const subject = make({ store, source, clock })
    const reads = Promise.all(crowd.map(() => subject.read('nobody')))
    await (await loads.next('load')).answer()
    expect(new Set(await reads)).toEqual(new Set([undefined]))
    expect(await subject.read('nobody')).toBeUndefined()
    expect(counts.calls('load')).toBe(1)
    expect((await subject.control.stats()).reads).toMatchObject({ misses: 1_000, negative: 1 })
  })
})
