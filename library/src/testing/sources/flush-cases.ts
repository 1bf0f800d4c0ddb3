import assert from 'node:assert/strict'
import type { FlushableSource } from '../../contract/source.ts'
import {
  assertRejects,
  assertStands,
  type Check,
  type ContractValue,
  contentOf,
  flushed,
  flushRow,
  inserted,
  inTime,
  journal,
  standing,
  tooLate,
} from './check.ts'

type Flushable<Key> = FlushableSource<Key, ContractValue>

const applied = { outcome: 'applied' }
// As a journal's versions: microseconds of a clock, above what a sequence has drawn.
const base = 1_700_000_000_000_000

/** Promises of flushing. */
export function flushCases<Key>(): Check<Flushable<Key>>[] {
  return [...guardCases<Key>(), ...fenceCases<Key>(), ...wholeCases<Key>(), ...valueCases<Key>()]
}

function guardCases<Key>(): Check<Flushable<Key>>[] {
  return [
    {
      title: 'flushes inserts, replacements and deletes, with an outcome for each in its place',
      async check(source) {
        const { key: there } = await inserted(source)
        const { key: doomed } = await inserted(source)
        const [fresh, absent] = [await source.nextKey(), await source.nextKey()]
        const outcomes = await flushed(source, [
          flushRow(fresh, base + 1, { name: 'fresh', count: 1 }),
          flushRow(doomed, base + 2),
          flushRow(there, base + 3, { name: 'replaced', count: 3 }),
          flushRow(absent, base + 4),
        ])
        assert.deepEqual(outcomes, [applied, applied, applied, applied])
        await assertStands(source, fresh, { name: 'fresh', count: 1 }, base + 1)
        await assertStands(source, there, { name: 'replaced', count: 3 }, base + 3)
        assert.equal(await standing(source, doomed), undefined)
        assert.equal(await standing(source, absent), undefined)
      },
    },
    {
      title: 'never puts an older version over a newer one, and says what stands there',
      async check(source) {
        const [key, other] = [await source.nextKey(), await source.nextKey()]
        const newest = { name: 'newest', count: 5 }
        await flushed(source, [flushRow(key, base + 5, newest)])
        const rows = [
          flushRow(other, base + 1, { name: 'other', count: 1 }),
          flushRow(key, base + 4, { name: 'older', count: 4 }),
        ]
        const newer = { outcome: 'newer', version: base + 5 }
        assert.deepEqual(await flushed(source, rows), [applied, newer])
        assert.deepEqual(await flushed(source, [flushRow(key, base + 4)]), [newer])
        await assertStands(source, key, newest, base + 5)
        await assertStands(source, other, { name: 'other', count: 1 }, base + 1)
      },
    },
    {
      title: 'counts a repeated flush as applied',
      async check(source) {
        const [key, gone] = [await source.nextKey(), (await inserted(source)).key]
        const rows = [flushRow(key, base + 1, { name: 'once', count: 1 }), flushRow(gone, base + 2)]
        assert.deepEqual(await flushed(source, rows), [applied, applied])
        assert.deepEqual(await flushed(source, rows), [applied, applied])
        await assertStands(source, key, { name: 'once', count: 1 }, base + 1)
      },
    },
  ]
}

