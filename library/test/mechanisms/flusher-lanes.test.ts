import { countingSource, type HeldCalls, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Row, setup, sqlError, type User } from './flusher-rig.ts'

const keysOf = (rows: unknown) => (rows as readonly Row[]).map(({ key }) => key).join()

/** The next flush, and whether it has come. */
function nextFlush({ held }: { readonly held: HeldCalls }) {
  const next = { hasCome: false, call: held.next('flush') }
  next.call.then(
    () => {
      next.hasCome = true
    },
    () => undefined,
  )
  return next
}

/** Six rows, in batches of two, of which two are under way. */
async function twoUnderWay() {
  const { source, counts } = countingSource<User>()
  const slow = slowSource(source, ['flush'])
  const { cache, pass, journal } = setup({ source: slow.source, flushBatchSize: 2 })
  for (const key of 'abcdef') await cache.put(key, { name: key })
  await pass(1_000)
  const first = await slow.held.next('flush')
  const second = await slow.held.next('flush')
  return { slow, first, second, counts, pass, journal }
}

describe('statements under way', () => {
  test('are two at a time, of different rows; the next is sent when one of them is answered', async () => {
    const { slow, first, second, pass, journal } = await twoUnderWay()
    expect([first, second].map(({ args }) => keysOf(args[0]))).toEqual(['a,b', 'c,d'])
    const third = nextFlush(slow)
    await pass(100)
    expect(third.hasCome).toBe(false)
    await second.answer()
    expect(keysOf((await third.call).args[0])).toBe('e,f')
    expect(await journal()).toMatchObject({ dirty: 4 })
    await first.answer()
    await (await third.call).answer()
    await pass(100)
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 6 })
  })

  test('one that fails: the other is written, no third is sent, and what is left is tried after the pause', async () => {
    const { slow, first, second, counts, pass, journal } = await twoUnderWay()
    const again = nextFlush(slow)
    first.fail(sqlError('57P01'))
    // the pause begins when both are through
    await pass(500)
    expect(again.hasCome).toBe(false)
    await second.answer()
    await settle()
    expect(again.hasCome).toBe(false)
    expect(counts.row('d')?.value).toEqual({ name: 'd' })
    await pass(75)
    expect(keysOf((await again.call).args[0])).toBe('a,b')
    await (await again.call).answer()
    await slow.held.open()
    await pass(1_000)
    expect(counts.row('f')?.value).toEqual({ name: 'f' })
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 6, retries: 1 })
  })

  test('is one alone while the breaker holds the database for failed', async () => {
    const { cache, database, flushes, pass } = setup({ delay: '1h', flushBatchSize: 1 })
    for (const key of ['a', 'b', 'c', 'd']) await cache.put(key, { name: key })
    database.refuse = () => sqlError('57P01')
    const flushing = cache.flush()
    await pass(3_000)
    const sent = flushes.length
    // the next pause is of 2.4 s: one attempt, of one row
    await pass(2_400)
    expect(flushes.length).toBe(sent + 1)
    database.refuse = () => undefined
    await pass(6_000)
    await flushing
  })

  test('that share the time count as one that is twice as fast', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => now.mockRestore())
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, pass, journal } = setup({ source: slow.source, flushBatchSize: 2 })
    for (const key of ['a', 'b', 'c', 'd']) await cache.put(key, { name: key })
    await pass(1_000)
    const both = [await slow.held.next('flush'), await slow.held.next('flush')]
    now.mockReturnValue(100)
    for (const each of both) await each.answer()
    await pass(100)
    expect(await journal()).toMatchObject({ flushed: 4, drainRate: 40 })
  })

  test('are all over before the next turn begins, also when the journal fails meanwhile', async () => {
    const { source, counts } = countingSource<User>({ a: { name: 'one' } })
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 1 })
    const { version } = await cache.put('a', { name: 'mine' })
    Object.assign(counts.row('a') as object, { version: version + 1_000 })
    await cache.put('b', { name: 'mine' })
    await pass(1_000)
    const first = await slow.held.next('flush')
    const second = await slow.held.next('flush')
    const third = nextFlush(slow)
    failures.on('restamp', 'reject', 1)
    await first.answer()
    await pass(1_500)
    expect(third.hasCome).toBe(false)
    await second.answer()
    await pass(1_000)
    await (await third.call).answer()
    await slow.held.open()
    await pass(1_000)
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 2 })
  })

  test('wait when the journal was not told of the batch before', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 1 })
    for (const key of ['a', 'b', 'c', 'd', 'e']) await cache.put(key, { name: key })
    failures.on('ack', 'hang-after', 2)
    await pass(1_000)
    for (let i = 0; i < 4; i += 1) await (await slow.held.next('flush')).answer()
    const fifth = nextFlush(slow)
    await settle()
    await settle()
    expect(fifth.hasCome).toBe(false)
    await pass(2_000)
    await (await fifth.call).answer()
    await slow.held.open()
    await pass(3_000)
    expect(await journal()).toMatchObject({ dirty: 0 })
  })

  test('flush() resolves when the rows behind one that met a newer version are down too', async () => {
    const { cache, counts } = setup(
      { delay: '1h', flushBatchSize: 1 },
      { a: { name: 'one' }, b: { name: 'one' } },
    )
    for (const key of ['a', 'b']) {
      const { version } = await cache.put(key, { name: 'mine' })
      Object.assign(counts.row(key) as object, { version: version + 1_000 })
    }
    for (const key of ['c', 'd', 'e']) await cache.put(key, { name: 'mine' })
    await cache.flush()
    const names = ['a', 'b', 'c', 'd', 'e'].map((key) => counts.row(key)?.value.name)
    expect(names).toEqual(['mine', 'mine', 'mine', 'mine', 'mine'])
  })

  test('of a long pass: ownership is renewed every two seconds, before another page is claimed', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 1 })
    for (let i = 0; i < 60; i += 1) await cache.put(`k${i}`, { name: 'x' })
    const before = failures.calls('own')
    await pass(1_000)
    for (let done = 0; done < 40; done += 1) {
      await (await slow.held.next('flush')).answer()
      await pass(150)
    }
    expect(failures.calls('own') - before).toBe(3)
    await slow.held.open()
    await pass(1_000)
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 60 })
  })
})
