import type { SqlDriver } from 'caching-patterns/postgres'
import { settle } from 'caching-patterns/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { nextKeys } from '../../src/sources/key-blocks.ts'
import type { TableMapping } from '../../src/sources/table-mapping.ts'

let now = 0
beforeEach(() => {
  now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

/** A sequence that counts how many keys were drawn at once, and may be away, or slow. */
function sequence() {
  const draws: number[] = []
  let last = 0
  const database = {
    draws,
    failure: undefined as Error | undefined,
    hasSequence: true,
    gate: Promise.resolve(),
  }
  const query: SqlDriver['query'] = async (_text, parameters = []) => {
    const size = Number(parameters[2])
    draws.push(size)
    await database.gate
    if (database.failure !== undefined) throw database.failure
    const keyOf = () => {
      last += 1
      return { key: database.hasSequence ? String(last) : null }
    }
    return Array.from({ length: size }, keyOf) as never
  }
  const mapping = { table: 'app.items', isNumericKey: true } as TableMapping
  const keys = (block: number, ahead: number) =>
    nextKeys<number>({ query } as SqlDriver, mapping, { column: 'id', block, ahead })
  return { database, keys }
}

async function draw(next: () => Promise<number>, count: number): Promise<number[]> {
  const drawn: number[] = []
  for (let i = 0; i < count; i += 1) drawn.push(await next())
  await settle()
  return drawn
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('keys drawn when they are needed', () => {
  test('come in blocks, the next one when one is used up', async () => {
    const { database, keys } = sequence()
    const next = keys(3, 0)
    await settle()
    expect(database.draws).toEqual([])
    expect(await draw(next, 3)).toEqual([1, 2, 3])
    expect(database.draws).toEqual([3])
    expect(await draw(next, 4)).toEqual([4, 5, 6, 7])
    expect(database.draws).toEqual([3, 3, 3])
  })

  test('are drawn once for all that wait, and nobody gets the key of another', async () => {
    const { database, keys } = sequence()
    const next = keys(4, 0)
    const all = await Promise.all(Array.from({ length: 6 }, next))
    expect(all.sort()).toEqual(upTo(6))
    expect(database.draws).toEqual([4, 4])
  })

  test('tell why there are none', async () => {
    const { database, keys } = sequence()
    const next = keys(4, 0)
    database.failure = new Error('away')
    await expect(next()).rejects.toThrow('away')
    await expect(next()).rejects.toThrow('away')
    expect(database.draws).toEqual([4, 4])
    database.failure = undefined
    database.hasSequence = false
    await expect(next()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('keys drawn ahead', () => {
  test('are there before the first is needed', async () => {
    const { database, keys } = sequence()
    const next = keys(10, 10)
    expect(database.draws).toEqual([10])
    expect(await draw(next, 1)).toEqual([1])
    expect(database.draws).toEqual([10])
  })

  test('are drawn in the background when half of them are used, in order', async () => {
    const { database, keys } = sequence()
    const next = keys(10, 10)
    await settle()
    let open = () => {}
    database.gate = new Promise((resolve) => {
      open = resolve
    })
    expect(await draw(next, 4)).toEqual([1, 2, 3, 4])
    expect(database.draws).toEqual([10])
    expect(await draw(next, 4)).toEqual([5, 6, 7, 8])
    expect(database.draws).toEqual([10, 5])
    open()
    await settle()
    expect(await draw(next, 7)).toEqual([9, 10, 11, 12, 13, 14, 15])
  })

  /** How many are held after as many were used, one every so many milliseconds. */
  async function held(
    next: () => Promise<number>,
    draws: readonly number[],
    used: number,
    ms: number,
  ) {
    const found: number[] = []
    let drawn = 0
    for (let i = 0; i < used; i += 1) {
      now += ms
      drawn = (await draw(next, 1))[0] ?? 0
      found.push(draws.reduce((sum, size) => sum + size, 0) - drawn)
    }
    return found
  }

  test('are enough for one to two minutes at the rate of late', async () => {
    const { database, keys } = sequence()
    const next = keys(10, 100_000)
    await settle()
    const bySecond = await held(next, database.draws, 400, 1_000)
    expect(Math.min(...bySecond.slice(100))).toBeGreaterThanOrEqual(60)
    expect(Math.max(...bySecond)).toBeLessThanOrEqual(120)
    const faster = await held(next, database.draws, 2_000, 200)
    expect(Math.min(...faster.slice(1_000))).toBeGreaterThanOrEqual(300)
    expect(Math.max(...faster)).toBeLessThanOrEqual(600)
  })

  test('are a block at least, and no more than the options say', async () => {
    const { database, keys } = sequence()
    const slow = await held(keys(10, 100), database.draws, 100, 60_000)
    expect([Math.min(...slow), Math.max(...slow)]).toEqual([6, 10])
    database.draws.length = 0
    const { database: other, keys: others } = sequence()
    const fast = await held(others(10, 100), other.draws, 300, 1)
    expect(Math.max(...fast)).toBe(100)
  })

  test('are drawn 10,000 at a time, at most', async () => {
    const { database, keys } = sequence()
    const next = keys(10_000, 100_000)
    await settle()
    await held(next, database.draws, 1_500, 1)
    expect(database.draws.length).toBeGreaterThan(2)
    expect(Math.max(...database.draws)).toBe(10_000)
  })

  test('are what creates go on with while the database is away', async () => {
    const { database, keys } = sequence()
    const next = keys(10, 10)
    await settle()
    database.failure = new Error('away')
    expect(await draw(next, 10)).toEqual(upTo(10))
    await expect(next()).rejects.toThrow('away')
    database.failure = undefined
    expect(await draw(next, 3)).toEqual([11, 12, 13])
  })

  test('are asked for once a second, at most, while it is away', async () => {
    const { database, keys } = sequence()
    const next = keys(100, 100)
    await settle()
    database.failure = new Error('away')
    await draw(next, 60)
    expect(database.draws).toHaveLength(2)
    now = 999
    await draw(next, 5)
    expect(database.draws).toHaveLength(2)
    now = 1_000
    await draw(next, 5)
    expect(database.draws).toHaveLength(3)
    now = 2_000
    database.failure = undefined
    await draw(next, 1)
    expect(database.draws).toHaveLength(4)
    expect(await draw(next, 60)).toHaveLength(60)
  })
})
