import { outcomeUnknown } from 'caching-patterns'
import { countingSource, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { id, opened, setup, type User } from './write-through-rig.ts'

describe('a commit that does not succeed, between marks', () => {
  test('an error of the source takes the mark away, and reaches the caller as it is', async () => {
    const { source } = countingSource<User>({ a: { name: 'one' } })
    const refusal = Object.assign(new Error('too long'), { code: '22001' })
    const { cache, memory, failures } = await opened({
      source: Object.assign(Object.create(source), { update: () => Promise.reject(refusal) }),
    })
    await expect(cache.update('a', { name: 'x' })).rejects.toBe(refusal)
    expect(failures.calls('abort')).toBe(1)
    expect(memory.get(id)).toBeUndefined()
    expect(await cache.lookup('a')).toMatchObject({ status: 'miss', isStored: true })
  })

  test('a write of no row, or of another version, takes the mark away', async () => {
    const { cache, memory, failures } = await opened()
    expect((await cache.update('b', { name: 'x' })).existed).toBe(false)
    await expect(cache.update('a', { name: 'x' }, { ifVersion: 99 })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      version: 1,
    })
    expect(failures.calls('abort')).toBe(2)
    expect([memory.get('cp:users:1:b'), memory.get(id)]).toEqual([undefined, undefined])
  })

  test('an unknown outcome keeps the mark, and invalidates now and later', async () => {
    const { source } = countingSource<User>({ a: { name: 'one' } })
    const lost = outcomeUnknown(new Error('connection lost'))
    const { cache, clock, memory, failures } = await opened({
      source: Object.assign(Object.create(source), { update: () => Promise.reject(lost) }),
    })
    await expect(cache.update('a', { name: 'two' })).rejects.toBe(lost)
    expect((await memory.get(id))?.kind).toBe('pending')
    expect([failures.calls('abort'), failures.calls('invalidate')]).toEqual([0, 1])
    expect((await cache.lookup('a')).status).toBe('bypass')
    await clock.advance(1_499)
    await source.update('a', { name: 'two' }, { deadlineAt: 0 })
    await clock.advance(501)
    expect(failures.calls('invalidate')).toBe(2)
    await clock.advance(1_001)
    expect(await cache.lookup('a')).toMatchObject({ status: 'miss', value: { name: 'two' } })
    expect((await cache.stats()).writes).toMatchObject({ failures: 1, outcomeUnknown: 1 })
  })

  test('a commit that hangs is answered in time, and invalidated when it settles', async () => {
    const { cache, clock, memory, held, commits, failures } = setup()
    await held.open()
    const rejected = expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'WRITE_OUTCOME_UNKNOWN',
    })
    const update = await commits.next('update')
    await clock.advance(2_000)
    await rejected
    await clock.advance(10_000)
    const reading = cache.get('a')
    await (await commits.next('load')).answer()
    expect(await reading).toEqual({ name: 'one' })
    expect((await memory.get(id))?.kind).toBe('value')

    const before = failures.calls('invalidate')
    await update.answer()
    await settle()
    expect(failures.calls('invalidate')).toBe(before + 1)
    await commits.open()
    expect(await cache.get('a')).toEqual({ name: 'two' })
  })

  test('a mark that expired before END is counted and announced, and nothing is published', async () => {
    const { cache, clock, memory, held, commits, events } = setup({ markFor: '1s' })
    const writing = cache.update('a', { name: 'two' })
    await (await held.next('begin')).answer()
    await (await commits.next('update')).answer()
    const end = await held.next('end')
    clock.jump(1_001)
    await end.answer()
    expect((await writing).status).toBe('confirmed')
    expect(memory.get(id)).toBeUndefined()
    expect((await cache.stats()).marksLost).toBe(1)
    expect(events.filter(({ type }) => type === 'mark-lost')).toEqual([
      { type: 'mark-lost', cache: 'users', key: id },
    ])
  })

  test('a lost mark is counted also when END is sent twice', async () => {
    const { cache, clock, failures } = await opened({ markFor: '100ms' })
    failures.on('end', 'hang', 1)
    const writing = cache.update('a', { name: 'two' })
    await clock.advance(600)
    expect((await writing).status).toBe('confirmed')
    expect((await cache.stats()).marksLost).toBe(1)
  })
})

describe('acked', () => {
  test('commits and publishes onto what is cached, without a mark', async () => {
    const { cache, memory, failures } = await opened({ consistency: 'acked' })
    await cache.get('a')
    expect((await cache.update('a', { name: 'two' })).status).toBe('confirmed')
    expect(failures.calls('begin')).toBe(0)
    expect(memory.get(id)).toMatchObject({ kind: 'value', json: '{"name":"two"}' })
    expect((await cache.stats()).marksLost).toBe(0)
    await cache.delete('a')
    expect(await cache.get('a')).toBeUndefined()
    expect((await cache.create({ name: 'new' })).key).toBe('1')
    expect(await cache.get('1')).toEqual({ name: 'new' })
  })

  test('writes when the store is down, and says unconfirmed', async () => {
    const { cache, clock, failures, counts } = await opened({ consistency: 'acked' })
    failures.on('*', 'reject')
    const writing = cache.update('a', { name: 'two' })
    await clock.advance(50)
    expect((await writing).status).toBe('unconfirmed')
    expect(counts.row('a')?.value).toEqual({ name: 'two' })
    expect((await cache.lookup('a')).status).toBe('bypass')
  })

  test('END kills a load in flight', async () => {
    const { cache, memory, held, commits } = setup({ consistency: 'acked' })
    await held.open()
    const reading = cache.lookup('a')
    const load = await commits.next('load')
    await load.execute()
    const writing = cache.update('a', { name: 'two' })
    await (await commits.next('update')).answer()
    await writing
    await load.answer()
    expect(await reading).toMatchObject({ value: { name: 'one' }, isStored: false })
    expect(memory.get(id)).toBeUndefined()
  })

  test('a late END never puts an older value over a newer one', async () => {
    const { cache, memory, held, commits } = setup({ consistency: 'acked' })
    await Promise.all([held.open(), commits.open()])
    await cache.get('a')
    held.close()
    const older = cache.update('a', { name: 'older' })
    const late = await held.next('end')
    const newer = cache.update('a', { name: 'newer' })
    await (await held.next('end')).answer()
    await late.answer()
    await Promise.all([older, newer])
    expect(memory.get(id)).toMatchObject({ json: '{"name":"newer"}' })
  })

  test('an unknown outcome is invalidated now and later', async () => {
    const { source } = countingSource<User>({ a: { name: 'one' } })
    const lost = outcomeUnknown(new Error('connection lost'))
    const { cache, clock, failures } = await opened({
      consistency: 'acked',
      source: Object.assign(Object.create(source), { update: () => Promise.reject(lost) }),
    })
    await cache.get('a')
    await expect(cache.update('a', { name: 'two' })).rejects.toBe(lost)
    await clock.advance(2_000)
    expect(failures.calls('invalidate')).toBe(2)
  })
})
