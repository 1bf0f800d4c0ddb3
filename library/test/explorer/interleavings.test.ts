import './light-histograms.ts'
import * as patterns from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crowdsOf, scenariosOf } from './scenarios.ts'

const library = { ...patterns, memoryStore }
const { stackTraceLimit } = Error
let schedules = 0

// each call that times out is an error or two, and its stack takes longer than the step
beforeAll(() => {
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

describe('no schedule breaks the promise', () => {
  test.each(Object.values(scenariosOf(library)))(
    'of $pattern: $name',
    async (scenario) => {
      const found = await scenario.explore({ maxSchedules: scenario.maxSchedules })
      schedules += found.schedules
      expect(found.counterexample?.lines).toBeUndefined()
    },
    180_000,
  )
})

describe('no random walk breaks the promise', () => {
  test.each(crowdsOf(library))(
    'of $pattern: $name',
    async ({ walk }) => {
      const { counterexample } = await walk({ walks: 500 })
      expect(counterexample?.lines).toBeUndefined()
    },
    60_000,
  )
})

test('over 100,000 schedules were run', () => {
  expect(schedules).toBeGreaterThan(100_000)
})
