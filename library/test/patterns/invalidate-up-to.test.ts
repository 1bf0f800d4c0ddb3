import { failingStore } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, subjects } from './reading-rig.ts'

describe.each(Object.entries(subjects))('invalidateUpTo of %s', (_, subject) => {
  function open(options?: Parameters<typeof subject>[0]['options']) {
    const { clock, store, source, counts } = rig()
    const { store: failing, failures } = failingStore(store)
    const { control, read } = subject({
      store: failing,
      source,
      clock,
      ...(options && { options }),
    })
    return { control, read, source, counts, failures, clock }
  }
  const forever = { deadlineAt: Number.MAX_SAFE_INTEGER }

  test('takes away a value that is older than the change, and leaves one that is as new', async () => {
    const { control, read, source, counts } = open()
    await read('k')
    const changed = await source.put('k', { name: 'new' }, forever)
    if (changed.outcome !== 'written') throw new Error(changed.outcome)
    await control.invalidateUpTo('k', changed.version)
    expect(await control.peek('k')).toBeUndefined()
    expect(await read('k')).toEqual({ name: 'new' })
    const loads = counts.calls('load') + counts.calls('loadMany')
    await control.invalidateUpTo('k', changed.version)
    expect(await read('k')).toEqual({ name: 'new' })
    expect(counts.calls('load') + counts.calls('loadMany')).toBe(loads)
    expect((await control.stats()).invalidations).toBe(2)
    await control.close()
  })

  test('rejects when the store does not answer, and leaves it to its caller to tell it again', async () => {
    const { control, read, failures, clock } = open()
    await read('k')
    failures.on('invalidateUpTo', 'reject')
    await expect(control.invalidateUpTo('k', 9)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    failures.on('invalidateUpTo', 'hang')
    const late = expect(control.invalidateUpTo('k', 9)).rejects.toMatchObject({
      code: 'STORE_TIMEOUT',
    })
    await clock.advance(500)
    await late
    const calls = failures.calls('invalidateUpTo')
    failures.heal()
    await clock.advance(5_000)
    expect(failures.calls('invalidateUpTo')).toBe(calls)
    expect(await control.peek('k')).toEqual({ name: 'old' })
    await control.close()
  })

  test('refuses what is no key, what is no version, and calls after close', async () => {
    const { control } = open()
    const invalid = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^version: /) }
    for (const version of [-1, 0.5, Number.NaN, 2 ** 53, '5' as unknown as number]) {
      await expect(control.invalidateUpTo('k', version)).rejects.toMatchObject(invalid)
    }
    await expect(control.invalidateUpTo('\ud800', 1)).rejects.toMatchObject({ code: 'INVALID_KEY' })
    await control.close()
    await expect(control.invalidateUpTo('k', 1)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('is announced as an invalidation once the store has answered', async () => {
    const events: unknown[] = []
    const { control, failures } = open({ onEvent: (event) => events.push(event) })
    failures.on('invalidateUpTo', 'reject', 1)
    await expect(control.invalidateUpTo('k', 1)).rejects.toThrow()
    const announced = () =>
      events.filter((event) => (event as { type: string }).type === 'invalidate')
    expect(announced()).toEqual([])
    await control.invalidateUpTo('k', 1)
    expect(announced()).toMatchObject([{ cache: 'users' }])
    await control.close()
  })
})
