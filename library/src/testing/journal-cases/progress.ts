import assert from 'node:assert/strict'
import { content, key, short } from '../store-cases/bench.ts'
import { type JournalBench, type JournalCase, letterOf } from './bench.ts'

/** What `progress` says of these versions. */
async function progressIs(
  bench: JournalBench,
  expected: readonly (readonly [version: number, progress: string])[],
): Promise<void> {
  const told = await Promise.all(
    expected.map(async ([version]) => [version, await bench.journal.progress(key, version)]),
  )
  assert.deepEqual(told, expected)
}

/** `progress`: where an accepted write is now. */
export const progressCases: readonly JournalCase[] = [
  [
    'progress: an accepted write waits; once it is acknowledged it is persisted',
    async (bench) => {
      for (const json of ['1', null]) {
        const version = await bench.accepted(json)
        await progressIs(bench, [[version, 'waiting']])
        await bench.flushed(version)
        await progressIs(bench, [[version, 'persisted']])
      }
    },
  ],
  [
    'progress: a write that coalesced with a newer one waits, and is persisted, with it',
    async (bench) => {
      const first = await bench.accepted('1')
      const last = await bench.accepted(null)
      await progressIs(bench, [
        [first, 'waiting'],
        [last, 'waiting'],
      ])
      await bench.flushed(last)
      await progressIs(bench, [
        [first, 'persisted'],
        [last, 'persisted'],
      ])
    },
  ],
  [
    'progress: a write that was flushed is persisted, although a newer one waits',
    async (bench) => {
      const first = await bench.accepted('1')
      const flushed = await bench.accepted('2')
      const waiting = await bench.accepted('3')
      await bench.flushed(flushed)
      await progressIs(bench, [
        [first, 'persisted'],
        [flushed, 'persisted'],
        [waiting, 'waiting'],
      ])
      const newest = await bench.accepted('4')
      await progressIs(bench, [
        [flushed, 'persisted'],
        [waiting, 'waiting'],
        [newest, 'waiting'],
      ])
    },
  ],
  [
    "progress: a write that was versioned above the database's is persisted with that version",
    async (bench) => {
      const version = await bench.accepted('1')
      await bench.journal.restamp(key, version, version + 5)
      await progressIs(bench, [[version, 'waiting']])
      await bench.flushed(version + 6)
      await progressIs(bench, [[version, 'persisted']])
    },
  ],
  [
    'progress: a refused write is parked, and so is what it had replaced',
    async (bench) => {
      const first = await bench.accepted('1')
      const refused = await bench.accepted('2')
      await bench.journal.quarantine(letterOf(refused))
      await progressIs(bench, [
        [first, 'parked'],
        [refused, 'parked'],
        [refused + 1, 'unknown'],
      ])
    },
  ],
  [
    'progress: a write after a refused one has a way of its own',
    async (bench) => {
      const refused = await bench.accepted('1')
      await bench.journal.quarantine(letterOf(refused))
      await bench.advance(1)
      const version = await bench.accepted('2')
      await progressIs(bench, [
        [refused, 'parked'],
        [version, 'waiting'],
      ])
      await bench.flushed(version)
      await progressIs(bench, [
        [refused, 'parked'],
        [version, 'persisted'],
      ])
    },
  ],
  [
    'progress: nothing tells of a key that is absent, leased, or older',
    async (bench) => {
      await progressIs(bench, [[1, 'unknown']])
      await bench.lease('mine')
      await progressIs(bench, [[1, 'unknown']])
      await bench.fillIsStored('mine')
      await progressIs(bench, [
        [1, 'persisted'],
        [2, 'unknown'],
      ])
    },
  ],
  [
    'progress: nothing tells of a flushed write whose entry is gone',
    async (bench) => {
      const invalidated = await bench.accepted('1')
      await bench.flushed(invalidated)
      await bench.store.invalidate(key)
      await progressIs(bench, [[invalidated, 'unknown']])
      const expired = await bench.accepted('2')
      await bench.flushed(expired, { ttlMs: short })
      await bench.expire()
      await progressIs(bench, [[expired, 'unknown']])
    },
  ],
  [
    'progress: a row that was read at this version or a newer one is persisted',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await progressIs(bench, [
        [4, 'persisted'],
        [5, 'persisted'],
        [6, 'unknown'],
      ])
    },
  ],
]
