import { writeTimeout } from 'caching-patterns'
import { manualClock, settle } from 'caching-patterns/testing'
import { expect, test } from 'vitest'
import { commitWithin } from '../../src/mechanisms/commit.ts'

function setup() {
  const clock = manualClock()
  let late = 0
  const options = { clock, onLate: () => void late++ }
  return { clock, options, late: () => late }
}

test('tells the commit its deadline, and gives its answer', async () => {
  const { clock, options, late } = setup()
  const startedAt = clock.now()
  const commit = async (context: { deadlineAt: number }) => context.deadlineAt
  expect(await commitWithin(commit, 1_000, options)).toBe(startedAt + 1_000)
  expect(clock.pending()).toBe(0)
  expect(late()).toBe(0)
})

test('gives the error of a commit as it is', async () => {
  const { clock, options, late } = setup()
  const refused = writeTimeout('k')
  await expect(commitWithin(() => Promise.reject(refused), 1_000, options)).rejects.toBe(refused)
  expect(clock.pending()).toBe(0)
  expect(late()).toBe(0)
})

for (const outcome of ['answered', 'rejected'] as const) {
  test(`says that the outcome is unknown half a second past the deadline, and hears of one that is ${outcome} later`, async () => {
    const { clock, options, late } = setup()
    let settleIt = (_commit: Promise<string>) => {}
    const commit = new Promise<string>((resolve) => {
      settleIt = resolve
    })
    const committing = commitWithin(() => commit, 1_000, options)
    const rejected = expect(committing).rejects.toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' })
    await clock.advance(1_499)
    expect(clock.pending()).toBe(1)
    await clock.advance(1)
    await rejected
    expect(late()).toBe(0)
    settleIt(outcome === 'answered' ? Promise.resolve('late') : Promise.reject(new Error('late')))
    await settle()
    expect(late()).toBe(1)
    expect(clock.pending()).toBe(0)
  })
}
