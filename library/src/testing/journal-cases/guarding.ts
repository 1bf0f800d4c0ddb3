import assert from 'node:assert/strict'
import { content, key, long, stateText } from '../store-cases/bench.ts'
import { clean, farAway, type JournalBench, type JournalCase } from './bench.ts'

const nothing = { version: 0, storedAt: 0, hardAt: 0 }

/** Every operation of the store that must leave a dirty entry as it is. */
const bystanders: Readonly<Record<string, (bench: JournalBench) => Promise<void>>> = {
  acquire: async ({ store }) => {
    const answer = await store.acquire(key, 'mine', long)
    assert.notEqual(answer, 'acquired')
    const state = await store.get(key)
    assert.equal(stateText(answer as Exclude<typeof answer, 'acquired'>), stateText(state))
  },
  fill: (bench) => bench.fillIsRefused('mine'),
  release: async ({ store }) => store.release(key, 'mine'),
  begin: async ({ store }) => store.begin(key, 'w', long),
  'end of a newer version': async ({ store }) => {
    const answer = await store.end(key, 'w', content(Number.MAX_SAFE_INTEGER, '"x"'))
    assert.equal(answer.result, 'kept')
  },
  'end of an older version': async ({ store }) => {
    assert.equal((await store.end(key, null, content(1, '"x"'))).result, 'kept')
  },
  abort: async ({ store }) => store.abort(key, 'w'),
  invalidate: async ({ store }) => store.invalidate(key),
  'invalidateUpTo a newer version': async ({ store }) =>
    store.invalidateUpTo(key, Number.MAX_SAFE_INTEGER),
  clear: async (bench) => bench.cleared('contract:1:'),
  claimRefresh: async ({ store }) => {
    const state = await store.get(key)
    const softAt = state?.kind === 'value' ? state.softAt : 0
    assert.equal(await store.claimRefresh(key, softAt, long), false)
  },
  'refresh to a newer version': async ({ store }) => {
    const stored = content(Number.MAX_SAFE_INTEGER, '"x"')
    assert.equal(await store.refresh(key, { ...nothing, version: 1 }, stored), 'refused')
  },
  'refresh to the same version': async ({ store }) => {
    const state = await store.get(key)
    const stamp = state !== undefined && 'version' in state ? state : nothing
    assert.equal(await store.refresh(key, stamp, content(stamp.version, '"x"')), 'refused')
  },
  'refresh of a row that is gone': async ({ store }) => {
    const state = await store.get(key)
    const stamp = state !== undefined && 'version' in state ? state : nothing
    assert.equal(await store.refresh(key, stamp, content(0, null)), 'refused')
  },
}

const bystanderCases: readonly JournalCase[] = ['"d"', null].flatMap((json) =>
  Object.entries(bystanders).map(
    ([operation, attempt]): JournalCase => [
      `${operation}: leaves a dirty ${json === null ? 'delete' : 'value'}`,
      async (bench) => {
        const version = await bench.accepted(json)
        const before = await bench.dirty()
        await attempt(bench)
        await bench.sees(json === null ? `N${version}*` : `V${version} "d"*`)
        assert.deepEqual(await bench.dirty(), before)
        await bench.flushed(version)
        await bench.sees(json === null ? `N${version}` : `V${version} "d"`)
      },
    ],
  ),
)

/** That a dirty entry stays, whatever the cache does, and that journals are apart. */
export const guardingCases: readonly JournalCase[] = [
  ...bystanderCases,
  [
    'journals of different prefixes are apart',
    async (bench) => {
      const other = bench.journalOf('contract:2:', { maxKeys: 1 })
      const write = { json: '1', precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      const mine = await bench.accepted('1')
      assert.equal((await other.enqueue('contract:2:k', write)).outcome, 'accepted')
      assert.equal(await bench.dirtyKeys(), 'k')
      assert.deepEqual(
        (await other.claim(9, farAway, { partitions: bench.all })).map((entry) => entry.key),
        ['contract:2:k'],
      )
      assert.equal((await other.figures()).dirty, 1)
      await bench.flushed(mine)
      assert.equal(await bench.dirtyKeys(), '')
      assert.equal((await other.figures()).dirty, 1)
    },
  ],
  [
    'journals of one prefix are one journal',
    async (bench) => {
      const again = bench.journalOf('contract:1:')
      const version = await bench.accepted('1')
      assert.equal((await again.claim(9, farAway, { partitions: bench.all })).length, 1)
      assert.equal((await again.ack([{ key, version }], clean)).cleaned, 1)
      assert.equal(await bench.dirtyKeys(), '')
    },
  ],
]
