import assert from 'node:assert/strict'
import type { FlushableSource } from '../../contract/source.ts'
import {
  assertRejects,
  assertStands,
  type Check,
  type ContractValue,
  contentOf,
  flushRow,
  inserted,
  inTime,
  standing,
  tooLate,
} from './check.ts'

type Flushable<Key> = FlushableSource<Key, ContractValue>

const applied = { outcome: 'applied' }
// As a journal's versions: microseconds of a clock, above what a sequence has drawn.
const base = 1_700_000_000_000_000

/** Promises of flushing. */
export function flushCases<Key>(): Check<Flushable<Key>>[] {
  return [...guardCases<Key>(), ...wholeCases<Key>(), ...valueCases<Key>()]
}

function guardCases<Key>(): Check<Flushable<Key>>[] {
  return [
    {
      title: 'flushes inserts, replacements and deletes, with an outcome for each in its place',
      async check(source) {
        const { key: there } = await inserted(source)
        const { key: doomed } = await inserted(source)
        const [fresh, absent] = [await source.nextKey(), await source.nextKey()]
        const outcomes = await source.flush(
          [
            flushRow(fresh, base + 1, { name: 'fresh', count: 1 }),
            flushRow(doomed, base + 2),
            flushRow(there, base + 3, { name: 'replaced', count: 3 }),
            flushRow(absent, base + 4),
          ],
          inTime(),
        )
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
        await source.flush([flushRow(key, base + 5, newest)], inTime())
        const rows = [
          flushRow(other, base + 1, { name: 'other', count: 1 }),
          flushRow(key, base + 4, { name: 'older', count: 4 }),
        ]
        const newer = { outcome: 'newer', version: base + 5 }
        assert.deepEqual(await source.flush(rows, inTime()), [applied, newer])
        assert.deepEqual(await source.flush([flushRow(key, base + 4)], inTime()), [newer])
        await assertStands(source, key, newest, base + 5)
        await assertStands(source, other, { name: 'other', count: 1 }, base + 1)
      },
    },
    {
      title: 'counts a repeated flush as applied',
      async check(source) {
        const [key, gone] = [await source.nextKey(), (await inserted(source)).key]
        const rows = [flushRow(key, base + 1, { name: 'once', count: 1 }), flushRow(gone, base + 2)]
        assert.deepEqual(await source.flush(rows, inTime()), [applied, applied])
        assert.deepEqual(await source.flush(rows, inTime()), [applied, applied])
        await assertStands(source, key, { name: 'once', count: 1 }, base + 1)
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
        const poison = { key: bad, version: base + 2, json: '{"name":"bad","count":"many"}' }
        const rows = [
          flushRow(first, base + 1, { name: 'first', count: 1 }),
          poison,
          flushRow(doomed, base + 3),
          flushRow(last, base + 4, { name: 'last', count: 4 }),
        ]
        await assert.rejects(source.flush(rows, inTime()), (error) => {
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
        await assertRejects(source.flush(rows, tooLate()), 'WRITE_TIMEOUT')
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
        await source.flush([{ key, version: base + 1, json }], inTime())
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
