import { type CacheEvent, hasCode, writeBehind } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource, manualClock } from 'caching-patterns/testing'
import { expect, test } from 'vitest'
import { openFile } from './journal-file-rig.ts'
import { PretendDisk } from './pretend-disk.ts'

interface User {
  readonly name: string
}

/** A life of a process: a cache whose journal is on this disk, and its clock at this instant. */
async function life(
  disk: PretendDisk,
  source: ReturnType<typeof countingSource<User>>['source'],
  startAt?: number,
) {
  const clock = manualClock(startAt)
  const file = await openFile(disk, { clock })
  const events: CacheEvent[] = []
  const store = memoryStore({ clock, journalLog: file.log })
  const onEvent = (event: CacheEvent) => events.push(event)
  const cache = writeBehind<string, User>({
    ...{ name: 'users', ttl: '1h', store, source, clock, onEvent, delay: '1m' },
  })
  return { clock, cache, events }
}

test('what was accepted is read and flushed in the next life, and versions go on above it', async () => {
  const disk = new PretendDisk()
  const { source, counts } = countingSource<User>({ a: { name: 'old' }, b: { name: 'old' } })
  const first = await life(disk, source, 5_000_000)
  const written = await first.cache.put('a', { name: 'new' })
  await first.cache.delete('b')

  // Its clock is an hour behind.
  const second = await life(disk.afterKill(), source, 1_400_000)
  expect(await second.cache.lookup('a')).toMatchObject({ status: 'hit', value: { name: 'new' } })
  expect(await second.cache.lookup('b')).toMatchObject({ status: 'negative' })
  const next = await second.cache.put('c', { name: 'new' })
  expect(next.version).toBeGreaterThan(written.version)
  await second.clock.advance(60_000)
  expect(['a', 'b', 'c'].map((key) => counts.row(key)?.value.name)).toEqual([
    'new',
    undefined,
    'new',
  ])
})

test('on a full disk writes are refused, hits go on, and what was accepted is flushed', async () => {
  const disk = new PretendDisk()
  const { source, counts } = countingSource<User>({ a: { name: 'old' } })
  const { cache, events } = await life(disk, source)
  await cache.put('a', { name: 'new' })
  disk.room = 0
  for (let attempt = 0; attempt < 10; attempt++) {
    const error = await cache.put('b', { name: 'new' }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'STORE_UNAVAILABLE')).toBe(true)
    expect((error as Error).message).toContain('nothing was written')
  }
  expect((await cache.lookup('a')).status).toBe('hit')
  expect(await cache.lookup('b')).toMatchObject({ value: undefined })
  expect(events.filter(({ type }) => type === 'breaker')).toEqual([])
  await cache.flush()
  expect(counts.row('a')?.value).toEqual({ name: 'new' })
  expect((await cache.stats()).journal).toMatchObject({ dirty: 0 })
  disk.room = 10_000
  expect((await cache.put('b', { name: 'new' })).status).toBe('accepted')
})
