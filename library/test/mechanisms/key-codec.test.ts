import { hasCode } from 'caching-patterns'
import { describe, expect, test } from 'vitest'
import { KeyCodec } from '../../src/mechanisms/key-codec.ts'

const codec = new KeyCodec<unknown>('cp:users:1:')

function refusal(encode: () => string): Error {
  try {
    encode()
  } catch (error) {
    expect(hasCode(error, 'INVALID_KEY')).toBe(true)
    return error as Error
  }
  throw new Error('nothing was refused')
}

describe('a key', () => {
  test.each([
    ['a string', 'ada', 'cp:users:1:ada'],
    ['an empty string', '', 'cp:users:1:'],
    ['a safe integer', 42, 'cp:users:1:42'],
    ['a negative one', -7, 'cp:users:1:-7'],
    ['a bigint beyond them', 2n ** 63n, 'cp:users:1:9223372036854775808'],
  ])('may be %s', (_what, key, stored) => {
    expect(codec.encode(key)).toBe(stored)
    expect(codec.textOf(stored)).toBe(stored.slice('cp:users:1:'.length))
  })

  test('is the same text each time, however many there were in between', () => {
    const remembering = new KeyCodec<string>('p:')
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 20_000; i += 1) {
        if (remembering.encode(`k${i}`) !== `p:k${i}`) throw new Error(`k${i} became another key`)
        if (remembering.encode(`k${i % 7}`) !== `p:k${i % 7}`) throw new Error('another key')
      }
    }
  })

  test('is refused again when it was refused before', () => {
    for (let i = 0; i < 2; i += 1) refusal(() => codec.encode('\ud800'))
  })

  test('keeps apart numbers that share a place in memory', () => {
    for (const key of [
      5,
      5 + 16_384,
      5 - 16_384,
      5 + 2 ** 32,
      2 ** 53 - 1,
      5,
      0,
      -0,
      -(2 ** 53) + 1,
    ]) {
      expect(codec.encode(key)).toBe(`cp:users:1:${key}`)
    }
  })

  test.each([
    ['a fraction', 1.5, 'received 1.5'],
    ['an unsafe integer', 2 ** 53, 'received 9007199254740992'],
    ['NaN', Number.NaN, 'received NaN'],
    ['undefined', undefined, 'received undefined'],
    ['null', null, 'received object'],
    ['an object', { id: 1 }, 'received object'],
    ['a boolean', true, 'received boolean'],
    ['a symbol', Symbol('k'), 'received symbol'],
  ])('must not be %s', (_what, key, words) => {
    expect(refusal(() => codec.encode(key)).message).toContain(words)
  })

  test('has at most 512 bytes, not characters', () => {
    expect(codec.encode('x'.repeat(512))).toHaveLength(512 + 'cp:users:1:'.length)
    expect(refusal(() => codec.encode('x'.repeat(513))).message).toContain('received 513')
    expect(codec.encode('€'.repeat(170))).toContain('€')
    expect(refusal(() => codec.encode('€'.repeat(171))).message).toContain('received 513')
  })

  test('must be well-formed: unpaired surrogates all become one character in UTF-8', () => {
    for (const key of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
      expect(refusal(() => codec.encode(key)).message).toContain('unpaired surrogate')
    }
    expect(codec.encode('😀')).toBe('cp:users:1:😀')
  })
})

describe('encodeKey', () => {
  const pairs = new KeyCodec<{ a: number; b: number }>('p:', ({ a, b }) => `${a}/${b}`)

  test('turns any key into text', () => {
    expect(pairs.encode({ a: 1, b: 2 })).toBe('p:1/2')
  })

  test('is held to the same rules', () => {
    const long = new KeyCodec<number>('p:', () => 'x'.repeat(513))
    expect(refusal(() => long.encode(1)).message).toContain('received 513')
    const wrong = new KeyCodec<number>('p:', () => 5 as unknown as string)
    expect(refusal(() => wrong.encode(1)).message).toBe('encodeKey: expected text, received number')
  })
})
