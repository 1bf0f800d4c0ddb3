import { afterEach, describe, expect, test } from 'vitest'
import { instantsOf } from '../workloads/instants.ts'
import { type FakeTarget, fakeTarget } from './fake-target.ts'
import { loadOn, operations } from './some-load.ts'

let target: FakeTarget | undefined
afterEach(() => target?.close())

describe('instantsOf', () => {
  test('spreads the requests of a whole second over it', () => {
    expect(instantsOf([7, 7, 7, 7, 9, 9])).toEqual([0, 250, 500, 750, 2_000, 2_500])
  })

  test('takes finer times as they are, and never goes back', () => {
    expect(instantsOf([1.5, 1.75, 1.25, 2])).toEqual([0, 250, 250, 500])
  })
})

test('a load with instants sends each request at its own, and ends with them', async () => {
  target = await fakeTarget((_, response) => response.end('{}'))
  const dueMs = [0, 60, 60, 120]
  const plan = { operations: operations(9), pace: { atMs: dueMs.values() } }
  const { exchanges, result } = await loadOn([target], plan)
  expect(result.requests).toBe(4)
  const found = exchanges.map(({ dueAt }) => dueAt).sort((one, other) => one - other)
  // Each is due when it is sent, if that is within two milliseconds of its moment.
  for (const [index, at] of dueMs.entries()) {
    expect(Math.abs((found[index] ?? 0) - (found[0] ?? 0) - at)).toBeLessThanOrEqual(4)
  }
})
