import { describe, expect, test } from 'vitest'
import { WrittenValues } from '../../src/mechanisms/written-values.ts'

const mi = 1024 * 1024

/** Which of `count` ids are remembered. */
function remembered(values: WrittenValues, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter((i) => values.get(`${i}`) !== undefined)
}

describe('what a process has written last', () => {
  test('is the last value of each key, until it is deleted', () => {
    const values = new WrittenValues()
    values.set('k', '1', 1)
    values.set('k', '2', 2)
    expect(values.get('k')).toMatchObject({ json: '2', version: 2 })
    values.delete('k')
    values.delete('k')
    expect(values.get('k')).toBeUndefined()
  })

  test('is at least 10,000 values, the latest, and at most twice as many', () => {
    const values = new WrittenValues()
    for (let i = 0; i < 30_001; i += 1) values.set(`${i}`, '1', i)
    expect(remembered(values, 30_001)).toEqual(Array.from({ length: 10_001 }, (_, i) => 20_000 + i))
  })

  test('written again is not one more', () => {
    const values = new WrittenValues()
    for (let turn = 0; turn < 3; turn += 1) {
      for (let i = 0; i < 10_000; i += 1) values.set(`${i}`, `${turn}`, turn)
    }
    expect(remembered(values, 10_000)).toHaveLength(10_000)
    expect(values.get('0')?.json).toBe('2')
    values.set('5', '3', 3)
    for (let i = 10_000; i < 20_000; i += 1) values.set(`${i}`, '1', 1)
    expect(remembered(values, 20_000)).toHaveLength(20_000)
  })

  test('of an older generation is replaced, and deleted, as well', () => {
    const values = new WrittenValues()
    for (let i = 0; i < 10_001; i += 1) values.set(`${i}`, '1', 1)
    values.set('0', '2', 2)
    expect(values.get('0')?.json).toBe('2')
    values.delete('0')
    values.delete('1')
    expect(values.get('0')).toBeUndefined()
    expect(values.get('1')).toBeUndefined()
  })

  test('is at least 4 Mi characters, where one value has no more, and at most twice as many', () => {
    const values = new WrittenValues()
    const json = 'x'.repeat(mi)
    for (let i = 0; i < 9; i += 1) values.set(`${i}`, json, 1)
    expect(remembered(values, 9)).toEqual([4, 5, 6, 7, 8])
    values.set('8', 'short', 1)
    for (let i = 9; i < 12; i += 1) values.set(`${i}`, json, 1)
    expect(remembered(values, 12)).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
    values.delete('9')
    values.set('12', json, 1)
    expect(remembered(values, 13)).toEqual([4, 5, 6, 7, 8, 10, 11, 12])
    values.set('11', 'x'.repeat(4 * mi + 1), 2)
    expect(remembered(values, 13)).toEqual([4, 5, 6, 7, 8, 10, 12])
  })
})
