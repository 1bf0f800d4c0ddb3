import assert from 'node:assert/strict'
import { key, long } from '../store-cases/bench.ts'
import { type JournalCase, letterOf } from './bench.ts'

/** `quarantine` and `deadLetters`. */
export const deadLetterCases: readonly JournalCase[] = [
  [
    'quarantine: parks the refused write, and takes readers back to the database',
    async (bench) => {
      const version = await bench.accepted('"refused"')
      assert.equal(await bench.journal.quarantine(letterOf(version)), 'parked')
      assert.deepEqual([...(await bench.journal.deadLetters())], [letterOf(version)])
      assert.deepEqual([...(await bench.dirty())], [])
      assert.equal(await bench.journal.nextDueAt(), undefined)
      assert.equal((await bench.journal.figures()).bytes, 0)
      await bench.counts(0, 1)
      await bench.lease('reader')
      await bench.fillIsStored('reader')
    },
  ],
  [
    'quarantine: no mark, set while the entry was dirty, comes to light',
    async (bench) => {
      const version = await bench.accepted('"refused"')
      await bench.store.begin(key, 'w', long)
      await bench.journal.quarantine(letterOf(version))
      await bench.sees('absent')
    },
  ],
  [
    'quarantine: a newer write supersedes the refused one, and stays dirty',
    async (bench) => {
      const old = await bench.accepted('"refused"')
      const version = await bench.accepted('"w2"')
      assert.equal(await bench.journal.quarantine(letterOf(old)), 'superseded')
      await bench.sees(`V${version} "w2"*`)
      assert.equal(await bench.dirtyKeys(), 'k')
      await bench.counts(1, 0)
    },
  ],
  [
    'quarantine: sent again, it is parked still, once',
    async (bench) => {
      const version = await bench.accepted('"refused"')
      await bench.journal.quarantine(letterOf(version))
      assert.equal(await bench.journal.quarantine(letterOf(version)), 'parked')
      await bench.counts(0, 1)
    },
  ],
  [
    'quarantine: what is not dirty is not parked',
    async (bench) => {
      assert.equal(await bench.journal.quarantine(letterOf(1)), 'superseded')
      const version = await bench.accepted('"w"')
      await bench.flushed(version)
      assert.equal(await bench.journal.quarantine(letterOf(version)), 'superseded')
      await bench.sees(`V${version} "w"`)
      await bench.counts(0, 0)
    },
  ],
  [
    'quarantine: what is not dirty is not parked because an older write of the key was',
    async (bench) => {
      const refused = letterOf(await bench.accepted('"refused"'))
      await bench.journal.quarantine(refused)
      await bench.advance(1)
      const version = await bench.accepted('"w"')
      await bench.flushed(version)
      assert.equal(await bench.journal.quarantine(letterOf(version)), 'superseded')
      const superseded = { ...refused, supersededBy: version }
      assert.deepEqual([...(await bench.journal.deadLetters())], [superseded])
      await bench.sees(`V${version} "w"`)
    },
  ],
  [
    'quarantine: letters of several keys are kept, the last one of each key',
    async (bench) => {
      const other = 'contract:1:other'
      await bench.journal.quarantine(letterOf(await bench.accepted('"refused"')))
      const last = letterOf(await bench.accepted(null), null)
      await bench.journal.quarantine(last)
      const others = letterOf(await bench.accepted('1', {}, other), '1', other)
      await bench.journal.quarantine(others)
      const letters = [...(await bench.journal.deadLetters())]
      letters.sort((a, b) => a.key.length - b.key.length)
      assert.deepEqual(letters, [last, others])
    },
  ],
]
