import { settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { id, opened, setup } from './write-through-rig.ts'

describe('linearizable', () => {
  test('marks, commits at a version, publishes it, acknowledges', async () => {
    const { cache, memory, held, counts, commits } = setup()
    const writing = cache.update('a', { name: 'two' })
    const begin = await held.next()
    expect(begin.method).toBe('begin')
    await settle()
    expect(commits.waiting('update')).toHaveLength(0)
    await begin.answer()
    await (await commits.next('update')).answer()
    const end = await held.next()
    expect(end.method).toBe('end')
    expect((await memory.get(id))?.kind).toBe('pending')
    await end.answer()

    const version = counts.row('a')?.version
    expect(await writing).toMatchObject({ value: { name: 'two' }, version, status: 'confirmed' })
    expect(memory.get(id)).toMatchObject({ kind: 'value', version, json: '{"name":"two"}' })
    await held.open()
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', version })
    expect(counts.calls('load')).toBe(0)
  })

  for (const mode of ['reject', 'throw', 'hang', 'lose-answer', 'hang-after'] as const) {
    test(`writes nothing when the key cannot be marked, and takes the mark away later (${mode})`, async () => {
      const { cache, clock, memory, failures, counts } = await opened()
      failures.on('begin', mode)
      const rejected = expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        retryAfterMs: 1_000,
      })
      await clock.advance(500)
      await rejected
      await settle()

      expect(counts.calls('update')).toBe(0)
      expect(failures.calls('abort')).toBe(1)
      expect(memory.get(id)).toBeUndefined()
      expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 1 })
    })
  }

  test('writes nothing when the mark would not outlive the commit', async () => {
    const { cache, clock, held, counts, commits } = setup({
      markFor: '1s',
      storeWriteDeadline: '2s',
    })
    await commits.open()
    const rejected = expect(cache.update('a', { name: 'two' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    const begin = await held.next('begin')
    await begin.execute()
    await clock.advance(600)
    await begin.answer()
    await rejected
    await (await held.next('abort')).answer()
    expect(counts.calls('update')).toBe(0)
  })

  test('tells the commit a deadline of half the life of its mark', async () => {
    const { cache, clock, held, commits } = setup({ markFor: '1s', writeDeadline: '30s' })
    await held.open()
    const writing = cache.update('a', { name: 'two' })
    const update = await commits.next('update')
    expect(update.args[2]).toMatchObject({ deadlineAt: clock.now() + 500 })
    await update.answer()
    await writing
  })

  test('readers load during the mark, and do not fill', async () => {
    const { cache, memory, held, commits } = setup()
    await held.open()
    const first = cache.get('a')
    await (await commits.next('load')).answer()
    expect(await first).toEqual({ name: 'one' })

    const writing = cache.update('a', { name: 'two' })
    const update = await commits.next('update')
    const before = cache.lookup('a')
    await (await commits.next('load')).answer()
    expect(await before).toMatchObject({ status: 'bypass', value: { name: 'one' } })
    await update.execute()
    const after = cache.lookup('a')
    await (await commits.next('load')).answer()
    expect(await after).toMatchObject({ status: 'bypass', value: { name: 'two' } })
    expect((await memory.get(id))?.kind).toBe('pending')
    await update.answer()
    await writing
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'two' } })
  })

  test('refuses the fill of a load that began before the mark', async () => {
    const { cache, held, commits } = setup()
    await held.open()
    const reading = cache.get('a')
    const load = await commits.next('load')
    await load.execute()
    const writing = cache.update('a', { name: 'two' })
    await (await commits.next('update')).answer()
    await writing
    await load.answer()
    await reading
    expect(await cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'two' } })
  })

  test('sends END again when its answer is lost, and confirms', async () => {
    const { cache, clock, memory, failures, events } = await opened()
    failures.on('end', 'lose-answer', 1)
    const writing = cache.update('a', { name: 'two' })
    await clock.advance(25)
    expect((await writing).status).toBe('confirmed')
    expect(failures.calls('end')).toBe(2)
    expect(memory.get(id)).toMatchObject({ kind: 'value', json: '{"name":"two"}' })
    const { marksLost, writes } = await cache.stats()
    expect({ marksLost, unconfirmed: writes.unconfirmed }).toEqual({ marksLost: 0, unconfirmed: 0 })
    expect(events.filter(({ type }) => type === 'mark-lost')).toEqual([])
  })

  for (const mode of ['reject', 'hang', 'hang-after'] as const) {
    test(`answers unconfirmed when END stays dead, and invalidates until it is told (${mode})`, async () => {
      const { cache, clock, memory, failures } = await opened()
      failures.on('end', mode)
      failures.on('invalidate', mode)
      let isAnswered = false
      const writing = cache.update('a', { name: 'two' }).then((result) => {
        isAnswered = true
        return result
      })
      await clock.advance(mode === 'reject' ? 50 : 1_600)
      expect(isAnswered).toBe(true)
      expect((await writing).status).toBe('unconfirmed')
      expect(await cache.lookup('a')).toMatchObject({ status: 'bypass', value: { name: 'two' } })
      failures.heal()
      await clock.advance(4_000)
      expect(memory.get(id)).toBeUndefined()
      expect(await cache.lookup('a')).toMatchObject({ status: 'miss', isStored: true })
      expect((await cache.stats()).writes).toMatchObject({ total: 1, failures: 0, unconfirmed: 1 })
    })
  }

  for (const order of ['older first', 'newer first'] as const) {
    test(`the newer of two concurrent writes stands, whichever ends last (${order})`, async () => {
      const { cache, memory, held, commits } = setup()
      const older = cache.update('a', { name: 'older' })
      const newer = cache.update('a', { name: 'newer' })
      await (await held.next('begin')).answer()
      await (await held.next('begin')).answer()
      await (await commits.next('update')).answer()
      await (await commits.next('update')).answer()
      const ends = [await held.next('end'), await held.next('end')]
      if (order === 'newer first') ends.reverse()
      for (const end of ends) await end.answer()
      expect([(await older).status, (await newer).status]).toEqual(['confirmed', 'confirmed'])

      const state = memory.get(id)
      if (order === 'older first') expect(state).toMatchObject({ json: '{"name":"newer"}' })
      else expect(state).toBeUndefined()
      await Promise.all([held.open(), commits.open()])
      expect(await cache.get('a')).toEqual({ name: 'newer' })
    })
  }

  test('a delete publishes that the row is absent', async () => {
    const { cache, memory, counts } = await opened()
    await cache.get('a')
    expect(await cache.delete('a')).toMatchObject({ value: undefined, existed: true })
    expect(memory.get(id)).toMatchObject({ kind: 'negative' })
    const loads = counts.calls('load')
    expect(await cache.lookup('a')).toMatchObject({ status: 'negative', value: undefined })
    expect(counts.calls('load')).toBe(loads)
  })

  test('a create marks its key, commits and publishes', async () => {
    const { cache, memory, failures, counts } = await opened()
    expect(await cache.create({ name: 'new' })).toMatchObject({ key: '1', existed: false })
    expect(failures.calls('begin')).toBe(1)
    expect(memory.get('cp:users:1:1')).toMatchObject({ kind: 'value', json: '{"name":"new"}' })
    expect(await cache.get('1')).toEqual({ name: 'new' })
    expect(counts.calls('load')).toBe(0)
  })
})
