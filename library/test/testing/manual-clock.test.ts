import { manualClock, settle } from 'caching-patterns/testing'
import { expect, test } from 'vitest'

test('stands still until it is moved', async () => {
  const clock = manualClock(5_000)
  await settle()
  expect(clock.now()).toBe(5_000)
  await clock.advance(250)
  expect(clock.now()).toBe(5_250)
})

test('runs timers in the order of their instants, then of their creation, each at its instant', async () => {
  const clock = manualClock(0)
  const seen: string[] = []
  clock.after(30, () => seen.push(`c ${clock.now()}`))
  clock.after(10, () => seen.push(`a ${clock.now()}`))
  clock.after(10, () => seen.push(`b ${clock.now()}`))
  clock.after(31, () => seen.push(`late ${clock.now()}`))
  await clock.advance(30)
  expect(seen).toEqual(['a 10', 'b 10', 'c 30'])
  expect(clock.pending()).toBe(1)
})

test('runs what promises do between timers, and timers that they set', async () => {
  const clock = manualClock(0)
  const seen: string[] = []
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))
  const walking = (async () => {
    for (let step = 1; step <= 3; step++) {
      await sleep(10)
      seen.push(`step ${step} at ${clock.now()}`)
    }
  })()
  clock.after(15, () => seen.push(`timer at ${clock.now()}`))
  await clock.advance(30)
  await walking
  expect(seen).toEqual(['step 1 at 10', 'timer at 15', 'step 2 at 20', 'step 3 at 30'])
})

test('a cancelled timer does not run', async () => {
  const clock = manualClock()
  let hasRun = false
  const cancel = clock.after(10, () => {
    hasRun = true
  })
  cancel()
  await clock.advance(20)
  expect(hasRun).toBe(false)
  expect(clock.pending()).toBe(0)
})

test('advance rejects with what a callback throws', async () => {
  const clock = manualClock()
  clock.after(10, () => {
    throw new Error('from a timer')
  })
  await expect(clock.advance(10)).rejects.toThrow('from a timer')
})

test('jump moves time without running timers, which run late afterwards', async () => {
  const clock = manualClock(0)
  const seen: number[] = []
  clock.after(10, () => seen.push(clock.now()))
  clock.jump(100)
  await settle()
  expect(seen).toEqual([])
  await clock.advance(0)
  expect(seen).toEqual([100])
})
