import { outcomeUnknown, readThrough, refreshAhead } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  manualClock,
  settle,
  slowSource,
} from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { type Factory, setup, type User } from './write-around-rig.ts'

for (const [title, factory] of [
  ['readThrough', readThrough],
  ['refreshAhead', refreshAhead],
] as const satisfies readonly (readonly [string, Factory])[]) {
  describe(`${title}, writing around`, () => {
    test('commits, then invalidates, then acknowledges', async () => {
      const { cache, counts } = setup(factory)
      await cache.get('a')

      expect(await cache.update('a', { name: 'two' })).toMatchObject({
        value: { name: 'two' },
        json: '{"name":"two"}',
        version: counts.row('a')?.version,
        existed: true,
        status: 'confirmed',
      })
      expect(await cache.peek('a')).toBeUndefined()
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect(await cache.delete('a')).toMatchObject({ value: undefined, existed: true })
      expect(await cache.get('a')).toBeUndefined()
      expect((await cache.stats()).writes).toMatchObject({ total: 2, failures: 0, unconfirmed: 0 })
    })

    test('acknowledges only when the store has answered the invalidation', async () => {
      const clock = manualClock()
      const { store, held } = delayedStore(memoryStore({ clock }))
      const { cache, counts } = setup(factory, { store, clock })
      let isAcknowledged = false
      const writing = cache.update('a', { name: 'two' }).then((result) => {
        isAcknowledged = true
        return result
      })

      const invalidate = await held.next('invalidate')
      expect(counts.row('a')?.value).toEqual({ name: 'two' })
      await invalidate.execute()
      await settle()
      expect(isAcknowledged).toBe(false)
      await invalidate.answer()
      expect((await writing).status).toBe('confirmed')
      await held.open()
    })

    test('refuses the fill of a load that began before the write', async () => {
      const { source } = countingSource<User>({ a: { name: 'one' } })
      const { source: slow, held } = slowSource(source)
      const { cache } = setup(factory, { source: slow })
      const reading = cache.get('a')
      const load = await held.next()
      await load.execute()
      await cache.update('a', { name: 'two' })
      await load.answer()

      expect(await reading).toEqual({ name: 'one' })
      await held.open()
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect((await cache.stats()).fills).toEqual({ stored: 1, refused: 1 })
    })
  })
}

describe('an invalidation that is not answered', () => {
  for (const mode of ['reject', 'throw', 'hang', 'lose-answer', 'hang-after'] as const) {
    test(`makes the write unconfirmed, and the key is read from the source until it is (${mode})`, async () => {
      const { cache, clock, failures, counts } = setup(readThrough)
      await cache.get('a')
      failures.on('invalidate', mode)
      const writing = cache.update('a', { name: 'two' })
      if (mode.startsWith('hang')) await clock.advance(500)

      expect(await writing).toMatchObject({ value: { name: 'two' }, status: 'unconfirmed' })
      expect(counts.row('a')?.value).toEqual({ name: 'two' })
      expect(await cache.lookup('a')).toMatchObject({ status: 'bypass', value: { name: 'two' } })
      expect(await cache.get('a')).toEqual({ name: 'two' })
      expect((await cache.getMany(['a'])).get('a')).toEqual({ name: 'two' })
      expect(await cache.peek('a')).toBeUndefined()
      expect((await cache.stats()).fills.stored).toBe(1)

      failures.heal()
      await clock.advance(1_000)
      expect(await cache.lookup('a')).toMatchObject({ status: 'miss', value: { name: 'two' } })
      expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'two' } })
      expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 0, unconfirmed: 1 })
    })
  }

  test('rejects with WRITE_UNCONFIRMED where the options say so, the row being written', async () => {
    const { cache, failures, counts } = setup(readThrough, { onUnconfirmed: 'throw' })
    failures.on('invalidate', 'reject')

    await expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_UNCONFIRMED',
      key: 'a',
    })
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    await expect(cache.mutate(['a'], async () => 'done')).rejects.toMatchObject({
      code: 'WRITE_UNCONFIRMED',
    })
    expect((await cache.stats()).writes).toMatchObject({ total: 2, failures: 0, unconfirmed: 2 })
  })

  test('is not made up for by an earlier one that is answered later', async () => {
    const clock = manualClock()
    const { store, held } = delayedStore(memoryStore({ clock }))
    const { cache } = setup(readThrough, { store, clock, storeWriteDeadline: '10s' })
    const first = cache.update('a', { name: 'two' })
    const earlier = await held.next('invalidate')
    await earlier.execute()
    const second = cache.update('a', { name: 'three' })
    const later = await held.next('invalidate')
    later.fail(new Error('lost'))
    expect((await second).status).toBe('unconfirmed')
    await earlier.answer()
    expect((await first).status).toBe('confirmed')

    expect(await cache.peek('a')).toBeUndefined()
    expect(await cache.lookup('a')).toMatchObject({ status: 'bypass', value: { name: 'three' } })
    await held.open()
    await clock.advance(1_000)
    expect(await cache.lookup('a')).toMatchObject({ status: 'miss', value: { name: 'three' } })
  })
})

