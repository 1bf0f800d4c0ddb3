import { expect, test } from 'vitest'
import { AllocationMeter } from '../bench/allocation.ts'
import { collectYoungGarbage } from '../bench/garbage.ts'

const kept: unknown[] = []

/** Arrays of a hundred fields: 16 bytes and 800 for the fields, 32 for the array. */
function allocateArrays(count: number): number {
  for (let index = 0; index < count; index++) {
    const array = new Array<number>(100)
    array[0] = index
    kept[index % 64] = array
  }
  return count * 848
}

function bytesOf(work: () => number): { found: number; expected: number } {
  const meter = new AllocationMeter()
  collectYoungGarbage()
  meter.start()
  const expected = work()
  return { found: meter.stop(), expected }
}

test.each([1_000, 100_000])(
  'counts the bytes of %d arrays, whatever is collected meanwhile',
  (count) => {
    for (let warmUp = 0; warmUp < 5; warmUp++) allocateArrays(1_000)
    const { found, expected } = bytesOf(() => allocateArrays(count))
    expect(found / expected).toBeGreaterThan(0.98)
    expect(found / expected).toBeLessThan(1.05)
  },
)

test('counts next to nothing where nothing is allocated', () => {
  const { found } = bytesOf(() => {
    let sum = 0
    for (let index = 0; index < 1e6; index++) sum = (sum + index) | 0
    return sum
  })
  expect(found).toBeLessThan(100_000)
})

test('counts anew from each start, and nothing without one', () => {
  const meter = new AllocationMeter()
  expect(meter.stop()).toBeNaN()
  meter.start()
  allocateArrays(10_000)
  meter.start()
  expect(meter.stop()).toBeLessThan(1_000_000)
})