function fenceCases<Key>(): Check<Flushable<Key>>[] {
  const fenced = { outcome: 'fenced' }
  const at = (epochs: ReadonlyMap<number, number>) => ({ ...inTime(), fence: { journal, epochs } })
  return [
    {
      title: 'raises epochs, each by itself, and tells them in order',
      async check(source) {
        const raise = (name: string, ...partitions: number[]) =>
          source.raiseEpochs(name, partitions, inTime())
        const [third = 0] = await raise(journal, 3)
        const [seventh = 0, thirdAgain] = await raise(journal, 7, 3)
        assert.equal(thirdAgain, third + 1)
        assert.deepEqual(await raise(journal, 3, 7), [third + 2, seventh + 1])
        assert.deepEqual(await raise('another:1:', 3), [1])
      },
    },
    {
      title:
        'flushes nothing of a partition that another has taken since, and the rest all the same',
      async check(source) {
        const { key: there, row } = await inserted(source)
        const [mine, theirs] = [await source.nextKey(), await source.nextKey()]
        const [first = 0, second = 0] = await source.raiseEpochs(journal, [1, 2], inTime())
        await source.raiseEpochs(journal, [2], inTime())
        const rows = [
          { ...flushRow(theirs, base + 1, { name: 'late', count: 1 }), partition: 2 },
          { ...flushRow(mine, base + 2, { name: 'mine', count: 2 }), partition: 1 },
          { ...flushRow(there, base + 3), partition: 2 },
        ]
        const epochs = new Map([
          [1, first],
          [2, second],
        ])
        assert.deepEqual(await source.flush(rows, at(epochs)), [fenced, applied, fenced])
        assert.equal(await standing(source, theirs), undefined)
        await assertStands(source, mine, { name: 'mine', count: 2 }, base + 2)
        await assertStands(source, there, contentOf(row.value), row.version)
      },
    },
    {
      title:
        'flushes nothing of a partition that nobody has taken, or that the fence does not name',
      async check(source) {
        const key = await source.nextKey()
        const row = { ...flushRow(key, base + 1, { name: 'nobody', count: 1 }), partition: 9 }
        assert.deepEqual(await source.flush([row], at(new Map([[9, 1]]))), [fenced])
        await source.raiseEpochs(journal, [9], inTime())
        assert.deepEqual(await source.flush([row], at(new Map())), [fenced])
        assert.equal(await standing(source, key), undefined)
      },
    },
    {
      title: 'a late upsert of an earlier epoch does not bring back what was deleted since',
      async check(source) {
        const key = await source.nextKey()
        const [before = 0] = await source.raiseEpochs(journal, [0], inTime())
        assert.deepEqual(await flushed(source, [flushRow(key, base + 6)]), [applied])
        const late = flushRow(key, base + 5, { name: 'zombie', count: 5 })
        assert.deepEqual(await source.flush([late], at(new Map([[0, before]]))), [fenced])
        assert.equal(await standing(source, key), undefined)
      },
    },
    {
      title: 'raises nothing past the deadline, and says so',
      async check(source) {
        const [epoch = 0] = await source.raiseEpochs(journal, [4], inTime())
        await assertRejects(source.raiseEpochs(journal, [4], tooLate()), 'WRITE_TIMEOUT')
        assert.deepEqual(await source.raiseEpochs(journal, [4], inTime()), [epoch + 1])
      },
    },
  ]
}

function wholeCases<Key>(): Check<Flushable<Key>>[] {
  return [
    {
      title: 'flushes all rows or none, and calls the refused row poison',
      async check(source) {
        const [first, bad, last] = [
          await source.nextKey(),
          await source.nextKey(),
          await source.nextKey(),
        ]
        const { key: doomed, row } = await inserted(source)
        const poison = {
          key: bad,
          version: base + 2,
          json: '{"name":"bad","count":"many"}',
          partition: 0,
        }
        const rows = [
          flushRow(first, base + 1, { name: 'first', count: 1 }),
          poison,
          flushRow(doomed, base + 3),
          flushRow(last, base + 4, { name: 'last', count: 4 }),
        ]
        await assert.rejects(flushed(source, rows), (error) => {
          const { kind, sqlstate } = source.classify(error)
          assert.equal(kind, 'poison')
          assert.notEqual(sqlstate, '')
          return true
        })
        assert.equal(await standing(source, first), undefined)
        assert.equal(await standing(source, last), undefined)
        await assertStands(source, doomed, contentOf(row.value), row.version)
      },
    },
    {
      title: 'flushes nothing past the deadline, and says so',
      async check(source) {
        const { key, row } = await inserted(source)
        const absent = await source.nextKey()
        const rows = [
          flushRow(key, base + 1),
          flushRow(absent, base + 2, { name: 'late', count: 1 }),
        ]
        await assertRejects(flushed(source, rows, tooLate()), 'WRITE_TIMEOUT')
        await assertStands(source, key, contentOf(row.value), row.version)
        assert.equal(await standing(source, absent), undefined)
      },
    },
    {
      title: 'calls an error that no server sent transient',
      async check(source) {
        const reset = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' })
        for (const error of [reset, new Error('gone'), 'gone', undefined]) {
          assert.deepEqual(source.classify(error), { kind: 'transient', sqlstate: '' })
        }
      },
    },
  ]
}

function valueCases<Key>(): Check<Flushable<Key>>[] {
  return [
    {
      title: 'loads what was flushed as the value that was completed',
      async check(source) {
        const key = await source.nextKey()
        const value = source.complete(key, { name: 'whole', count: 7 }, undefined)
        const json = JSON.stringify(value)
        await flushed(source, [{ key, version: base + 1, json, partition: 0 }])
        const row = await standing(source, key)
        assert.deepEqual(JSON.parse(JSON.stringify(row?.value)), JSON.parse(json))
      },
    },
    {
      title: 'completes a change with what the current value holds',
      async check(source) {
        const { key, row } = await inserted(source, { name: 'Ada', count: 1 })
        const next = source.complete(key, { count: 2 }, row.value)
        assert.deepEqual(contentOf(next), { name: 'Ada', count: 2 })
        const anew = source.complete(key, { name: 'new', count: 3 }, undefined)
        assert.deepEqual(contentOf(anew), { name: 'new', count: 3 })
      },
    },
    {
      title: 'reads a key back from its text',
      async check(source) {
        const key = await source.nextKey()
        assert.equal(source.parseKey(String(key)), key)
      },
    },
  ]
}
