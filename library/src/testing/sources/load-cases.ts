import assert from 'node:assert/strict'
import {
  assertStands,
  type Check,
  contentOf,
  inserted,
  reading,
  standing,
  type Versioned,
} from './check.ts'

/** Promises of reading. */
export function loadCases<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'loads a row with its version',
      async check(source) {
        const { key, row } = await inserted(source, { name: 'Ada "\\ Ünïcode', count: -7 })
        await assertStands(source, key, { name: 'Ada "\\ Ünïcode', count: -7 }, row.version)
      },
    },
    {
      title: 'loads an absent row as nothing',
      async check(source) {
        assert.equal(await standing(source, await source.nextKey()), undefined)
      },
    },
    {
      title: 'loads many in the order of the keys, absent and repeated ones in their places',
      async check(source) {
        if (source.loadMany === undefined) return
        const first = await inserted(source, { name: 'first', count: 1 })
        const absent = await source.nextKey()
        const second = await inserted(source, { name: 'second', count: 2 })
        const keys = [second.key, absent, first.key, second.key]
        const rows = await source.loadMany(keys, reading)
        const names = rows.map((row) => (row instanceof Error ? row : row?.value.name))
        assert.deepEqual(names, ['second', undefined, 'first', 'second'])
        const versions = rows.map((row) => (row instanceof Error ? row : row?.version))
        assert.deepEqual(versions, [
          second.row.version,
          undefined,
          first.row.version,
          second.row.version,
        ])
      },
    },
    {
      title: 'loads many of no keys as nothing',
      async check(source) {
        if (source.loadMany === undefined) return
        assert.deepEqual([...(await source.loadMany([], reading))], [])
      },
    },
    {
      title: 'draws every key once, whoever asks beside',
      async check(source) {
        const keys = await Promise.all(Array.from({ length: 100 }, () => source.nextKey()))
        keys.push(...(await Promise.all(Array.from({ length: 100 }, () => source.nextKey()))))
        assert.equal(new Set(keys).size, 200)
      },
    },
    {
      title: 'gives what an insert returned',
      async check(source) {
        const { key, row } = await inserted(source, { name: 'same', count: 3 })
        assert.deepEqual(await standing(source, key), row)
        assert.deepEqual(contentOf(row.value), { name: 'same', count: 3 })
      },
    },
  ]
}
