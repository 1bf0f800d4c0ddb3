import { countingSource, settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Row, setup, sqlError, type User } from './flusher-rig.ts'

/** Rejections that nobody handled, since the test began. */
function unhandled(): unknown[] {
  const found: unknown[] = []
  const listener = (reason: unknown) => void found.push(reason)
  process.on('unhandledRejection', listener)
  onTestFinished(() => void process.off('unhandledRejection', listener))
  return found
}

describe('what the journal is told', () => {
  test('may fail while the rest of a halved batch is under way, and harms nobody', async () => {
    const lost = unhandled()
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source })
    for (const key of ['a', 'b', 'bad', 'c']) await cache.put(key, { name: key })
    failures.on('ack', 'reject', 1)
    await pass(1_000)
    const isBad = (rows: unknown) => (rows as readonly Row[]).some(({ key }) => key === 'bad')
    for (let i = 0; i < 5; i += 1) {
      const flush = await slow.held.next('flush')
      if (isBad(flush.args[0])) flush.fail(sqlError('22001'))
      else await flush.answer()
      await settle()
      await settle()
    }
    await slow.held.open()
    await pass(2_000)
    expect(lost).toEqual([])
    expect(['a', 'b', 'c'].map((key) => counts.row(key)?.value.name)).toEqual(['a', 'b', 'c'])
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1 })
  })

  test('may fail while the next batch is under way: that is written all the same, and both are told later', async () => {
    const lost = unhandled()
    const { source, counts } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 2 })
    for (const key of ['a', 'b', 'c', 'd', 'e']) await cache.put(key, { name: key })
    failures.on('ack', 'reject', 1)
    await pass(1_000)
    await (await slow.held.next('flush')).answer()
    const second = await slow.held.next('flush')
    await settle()
    await settle()
    await second.answer()
    await slow.held.open()
    await pass(2_000)
    expect(lost).toEqual([])
    expect(counts.row('e')?.value).toEqual({ name: 'e' })
    expect(await journal()).toMatchObject({ dirty: 0, breaker: 'closed', retries: 0 })
  })

  test('may fail while the next page is asked for, and is none that nobody handles', async () => {
    const lost = unhandled()
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 1 })
    for (let i = 0; i < 10; i += 1) await cache.put(`k${i}`, { name: 'x' })
    await pass(1_000)
    failures.on('claim', 'hang-after', 1)
    for (let i = 0; i < 7; i += 1) await (await slow.held.next('flush')).answer()
    const last = await slow.held.next('flush')
    await settle()
    failures.on('ack', 'reject', 1)
    await last.answer()
    // long enough for Node to find a rejection that nobody handles
    for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(lost).toEqual([])
    failures.heal()
    await slow.held.open()
    await pass(3_000)
    expect(await journal()).toMatchObject({ dirty: 0, flushed: 10 })
  })

  test('is of one batch while the next one is under way', async () => {
    const { source } = countingSource<User>()
    const slow = slowSource(source, ['flush'])
    const { cache, failures, pass, journal } = setup({ source: slow.source, flushBatchSize: 2 })
    for (const key of ['a', 'b', 'c', 'd']) await cache.put(key, { name: key })
    failures.on('ack', 'hang-after', 1)
    await pass(1_000)
    await (await slow.held.next('flush')).answer()
    const second = await slow.held.next('flush')
    expect(second.args[0]).toMatchObject([{ key: 'c' }, { key: 'd' }])
    await settle()
    expect(await journal()).toMatchObject({ dirty: 2 })
    await slow.held.open()
    await pass(3_000)
    expect(await journal()).toMatchObject({ dirty: 0 })
  })
})
