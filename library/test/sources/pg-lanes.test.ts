import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { type Lane, Lanes } from '../../src/sources/pg/lanes.ts'

const clock = manualClock()

/** Enters so often, and tells how many are in. */
function crowd(lanes: Lanes, lane: Lane, size: number) {
  const inside = { count: 0, refused: [] as unknown[] }
  for (let n = 0; n < size; n++) {
    const room = lanes.enter(lane, 1_000, clock)
    if (room === undefined) inside.count++
    else {
      room.then(
        () => inside.count++,
        (error) => inside.refused.push(error),
      )
    }
  }
  return inside
}
const settled = () => new Promise(setImmediate)

describe('lanes', () => {
  test.each([
    [2, 1],
    [3, 2],
    [4, 3],
    [10, 8],
  ])('of a pool of %i let each kind of work take %i', (max, most) => {
    for (const [first, other] of [
      ['read', 'write'],
      ['write', 'read'],
    ] as const) {
      const lanes = new Lanes(max)
      expect(crowd(lanes, first, 100).count).toBe(most)
      expect(crowd(lanes, other, 100).count).toBe(max - most)
    }
  })

  test('share a full pool evenly in the end', async () => {
    const lanes = new Lanes(8)
    const reads = crowd(lanes, 'read', 100)
    const writes = crowd(lanes, 'write', 100)
    expect([reads.count, writes.count]).toEqual([6, 2])
    for (let n = 0; n < 10; n++) lanes.leave('read')
    await settled()
    // Six left for good: two places went to writes until both had four, the others back to reads.
    expect([reads.count - 10, writes.count]).toEqual([4, 4])
  })

  test('give up after the longest wait, and forget who waited', async () => {
    const lanes = new Lanes(2)
    const reads = crowd(lanes, 'read', 3)
    const writes = crowd(lanes, 'write', 2)
    await clock.advance(999)
    expect([reads.refused, writes.refused]).toEqual([[], []])
    await clock.advance(1)
    expect(reads.refused).toMatchObject([{ code: 'LOAD_OVERLOADED' }, { code: 'LOAD_OVERLOADED' }])
    expect(writes.refused).toMatchObject([
      { code: 'WRITE_TIMEOUT', message: expect.stringMatching(/1000 ms: nothing was written/) },
    ])
    lanes.leave('read')
    await settled()
    expect(reads.count).toBe(1)
    expect(crowd(lanes, 'read', 2).count).toBe(1)
  })
})
