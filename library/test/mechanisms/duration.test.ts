import type { Duration } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { durationMs } from '../../src/mechanisms/duration.ts'

const bounds = { minMs: 1, maxMs: 86_400_000 }

describe('a duration', () => {
  test.each([
    [250, 250],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %d milliseconds', (duration, ms) => {
    expect(durationMs('ttl', duration as Duration, bounds)).toBe(ms)
  })

  test.each([
    0,
    -1,
    86_400_001,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    '5',
    'm',
    '5 m',
    ' 5m',
    '5m ',
    '-5m',
    '1e3ms',
    '5M',
    '2d',
    true,
    null,
    undefined,
    5n,
    {},
  ])('is refused with its name, what was expected and what came: %s', (duration) => {
    const parse = () => durationMs('ttl', duration as Duration, bounds)
    expect(parse).toThrow(TypeError)
    expect(parse).toThrow(/^ttl: expected a duration from 1ms to 1d, in milliseconds or as text/)
    expect(parse).toThrow(/received .+$/)
  })

  test('may be 0 where nothing is a choice', () => {
    expect(durationMs('negativeTtl', 0, { minMs: 0, maxMs: 10 })).toBe(0)
    expect(durationMs('negativeTtl', '0s', { minMs: 0, maxMs: 10 })).toBe(0)
  })
})
