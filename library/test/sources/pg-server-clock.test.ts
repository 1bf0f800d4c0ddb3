import { manualClock } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { ServerClock } from '../../src/sources/pg/server-clock.ts'

const hour = 3_600_000

/** A clock that asked a server which is ahead by this much, and waited so long before and after its answer. */
function measured(...samples: [aheadMs: number, thereMs: number, backMs: number][]) {
  const clock = manualClock()
  const server = new ServerClock(clock)
  const measure = (aheadMs: number, thereMs: number, backMs: number) => {
    const askedAt = clock.now()
    clock.jump(thereMs)
    const serverTime = clock.now() + aheadMs
    clock.jump(backMs)
    server.learn(askedAt, serverTime, clock.now())
  }
  for (const sample of samples) measure(...sample)
  const aheadMs = () => server.toServerTime(clock.now()) - clock.now()
  return { clock, server, measure, aheadMs }
}

describe("the server's clock", () => {
  test.each([0, hour, -hour])(
    'that is %i ms ahead is never taken for later than it is',
    (ahead) => {
      for (const [there, back] of [
        [0, 0],
        [40, 0],
        [0, 40],
        [20, 20],
      ] as const) {
        const taken = measured([ahead, there, back]).aheadMs()
        expect(taken).toBeLessThan(ahead)
        expect(taken).toBeGreaterThanOrEqual(ahead - back - 1)
      }
    },
  )

  test('is as the shortest round trip says', () => {
    const { measure, aheadMs } = measured([hour, 0, 50], [hour, 0, 2], [hour, 0, 90])
    expect(aheadMs()).toBe(hour - 3)
    measure(hour, 0, 1)
    expect(aheadMs()).toBe(hour - 2)
  })

  test('was set when two measurements exclude each other: the newer one holds', () => {
    const { measure, aheadMs } = measured([0, 0, 2])
    measure(hour, 0, 50)
    expect(aheadMs()).toBe(hour - 51)
    measure(-hour, 0, 90)
    expect(aheadMs()).toBe(-hour - 91)
  })

  test('is asked anew after a minute, and when the clock here was set', () => {
    const { clock, server, measure, aheadMs } = measured([5, 0, 2])
    expect(server.isStale).toBe(false)
    clock.jump(-10)
    expect(server.isStale).toBe(true)
    clock.jump(60_010)
    expect(server.isStale).toBe(false)
    clock.jump(1)
    expect(server.isStale).toBe(true)
    measure(5, 0, 30)
    expect([server.isStale, aheadMs()]).toEqual([false, -26])
  })
})
