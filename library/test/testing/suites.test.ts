import { memoryStore } from 'caching-patterns/memory'
import {
  type ContractCase,
  delayedStore,
  journalContract,
  manualClock,
  storeContract,
} from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'

async function createAsynchronous() {
  const clock = manualClock()
  const { store, held } = delayedStore(memoryStore({ clock }))
  await held.open()
  return { store, advance: (ms: number) => clock.advance(ms), close: async () => {} }
}

async function failuresOf(cases: readonly ContractCase[]): Promise<string[]> {
  const failed: string[] = []
  for (const { title, run } of cases) await run().catch(() => failed.push(title))
  return failed
}

const suites = { storeContract, journalContract }

describe.each(Object.entries(suites))('%s', (_name, suite) => {
  test('waits for every answer: a store that answers by promises passes', async () => {
    expect(await failuresOf(suite({ create: createAsynchronous }))).toEqual([])
  })

  test('has a title of its own for each promise', () => {
    const titles = suite({ create: createAsynchronous }).map(({ title }) => title)
    expect(new Set(titles).size).toBe(titles.length)
  })

  test('makes and closes one harness a test, one that fails too', async () => {
    let open = 0
    let made = 0
    const create = async () => {
      open++
      made++
      return { ...(await createAsynchronous()), close: async () => void open-- }
    }
    const broken = async () => {
      const harness = await create()
      const store = Object.create(harness.store, {
        get: { value: () => ({ kind: 'pending' }) },
      }) as typeof harness.store
      return { ...harness, store }
    }
    const cases = suite({ create: broken })
    expect((await failuresOf(cases)).length).toBeGreaterThan(cases.length / 3)
    expect(made).toBe(cases.length)
    expect(open).toBe(0)
  })
})
