import type { JournalingStore } from 'caching-patterns'
import { refreshAhead } from 'caching-patterns'
import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type Subject, type SubjectParts, subjects, withoutLease } from './reading-rig.ts'

const forever = { deadlineAt: Number.MAX_SAFE_INTEGER }
type Make = (parts: SubjectParts) => Subject
type Wrap = (store: JournalingStore, clock: ReturnType<typeof rig>['clock']) => JournalingStore
const leased: Wrap = (store) => store

/** A load has read the old row and is on its way back while `change` runs; what a later read answers. */
async function readAfter(
  make: Make,
  change: (subject: Subject, parts: ReturnType<typeof rig>) => Promise<unknown>,
  wrap: Wrap,
): Promise<string | undefined> {
  const parts = rig()
  const { slow, loads, clock } = parts
  const subject = make({ store: wrap(parts.store, clock), source: slow, clock })
  const early = subject.read('k')
  const load = await loads.next('load')
  await load.execute()
  const changed = change(subject, parts)
  // write-behind loads first what it is to replace
  await settle()
  await changed
  await load.answer()
  expect(['old', 'new']).toContain((await early)?.name)
  await loads.open()
  return (await subject.read('k'))?.name
}

async function invalidated(subject: Subject, { source }: ReturnType<typeof rig>): Promise<void> {
  await source.put('k', { name: 'new' }, forever)
  expect(await subject.control.invalidate('k')).toBe('confirmed')
}

function updated(subject: Subject): Promise<unknown> {
  return subject.write('k', { name: 'new' })
}

describe.each(Object.entries(subjects))('%s', (_name, make) => {
  test('never serves the old value after an invalidation in the middle of a load', async () => {
    expect(await readAfter(make, invalidated, leased)).toBe('new')
  })

  test('serves it without the lease: an invalidation', async () => {
    expect(await readAfter(make, invalidated, withoutLease)).toBe('old')
  })

  test('never serves the old value after an update in the middle of a load', async () => {
    expect(await readAfter(make, updated, leased)).toBe('new')
  })

  test('serves it without the lease: an update', async () => {
    expect(await readAfter(make, updated, withoutLease)).toBe('old')
  })

  test('answers with the new value to who comes after the update, while the old load is under way', async () => {
    const { slow, loads, store, clock } = rig()
    const subject = make({ store, source: slow, clock })
    const early = subject.read('k')
    const oldLoad = await loads.next('load')
    await oldLoad.execute()
    await subject.write('k', { name: 'new' })
    const late = subject.read('k')
    await settle()
    await oldLoad.answer()
    await loads.open()
    expect((await late)?.name).toBe('new')
    await early
  })
})

describe('a refresh in flight', () => {
  async function readAfterRefresh(
    change: (
      cache: ReturnType<typeof make>['cache'],
      source: ReturnType<typeof rig>['source'],
    ) => Promise<unknown>,
    wrap: Wrap,
    start: (cache: ReturnType<typeof make>['cache']) => Promise<unknown>,
  ): Promise<string | undefined> {
    const { cache, source, loads, clock } = make(wrap)
    await settle()
    const filling = cache.get('k')
    await (await loads.next('load')).answer()
    await filling
    await clock.advance(8_500)
    const starting = start(cache)
    const load = await loads.next('load')
    await load.execute()
    await change(cache, source)
    await load.answer()
    await starting
    await settle()
    await loads.open()
    return (await cache.get('k'))?.name
  }

  function make(wrap: Wrap) {
    const parts = rig()
    const { store, slow, clock } = parts
    const cache = refreshAhead({
      name: 'users',
      ttl: '10s',
      jitter: 0,
      beta: 0,
      store: wrap(store, clock),
      source: slow,
      clock,
    })
    return { ...parts, cache }
  }

  const read = (cache: ReturnType<typeof make>['cache']) => cache.get('k')
  const refresh = (cache: ReturnType<typeof make>['cache']) => cache.refresh('k')
  const update = (cache: ReturnType<typeof make>['cache']) => cache.update('k', { name: 'new' })
  const invalidate = async (
    cache: ReturnType<typeof make>['cache'],
    source: ReturnType<typeof rig>['source'],
  ) => {
    await source.put('k', { name: 'new' }, forever)
    await cache.invalidate('k')
  }

  for (const [start, starts] of [
    ['a read', read],
    ['refresh()', refresh],
  ] as const) {
    for (const [word, change] of [
      ['an update', update],
      ['an invalidation', invalidate],
    ] as const) {
      test(`stores nothing after ${word}, when ${start} started it`, async () => {
        expect(await readAfterRefresh(change, leased, starts)).toBe('new')
      })

      test(`brings the old value back if refreshes are blind: ${word}, ${start}`, async () => {
        expect(await readAfterRefresh(change, withoutLease, starts)).toBe('old')
      })
    }
  }
})
