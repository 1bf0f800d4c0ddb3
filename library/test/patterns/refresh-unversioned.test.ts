import { settle, slowSource } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type User } from './reading-rig.ts'
import { make } from './refresh-rig.ts'

/** A source without versions: one value at a time. */
function plainSource(value = 'old') {
  const held = { value }
  return { held, source: { load: async (): Promise<User> => ({ name: held.value }) } }
}

describe('a source without versions', () => {
  test('is asked again by refresh, and its answer is stored', async () => {
    const parts = rig()
    const plain = plainSource()
    const { cache } = make({ ...parts, source: plain.source })
    await cache.get('k')
    plain.held.value = 'new'
    await cache.refresh('k')
    expect(await cache.peek('k')).toEqual({ name: 'new' })
  })

  test('is refreshed ahead', async () => {
    const parts = rig()
    const plain = plainSource()
    const { cache, refreshes } = make({ ...parts, source: plain.source })
    await cache.get('k')
    plain.held.value = 'new'
    await parts.clock.advance(9_000)
    await cache.get('k')
    await settle()
    expect(await cache.get('k')).toEqual({ name: 'new' })
    expect(refreshes()).toEqual(['replaced'])
  })

  test.each(['refresh()', 'a read in another process'])(
    'never lets a late refresh overwrite what was filled since, and is being refreshed by %s',
    async (who) => {
      const parts = rig()
      const plain = plainSource()
      const { source, held: loads } = slowSource(plain.source)
      const patient = { loadDeadline: '9m', lease: '10m' } as const
      const { cache } = make({ ...parts, source }, patient)
      const elsewhere = make({ ...parts, source }, patient).cache
      const filling = cache.get('k')
      await (await loads.next('load')).answer()
      await filling
      await parts.clock.advance(9_000)
      await cache.get('k')
      const late = await loads.next('load')
      await late.execute()
      plain.held.value = 'new'
      await cache.invalidate('k')
      const refilling = cache.get('k')
      await (await loads.next('load')).answer()
      expect(await refilling).toEqual({ name: 'new' })
      await parts.clock.advance(9_000)
      const refreshing = who === 'refresh()' ? cache.refresh('k') : elsewhere.get('k')
      const own = await loads.next('load')
      await late.answer()
      await settle()
      expect(await cache.peek('k')).toEqual({ name: 'new' })
      await own.answer()
      await refreshing
      await settle()
      expect(await cache.peek('k')).toEqual({ name: 'new' })
    },
  )
})
