import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { healthOf, probe } from '../health.ts'
import { patternNames } from '../http/port.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a probe', () => {
  test('asks once for all who want to know meanwhile', async () => {
    const ping = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 100)))
    const ask = probe('Redis', ping)
    const answers = Promise.all(Array.from({ length: 50 }, ask))
    await vi.advanceTimersByTimeAsync(100)
    expect(new Set(await answers)).toEqual(new Set([undefined]))
    expect(ping).toHaveBeenCalledTimes(1)
    const next = ask()
    await vi.advanceTimersByTimeAsync(100)
    expect(await next).toBeUndefined()
    expect(ping).toHaveBeenCalledTimes(2)
  })

  test('answers in time although nobody answers it, and does not ask what hangs again', async () => {
    let answer = () => {}
    const ping = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)))
    const ask = probe('Redis', ping)
    for (let round = 0; round < 3; round++) {
      const asked = ask()
      await vi.advanceTimersByTimeAsync(501)
      expect(await asked).toBe('Redis did not answer within 500 ms')
    }
    expect(ping).toHaveBeenCalledTimes(1)
    answer()
    await vi.advanceTimersByTimeAsync(0)
    const asked = ask()
    await vi.advanceTimersByTimeAsync(0)
    answer()
    expect(await asked).toBeUndefined()
  })

  test.each([
    ['rejects', () => Promise.reject(new Error('secret'))],
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
  ])('that %s tells no more than that', async (_, ping) => {
    const words = 'PostgreSQL cannot be reached, or refuses its work'
    expect(await probe('PostgreSQL', ping)()).toBe(words)
  })

  test('leaves no timer behind', async () => {
    await probe('Redis', async () => undefined)()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the health of a service', () => {
  const well = async () => undefined
  const away = async () => 'away'

  test.each(patternNames)('%s is well, degraded, or neither reads nor writes', async (pattern) => {
    const health = (
      store: typeof well | typeof away | undefined,
      database: typeof well | typeof away,
    ) => healthOf(pattern, { store, database })
    const isBehind = pattern === 'write-behind'
    const isAround = !isBehind && pattern !== 'write-through'

    expect(await health(well, well)).toEqual({ reads: true, writes: true, reasons: [] })
    expect(await health(undefined, well)).toEqual({ reads: true, writes: true, reasons: [] })
    expect(await health(away, well)).toMatchObject({ reads: true, writes: isAround })
    expect(await health(well, away)).toMatchObject({ reads: true, writes: isBehind })
    // What is in the process is there as long as the process is.
    expect(await health(undefined, away)).toMatchObject({ reads: true, writes: isBehind })
    expect(await health(away, away)).toEqual({
      reads: false,
      writes: false,
      reasons: ['away', 'away'],
    })
    for (const [store, database] of [
      [away, well],
      [well, away],
    ] as const) {
      const { writes, reasons } = await health(store, database)
      expect(reasons).toEqual([expect.stringMatching(/^away: .*(reads|hits) /)])
      expect(
        reasons[0]?.includes('writes are refused') || reasons[0]?.includes('misses and writes'),
      ).toBe(!writes)
    }
  })

  test('refuses writes, and goes on reading, while the journal accepts none', async () => {
    let trouble: string | undefined
    const health = () => healthOf('write-behind', { database: well, journal: () => trouble })
    expect(await health()).toEqual({ reads: true, writes: true, reasons: [] })
    trouble = 'the disk failed'
    const reasons = ['the disk failed: writes are refused']
    expect(await health()).toEqual({ reads: true, writes: false, reasons })
  })

  test('adds to its reasons what may be lost, and serves all the same', async () => {
    let dangers: readonly string[] = []
    const health = (database: typeof well | typeof away) =>
      healthOf('write-behind', { database, dangers: () => dangers })
    expect(await health(well)).toEqual({ reads: true, writes: true, reasons: [] })
    dangers = ['evicts writes']
    expect(await health(well)).toEqual({ reads: true, writes: true, reasons: ['evicts writes'] })
    expect((await health(away)).reasons).toEqual([
      expect.stringMatching(/^away: /),
      'evicts writes',
    ])
  })
})
