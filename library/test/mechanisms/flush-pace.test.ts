import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { DrainRate } from '../../src/mechanisms/drain-rate.ts'
import { FlushBatchSize } from '../../src/mechanisms/flush-batch-size.ts'
import { setup, sqlError } from './flusher-rig.ts'

describe('the size of a batch', () => {
  test('grows while full batches are fast, up to what the options say', () => {
    const size = new FlushBatchSize(1_000)
    const sizes = [size.rows]
    for (let i = 0; i < 5; i += 1) {
      size.wrote(size.rows, 20)
      sizes.push(size.rows)
    }
    expect(sizes).toEqual([500, 625, 782, 978, 1_000, 1_000])
  })

  test('stays when a small batch is fast, or a batch takes neither less nor much more than the aim', () => {
    const size = new FlushBatchSize(1_000)
    size.wrote(499, 1)
    size.wrote(500, 100)
    size.wrote(500, 400)
    expect(size.rows).toBe(500)
  })

  test('is halved when one takes four times as long, and is 200 at least', () => {
    const size = new FlushBatchSize(1_000)
    const sizes = []
    for (let i = 0; i < 3; i += 1) {
      size.wrote(size.rows, 401)
      sizes.push(size.rows)
    }
    expect(sizes).toEqual([250, 200, 200])
  })

  test('is 200 after a failure', () => {
    const size = new FlushBatchSize(1_000)
    size.failed()
    expect(size.rows).toBe(200)
  })

  test('is never more than the options say, however small that is', () => {
    const size = new FlushBatchSize(3)
    expect(size.rows).toBe(3)
    size.wrote(3, 1)
    size.wrote(3, 1_000)
    expect(size.rows).toBe(3)
    size.failed()
    expect(size.rows).toBe(3)
  })

  test('is used: a large journal is written in growing batches', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0)
    onTestFinished(() => void vi.restoreAllMocks())
    const { cache, flushes, pass } = setup()
    for (let i = 0; i < 3_000; i += 1) await cache.put(`k${i}`, { name: 'x' })
    await pass(1_100)
    expect(flushes.flat()).toHaveLength(3_000)
    expect(flushes.map(({ length }) => length).slice(0, 5)).toEqual([500, 500, 500, 500, 625])
  })
})

describe('the drain rate', () => {
  test('is rows a second, the latest weighing a fifth', () => {
    const rate = new DrainRate()
    expect(rate.perSecond).toBe(0)
    rate.flushed(500, 100)
    expect(rate.perSecond).toBe(5_000)
    rate.flushed(1_000, 100)
    expect(rate.perSecond).toBe(6_000)
    rate.flushed(7, 0)
    expect(rate.perSecond).toBe(6_200)
  })

  test('tells how long so many rows take: a second at least, a minute at most', () => {
    const rate = new DrainRate()
    rate.flushed(100, 100)
    expect(rate.msFor(500)).toBe(1_000)
    expect(rate.msFor(10_000)).toBe(10_000)
    expect(rate.msFor(1e6)).toBe(60_000)
  })

  test('is a second away when nothing was flushed yet, a minute when nothing is', () => {
    const rate = new DrainRate()
    expect(rate.msFor(1e6)).toBe(1_000)
    rate.flushed(100, 100)
    rate.stopped()
    expect([rate.perSecond, rate.msFor(1)]).toEqual([0, 60_000])
    rate.flushed(100, 100)
    expect([rate.perSecond, rate.msFor(10_000)]).toEqual([1_000, 10_000])
  })

  test('is told by the figures, and 0 while the database fails', async () => {
    const { cache, database, pass, journal } = setup()
    expect((await journal())?.drainRate).toBe(0)
    for (let i = 0; i < 100; i += 1) await cache.put(`k${i}`, { name: 'x' })
    await pass(1_000)
    expect((await journal())?.drainRate).toBeGreaterThan(0)
    expect(Number.isInteger((await journal())?.drainRate)).toBe(true)
    database.refuse = () => sqlError('57P01')
    await cache.put('a', { name: 'x' })
    await pass(1_000)
    expect((await journal())?.drainRate).toBe(0)
  })

  test('says when to come again to a full journal', async () => {
    const { cache, database, pass } = setup({ maxDirtyKeys: 10 })
    const overfull = async () => {
      for (let i = 0; i < 10; i += 1) await cache.put(`k${i}`, { name: 'x' })
      return cache.put('more', { name: 'x' })
    }
    const full = { code: 'JOURNAL_FULL', retryable: true }
    await expect(overfull()).rejects.toMatchObject({ ...full, retryAfterMs: 1_000 })
    database.refuse = () => sqlError('57P01')
    await pass(1_000)
    await expect(overfull()).rejects.toMatchObject({ ...full, retryAfterMs: 60_000 })
  })
})
