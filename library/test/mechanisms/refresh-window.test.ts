import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isRefreshDue } from '../../src/mechanisms/refresh-window.ts'

const softAt = 1_000_000

/** Of 10,000 reads at evenly spread luck, how many refresh. */
function share(leftMs: number, deltaMs: number, beta = 1): number {
  const reads = 10_000
  let due = 0
  for (let read = 0; read < reads; read += 1) {
    const random = () => (read + 0.5) / reads
    if (isRefreshDue({ softAt, deltaMs }, { nowMs: softAt - leftMs, beta, random })) due += 1
  }
  return due / reads
}

describe('a refresh', () => {
  test('is certain from the soft expiry on', () => {
    expect(share(0, 0)).toBe(1)
    expect(share(-1, 50, 0)).toBe(1)
  })

  test('comes before it with the chance exp(-left / (delta * beta))', () => {
    for (const [leftMs, deltaMs, beta] of [
      [50, 50, 1],
      [100, 50, 1],
      [50, 50, 2],
      [300, 50, 1],
    ] as const) {
      expect(share(leftMs, deltaMs, beta)).toBeCloseTo(Math.exp(-leftMs / (deltaMs * beta)), 2)
    }
  })

  test('never comes early for a value that costs nothing to load, or with beta 0', () => {
    expect(share(1, 0)).toBe(0)
    expect(share(1, 1_000, 0)).toBe(0)
  })

  test('is decided for every value that random may give', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true }),
        fc.nat(10_000),
        (luck, left) => {
          const at = { nowMs: softAt - left, beta: 1, random: () => luck }
          expect(typeof isRefreshDue({ softAt, deltaMs: 50 }, at)).toBe('boolean')
        },
      ),
    )
    const worst = { nowMs: softAt - 10, beta: 1, random: () => 0 }
    expect(isRefreshDue({ softAt, deltaMs: 50 }, worst)).toBe(false)
  })
})