describe('a commit that does not succeed', () => {
  test('reaches the caller as it is, and leaves row and entry, when nothing was written', async () => {
    const { source, counts } = countingSource<User>({ a: { name: 'one' } })
    const refusal = Object.assign(new Error('too long'), { code: '22001' })
    const { cache, failures } = setup(readThrough, {
      source: Object.assign(Object.create(source), { update: () => Promise.reject(refusal) }),
    })
    await cache.get('a')
    await expect(cache.update('a', { name: 'x'.repeat(300) })).rejects.toBe(refusal)

    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect(failures.calls('invalidate')).toBe(0)
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'one' } })
    expect((await cache.stats()).writes).toMatchObject({ failures: 1, outcomeUnknown: 0 })
  })

  test('invalidates now and again after the deadline, when nobody can tell', async () => {
    const { source, counts } = countingSource<User>({ a: { name: 'one' } })
    const lost = outcomeUnknown(new Error('connection lost'), 'a')
    const { cache, clock, failures } = setup(readThrough, {
      source: Object.assign(Object.create(source), { update: () => Promise.reject(lost) }),
    })
    await cache.get('a')
    await expect(cache.update('a', { name: 'two' })).rejects.toBe(lost)
    expect(failures.calls('invalidate')).toBe(1)

    // read, and cached, before the commit happens after all: its statement began in time, and took a while
    expect(await cache.get('a')).toEqual({ name: 'one' })
    await clock.advance(2_300)
    await cache.get('a')
    await source.update('a', { name: 'two' }, { deadlineAt: 0 })
    await clock.advance(200)
    expect(failures.calls('invalidate')).toBe(2)
    expect(await cache.get('a')).toEqual({ name: 'two' })
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1, outcomeUnknown: 1 })
  })

  test('answers within its deadline and half a second when it hangs, and is invalidated when it settles', async () => {
    const { source } = countingSource<User>({ a: { name: 'one' } })
    const { source: slow, held } = slowSource(source, ['update'])
    const { cache, clock } = setup(readThrough, { source: slow, writeDeadline: '1s' })
    await cache.get('a')
    const startedAt = clock.now()
    const rejected = expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    const update = await held.next('update')
    expect(update.args[2]).toMatchObject({ deadlineAt: startedAt + 1_000 })
    await clock.advance(1_500)
    await rejected

    await clock.advance(10_000)
    expect(await cache.get('a')).toEqual({ name: 'one' })
    await update.answer()
    await settle()
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('rejects with VERSION_CONFLICT, and the version that stands, when the row is another one', async () => {
    const { cache, counts } = setup(readThrough)
    const version = counts.row('a')?.version ?? 0
    const conflict = { code: 'VERSION_CONFLICT', key: 'a', version }
    const ifVersion = [version + 1, version + 2]

    await expect(cache.update('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(conflict)
    await expect(cache.put('a', { name: 'x' }, { ifVersion })).rejects.toMatchObject(conflict)
    await expect(cache.delete('a', { ifVersion })).rejects.toMatchObject(conflict)
    expect(counts.row('a')?.value).toEqual({ name: 'one' })
    expect((await cache.stats()).writes).toMatchObject({ total: 3, failures: 0 })
    const matching = { ifVersion: [version, version + 1] }
    expect((await cache.update('a', { name: 'two' }, matching)).existed).toBe(true)
  })

  test('says that there was no row', async () => {
    const { cache } = setup(readThrough)
    const nothing = { value: undefined, json: undefined, existed: false, status: 'confirmed' }
    expect(await cache.update('b', { name: 'x' })).toMatchObject(nothing)
    expect(await cache.delete('b')).toMatchObject(nothing)
    expect(await cache.put('b', { name: 'x' }, { ifVersion: 1 })).toMatchObject(nothing)
  })
})
