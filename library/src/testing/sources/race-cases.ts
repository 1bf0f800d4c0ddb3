import assert from 'node:assert/strict'
import {
  assertStands,
  type Check,
  contentOf,
  inserted,
  inTime,
  standing,
  type Versioned,
} from './check.ts'

const writers = 20

/** Promises of writing while others write. */
export function raceCases<Key>(): Check<Versioned<Key>>[] {
  return [...updateRaces<Key>(), ...deleteRaces<Key>()]
}

function updateRaces<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'loses no concurrent update of one row',
      async check(source) {
        const { key } = await inserted(source, { name: 'Ada', count: 0 })
        const outcomes = await Promise.all(
          Array.from({ length: writers }, () =>
            source.update(key, (value) => ({ ...value, count: value.count + 1 }), inTime()),
          ),
        )
        const byVersion = outcomes
          .flatMap((outcome) => (outcome.outcome === 'written' ? [outcome] : []))
          .sort((a, b) => a.version - b.version)
        // In the order of their versions each saw the one before it.
        assert.deepEqual(
          byVersion.map(({ value }) => value.count),
          Array.from({ length: writers }, (_, index) => index + 1),
        )
        assert.equal((await standing(source, key))?.value.count, writers)
      },
    },
    {
      title: 'lets one of several writers that expect the same version win',
      async check(source) {
        const { key, row } = await inserted(source)
        const context = { ...inTime(), versions: [row.version] }
        const outcomes = await Promise.all(
          Array.from({ length: writers }, (_, count) => source.update(key, { count }, context)),
        )
        const winners = outcomes.flatMap((outcome) =>
          outcome.outcome === 'written' ? [outcome] : [],
        )
        assert.equal(winners.length, 1)
        const [winner] = winners
        for (const outcome of outcomes) {
          if (outcome === winner) continue
          assert.deepEqual(outcome, { outcome: 'conflict', version: winner?.version })
        }
      },
    },
  ]
}

function deleteRaces<Key>(): Check<Versioned<Key>>[] {
  return [
    {
      title: 'keeps versions in the order of commits when puts race with deletes',
      async check(source) {
        const key = await source.nextKey()
        for (let round = 0; round < 20; round++) {
          const put = (count: number) => source.put(key, { name: 'put', count }, inTime())
          const results = await Promise.all([
            put(1),
            source.delete(key, inTime()),
            put(2),
            source.delete(key, inTime()),
          ])
          const writes = results.flatMap((result) => ('version' in result ? [result] : []))
          const last = writes.reduce((a, b) => (a.version > b.version ? a : b))
          // What stands at the end is what the highest version left.
          if (last.outcome === 'written')
            await assertStands(source, key, contentOf(last.value), last.version)
          else assert.equal(await standing(source, key), undefined)
          assert.equal(new Set(writes.map(({ version }) => version)).size, writes.length)
        }
      },
    },
  ]
}
