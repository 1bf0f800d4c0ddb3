import assert from 'node:assert/strict'
import {
  assertRejects,
  assertStands,
  type Check,
  contentOf,
  inserted,
  inTime,
  standing,
  tooLate,
  type Versioned,
  written,
} from './check.ts'

const replaced = { name: 'replaced', count: 9 }

/** Promises of writing, one at a time. */
export function writeCases<Key>(): Check<Versioned<Key>>[] {
  return [...versionCases<Key>(), ...changeCases<Key>(), ...deadlineCases<Key>()]
}

function versionCases<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'raises the version with every update, delete and insert of a key',
      async check(source) {
        const { key, row } = await inserted(source)
        const updated = written(await source.update(key, { count: 2 }, inTime()))
        const put = written(await source.put(key, replaced, inTime()))
        const deleted = await source.delete(key, inTime())
        assert.equal(deleted.outcome, 'deleted')
        const again = await source.insert(key, { name: 'again', count: 1 }, inTime())
        await source.delete(key, inTime())
        const anew = written(await source.put(key, replaced, inTime()))
        const versions = [row, updated, put, deleted, again, anew].map((step) => {
          assert.ok('version' in step && Number.isSafeInteger(step.version) && step.version > 0)
          return step.version
        })
        assert.deepEqual(
          versions,
          [...new Set(versions)].sort((a, b) => a - b),
        )
      },
    },
    {
      title: 'writes at one of the expected versions, and refuses at any other',
      async check(source) {
        const { key, row } = await inserted(source)
        const expected = { ...inTime(), versions: [row.version + 1_000_000, row.version] }
        const { version } = written(await source.update(key, { count: 2 }, expected))
        const conflict = { outcome: 'conflict', version }
        assert.deepEqual(await source.update(key, { count: 3 }, expected), conflict)
        assert.deepEqual(await source.update(key, (value) => value, expected), conflict)
        assert.deepEqual(await source.put(key, replaced, expected), conflict)
        assert.deepEqual(await source.delete(key, expected), conflict)
        await assertStands(source, key, { name: 'Ada', count: 2 }, version)
        const now = { ...inTime(), versions: [version] }
        const put = written(await source.put(key, replaced, now))
        await assertStands(source, key, replaced, put.version)
        const gone = await source.delete(key, { ...inTime(), versions: [put.version] })
        assert.equal(gone.outcome, 'deleted')
        assert.equal(await standing(source, key), undefined)
      },
    },
    {
      title: 'says missing before conflict, and writes nothing',
      async check(source) {
        const key = await source.nextKey()
        const missing = { outcome: 'missing' }
        for (const versions of [undefined, [1]]) {
          const context = { ...inTime(), versions }
          assert.deepEqual(await source.update(key, { count: 2 }, context), missing)
          assert.deepEqual(await source.update(key, (value) => value, context), missing)
          assert.deepEqual(await source.delete(key, context), missing)
        }
        assert.deepEqual(await source.put(key, replaced, { ...inTime(), versions: [1] }), missing)
        assert.equal(await standing(source, key), undefined)
      },
    },
  ]
}

function changeCases<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'changes the fields of a patch, and no others',
      async check(source) {
        const { key } = await inserted(source, { name: 'Ada', count: 1 })
        const first = written(await source.update(key, { count: 2 }, inTime()))
        assert.deepEqual(contentOf(first.value), { name: 'Ada', count: 2 })
        assert.equal(first.existed, true)
        const second = written(await source.update(key, { name: 'Eve' }, inTime()))
        await assertStands(source, key, { name: 'Eve', count: 2 }, second.version)
      },
    },
    {
      title: 'changes a row by a function of its current value',
      async check(source) {
        const { key } = await inserted(source, { name: 'Ada', count: 41 })
        const change = (value: { name: string; count: number }) => ({
          ...value,
          count: value.count + 1,
        })
        const { value, version } = written(await source.update(key, change, inTime()))
        assert.equal(value.count, 42)
        await assertStands(source, key, { name: 'Ada', count: 42 }, version)
      },
    },
    {
      title: 'writes nothing when the function throws, and passes its error on',
      async check(source) {
        const { key, row } = await inserted(source)
        const refusal = new Error('not with me')
        const change = () => {
          throw refusal
        }
        await assert.rejects(source.update(key, change, inTime()), (error) => error === refusal)
        await assertStands(source, key, contentOf(row.value), row.version)
      },
    },
    {
      title: 'puts a row that is absent, and one that is there',
      async check(source) {
        const key = await source.nextKey()
        const fresh = written(await source.put(key, { name: 'new', count: 1 }, inTime()))
        assert.equal(fresh.existed, false)
        await assertStands(source, key, { name: 'new', count: 1 }, fresh.version)
        const other = written(await source.put(key, replaced, inTime()))
        assert.equal(other.existed, true)
        await assertStands(source, key, replaced, other.version)
      },
    },
    {
      title: 'refuses an insert of a taken key',
      async check(source) {
        const { key, row } = await inserted(source)
        await assert.rejects(source.insert(key, replaced, inTime()))
        await assertStands(source, key, contentOf(row.value), row.version)
      },
    },
  ]
}

function deadlineCases<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'writes nothing past the deadline, and says so',
      async check(source) {
        const { key, row } = await inserted(source)
        const absent = await source.nextKey()
        await assertRejects(source.update(key, { count: 2 }, tooLate()), 'WRITE_TIMEOUT')
        await assertRejects(
          source.update(key, (value) => value, tooLate()),
          'WRITE_TIMEOUT',
        )
        await assertRejects(source.put(key, replaced, tooLate()), 'WRITE_TIMEOUT')
        await assertRejects(source.delete(key, tooLate()), 'WRITE_TIMEOUT')
        await assertRejects(source.put(absent, replaced, tooLate()), 'WRITE_TIMEOUT')
        await assertRejects(source.insert(absent, replaced, tooLate()), 'WRITE_TIMEOUT')
        await assertStands(source, key, contentOf(row.value), row.version)
        assert.equal(await standing(source, absent), undefined)
      },
    },
  ]
}
