import assert from 'node:assert/strict'
import type { Version } from '../../contract/entry.ts'
import { key } from '../store-cases/bench.ts'
import { clean, type JournalBench, type JournalCase, letterOf } from './bench.ts'

const other = 'contract:1:other'

/** What an ack of this version of the key hands out. */
async function freedBy(bench: JournalBench, version: Version, which: string = key) {
  const { freed } = await bench.journal.ack([{ key: which, version }], clean)
  return freed.map((each) => ({ ...each, values: [...each.values].sort() }))
}

/** Unique values that writes give up: `frees`. */
export const freeingCases: readonly JournalCase[] = [
  [
    'ack: hands out what a write gave up, once',
    async (bench) => {
      const version = await bench.accepted('1', { frees: ['name:a', 'email:a'] })
      const freed = [{ key, version, values: ['email:a', 'name:a'] }]
      assert.deepEqual(await freedBy(bench, version), freed)
      assert.deepEqual(await freedBy(bench, version), [])
      assert.deepEqual(await freedBy(bench, await bench.accepted('2')), [])
    },
  ],
  [
    'ack: hands out what a delete gave up',
    async (bench) => {
      const version = await bench.accepted(null, { frees: ['a'] })
      assert.deepEqual(await freedBy(bench, version), [{ key, version, values: ['a'] }])
    },
  ],
  [
    'ack: hands out together, and without repeats, what coalesced writes gave up',
    async (bench) => {
      await bench.accepted('1', { frees: ['a', 'b'] })
      await bench.accepted('2', { frees: ['b', 'c'] })
      await bench.accepted('3')
      const version = await bench.accepted(null, { frees: ['c', 'd', 'a'] })
      const values = ['a', 'b', 'c', 'd']
      assert.deepEqual(await freedBy(bench, version), [{ key, version, values }])
    },
  ],
  [
    'ack: hands out nothing of a key that stays dirty, and all when it is clean',
    async (bench) => {
      const first = await bench.accepted('1', { frees: ['a'] })
      const version = await bench.accepted('2', { frees: ['b'] })
      assert.deepEqual(await freedBy(bench, first), [])
      assert.deepEqual(await freedBy(bench, version), [{ key, version, values: ['a', 'b'] }])
    },
  ],
  [
    'ack: hands out what each of many keys gave up, with its version',
    async (bench) => {
      const mine = await bench.accepted('1', { frees: ['a'] })
      const none = await bench.accepted('1', {}, 'contract:1:none')
      const theirs = await bench.accepted('1', { frees: ['b'] }, other)
      const acked = [
        { key, version: mine },
        { key: 'contract:1:none', version: none },
        { key: other, version: theirs },
      ]
      const { cleaned, freed } = await bench.journal.ack(acked, clean)
      assert.equal(cleaned, 3)
      assert.deepEqual(
        freed.toSorted((one, two) => one.key.length - two.key.length),
        [
          { key, version: mine, values: ['a'] },
          { key: other, version: theirs, values: ['b'] },
        ],
      )
    },
  ],
  [
    'ack: hands out values as they were, whatever is in them',
    async (bench) => {
      const values = ['', ' ', '"', '%d.*', '\\n', 'a', 'a\nb', 'ab', 'b', 'é€\u{1F600}'].sort()
      await bench.accepted('1', { frees: values.slice(0, 6) })
      const version = await bench.accepted('2', { frees: values })
      assert.deepEqual(await freedBy(bench, version), [{ key, version, values: values.sort() }])
    },
  ],
  [
    'quarantine: what the refused write gave up stays its own',
    async (bench) => {
      await bench.journal.quarantine(letterOf(await bench.accepted('1', { frees: ['a'] })))
      const version = await bench.accepted('2', { frees: ['b'] })
      assert.deepEqual(await freedBy(bench, version), [{ key, version, values: ['b'] }])
    },
  ],
]
