import { cacheAside, readThrough, writeBehind } from 'caching-patterns'
import { countingSource, settle } from 'caching-patterns/testing'
import { describe, expect, test } from 'vitest'
import { rig, type User } from '../patterns/reading-rig.ts'

/** A cache of version 1 of a row that stands at version 2: another process has written it, and could not say so. */
async function overtaken() {
  const { store, clock } = rig()
  const { source, counts } = countingSource<User>({ k: { name: 'old' } })
  const cache = readThrough<string, User>({ name: 'users', ttl: '1h', store, source, clock })
  await cache.get('k')
  await source.put('k', { name: 'new' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
  return { cache, source, counts, store, clock }
}

describe('a read that demands a version', () => {
  test('passes an older entry by, and heals it for the others', async () => {
    const { cache, counts } = await overtaken()
    expect(await cache.lookup('k', { minVersion: 1 })).toMatchObject({ status: 'hit', version: 1 })
    expect(await cache.lookup('k', { minVersion: 2 })).toMatchObject({
      value: { name: 'new' },
      version: 2,
      isStored: true,
    })
    expect(await cache.get('k')).toEqual({ name: 'new' })
    expect(await cache.get('k', { minVersion: 2 })).toEqual({ name: 'new' })
    expect(counts.calls('load')).toBe(2)
  })

  test('is VERSION_NOT_REACHED when the source is older too: it says which version that gave', async () => {
    const { cache } = await overtaken()
    const reading = cache.lookup('k', { minVersion: 3 })
    await expect(reading).rejects.toMatchObject({
      code: 'VERSION_NOT_REACHED',
      retryable: true,
      key: 'k',
      version: 2,
    })
    await expect(cache.get('k', { minVersion: 3, fresh: true })).rejects.toMatchObject({
      code: 'VERSION_NOT_REACHED',
    })
  })

  test('does not believe an absence that was cached before, and believes the source', async () => {
    const { cache, source, counts } = await overtaken()
    await cache.lookup('new')
    const row = await source.insert('new', { name: 'x' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
    expect((await cache.lookup('new')).status).toBe('negative')
    const { version } = row
    expect(await cache.lookup('new', { minVersion: version })).toMatchObject({ version })
    expect(await cache.lookup('new')).toMatchObject({ status: 'hit', version })
    const loads = counts.calls('load')
    expect(await cache.get('none', { minVersion: 9 })).toBeUndefined()
    expect(counts.calls('load')).toBe(loads + 1)
  })

  test('finds what its own process has accepted and not flushed', async () => {
    const { store, clock } = rig()
    const { source } = countingSource<User>({ k: { name: 'old' } })
    const options = { name: 'users', ttl: '1h', delay: '1h', store, source, clock } as const
    const cache = writeBehind<string, User>(options)
    const { version } = await cache.update('k', { name: 'new' })
    expect(await cache.get('k', { minVersion: version })).toEqual({ name: 'new' })
    await expect(cache.get('k', { minVersion: version + 1 })).rejects.toMatchObject({
      code: 'VERSION_NOT_REACHED',
    })
    await cache.close()
  })

  test('works with a loader that states versions', async () => {
    const { store, clock } = rig()
    let version = 1
    const cache = cacheAside<string, User>({ name: 'users', ttl: '1h', store, clock })
    const read = (minVersion: number) =>
      cache.lookupOrLoad(
        'k',
        async (context) => {
          context.version(version)
          return { name: `v${version}` }
        },
        { minVersion },
      )
    expect((await read(0)).status).toBe('miss')
    version = 5
    expect(await read(1)).toMatchObject({ status: 'hit', version: 1 })
    expect(await read(4)).toMatchObject({ version: 5, value: { name: 'v5' } })
    expect(await read(4)).toMatchObject({ status: 'hit', version: 5 })
  })

  test('is one of one key, with a version that can be one', async () => {
    const { cache } = await overtaken()
    const wrong = { minVersion: 1 } as object
    await expect(cache.getMany(['k'], wrong)).rejects.toThrow(
      'minVersion: expected a read of one key, received 1',
    )
    const none = { minVersion: undefined } as object
    expect((await cache.getMany(['k'], none)).size).toBe(1)
    for (const minVersion of [-1, 0.5, Number.NaN, '1' as unknown as number]) {
      await expect(cache.get('k', { minVersion })).rejects.toThrow(
        'minVersion: expected the version of a row',
      )
    }
    await settle()
  })
})
