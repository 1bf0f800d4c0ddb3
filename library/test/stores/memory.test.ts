import { memoryStore } from 'caching-patterns/memory'
import { journalContract, manualClock, storeContract } from 'caching-patterns/testing'
import { describe, test } from 'vitest'

async function create() {
  const clock = manualClock()
  return {
    store: memoryStore({ clock }),
    advance: (ms: number) => clock.advance(ms),
    close: async () => {},
  }
}

describe('the contract of stores', () => {
  for (const { title, run } of storeContract({ create })) test(title, run)
})

describe('the contract of journals', () => {
  for (const { title, run } of journalContract({ create })) test(title, run)
})
