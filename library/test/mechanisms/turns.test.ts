import { settle } from 'caching-patterns/testing'
import { expect, test } from 'vitest'
import { Turns } from '../../src/mechanisms/turns.ts'

test('runs the work of one key one after the other, in the order of the calls', async () => {
  const turns = new Turns()
  const steps: string[] = []
  const work = (name: string) => async () => {
    steps.push(`${name} starts`)
    await settle()
    steps.push(`${name} ends`)
    return name
  }
  const results = Promise.all(['a', 'b', 'c'].map((name) => turns.take('k', work(name))))
  expect(await results).toEqual(['a', 'b', 'c'])
  expect(steps).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends'])
})

test('starts the work of a free key at once', async () => {
  const turns = new Turns()
  let isStarted = false
  const turn = turns.take('k', async () => {
    isStarted = true
  })
  expect(isStarted).toBe(true)
  await turn
})

test('does not make different keys wait for each other', async () => {
  const turns = new Turns()
  const never = turns.take('a', () => new Promise<never>(() => {}))
  expect(await turns.take('b', async () => 'done')).toBe('done')
  expect(await Promise.race([never, settle().then(() => 'waits')])).toBe('waits')
})

test('goes on after work that failed, and gives its error to its own caller only', async () => {
  const turns = new Turns()
  const failing = turns.take('k', () => Promise.reject(new Error('mine')))
  const next = turns.take('k', async () => 'fine')
  await expect(failing).rejects.toThrow('mine')
  expect(await next).toBe('fine')
  expect(await turns.take('k', async () => 'again')).toBe('again')
})
