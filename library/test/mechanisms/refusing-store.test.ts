import { StoreRefusedError } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { manualClock } from 'caching-patterns/testing'
import { expect, test } from 'vitest'
import { GuardedStore, wasNotSent } from '../../src/mechanisms/guarded-store.ts'

test('a store that refuses calls keeps its circuit closed: it is well, and executed nothing', async () => {
  const clock = manualClock()
  const store = memoryStore({ clock })
  store.release = () => {
    throw new StoreRefusedError('the disk is full')
  }
  const told: unknown[] = []
  const guarded = new GuardedStore(store, {
    ...{ readDeadlineMs: 100, writeDeadlineMs: 500, clock },
    onError: (_, error) => told.push(error),
    onBreaker: (state) => told.push(state),
  })
  for (let call = 1; call <= 10; call++) {
    const error = await guarded
      .write('release', () => store.release('k', 't'))
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(wasNotSent(error)).toBe(true)
    expect(told).toHaveLength(call)
  }
  expect(guarded.breakerState).toBe('closed')
  expect(await guarded.get('k')).toBeUndefined()
})
