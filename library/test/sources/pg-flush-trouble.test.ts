import { describeWith } from '@caching-patterns/local-servers/vitest'
import { writeBehind } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { expect, onTestFinished, test } from 'vitest'
import { type Item, openTable } from './fence-rig.ts'

/** A write-behind cache over a table that a test changes. */
async function setup() {
  const table = await openTable()
  const cache = writeBehind<string, Item>({
    name: 'items',
    ttl: '1h',
    source: table.source,
    store: memoryStore(),
    delay: '10ms',
    drainFor: 0,
  })
  onTestFinished(() => cache.close())
  const journal = async () => (await cache.stats()).journal
  const change = (sql: string) => table.driver.transaction((tx) => tx.script(sql))
  return { ...table, cache, journal, change }
}

describeWith(['postgres'], 'a PostgreSQL whose tables are not as they were', () => {
  for (const [name, away, back] of [
    [
      'the table is away',
      'alter table app.items rename to gone',
      'alter table app.gone rename to items',
    ],
    [
      'a column is away',
      'alter table app.items rename name to gone',
      'alter table app.items rename gone to name',
    ],
    [
      'the table of epochs is away',
      'alter table app.cache_epochs rename to gone',
      'alter table app.gone rename to cache_epochs',
    ],
  ] as const) {
    test(`keeps everything in the journal: ${name}`, async () => {
      const { cache, journal, change, rows } = await setup()
      await cache.put('before', { name: 'before' })
      await cache.flush()
      await change(away)
      await cache.put('k', { name: 'kept' })
      await cache.delete('before')
      await expect.poll(async () => (await journal())?.retries).toBeGreaterThan(1)
      expect(await journal()).toMatchObject({ dirty: 2, deadLetters: 0, flushed: 1 })
      expect(await cache.get('k')).toEqual({ name: 'kept' })
      await change(back)
      await cache.flush()
      expect([...(await rows()).keys()]).toEqual(['k'])
      expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 0, flushed: 3 })
    })
  }

  test('parks a row that a new constraint refuses, and writes the others', async () => {
    const { cache, journal, change, rows } = await setup()
    await change(`alter table app.items add check (name <> 'refused')`)
    for (const name of ['a', 'refused', 'c']) await cache.put(name, { name })
    await cache.flush()
    expect([...(await rows()).keys()]).toEqual(['a', 'c'])
    expect(await journal()).toMatchObject({ dirty: 0, deadLetters: 1, retries: 0 })
    expect(await cache.deadLetters()).toMatchObject([{ key: 'refused', sqlstate: '23514' }])
  })
})
