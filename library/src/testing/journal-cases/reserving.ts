import assert from 'node:assert/strict'
import type { Reservation, ReserveTerms } from '../../contract/journal.ts'
import { key, long, short } from '../store-cases/bench.ts'
import type { JournalBench, JournalCase } from './bench.ts'

const value = 'email:ada@example.com'

/** The stamp of a claim that is held now. */
async function claimed(
  bench: JournalBench,
  holder: string,
  terms: Partial<ReserveTerms> = {},
): Promise<number> {
  const answer = await bench.journal.reserve(value, holder, { ttlMs: long, ...terms })
  assert.equal(answer.outcome, 'held')
  return (answer as Extract<Reservation, { outcome: 'held' }>).stamp
}

async function isTaken(bench: JournalBench, holder: string, by: string): Promise<void> {
  const answer = await bench.journal.reserve(value, by, { ttlMs: long })
  assert.deepEqual(answer, { outcome: 'taken', holder })
}

/** `reserve` and `unreserve`: claims on unique values. */
export const reservingCases: readonly JournalCase[] = [
  [
    "reserve: a free value is held, from an instant of the store's clock on",
    async (bench) => {
      const before = await bench.now()
      const stamp = await claimed(bench, 'a')
      assert.ok(stamp >= before * 1000 && stamp < ((await bench.now()) + 1) * 1000, `${stamp}`)
    },
  ],
  [
    "reserve: another's claim says whose it is, and stays as it is",
    async (bench) => {
      const stamp = await claimed(bench, 'a b: c')
      await isTaken(bench, 'a b: c', 'b')
      await isTaken(bench, 'a b: c', 'c')
      assert.equal(await claimed(bench, 'a b: c', { isRenewal: true }), stamp)
    },
  ],
  [
    'reserve: values are apart, whatever is in them',
    async (bench) => {
      const values = ['a', 'a:', 'a b', 'a{b}', 'a}', '{a', '"', 'é€\u{1F600}', 'a\nb', 'A']
      for (const [i, each] of values.entries()) {
        const answer = await bench.journal.reserve(each, `h${i}`, { ttlMs: long })
        assert.equal(answer.outcome, 'held')
      }
      for (const [i, each] of values.entries()) {
        const answer = await bench.journal.reserve(each, 'other', { ttlMs: long })
        assert.deepEqual(answer, { outcome: 'taken', holder: `h${i}` })
      }
    },
  ],
  [
    'reserve: one of my own again has a later stamp; renewed, it keeps its own',
    async (bench) => {
      const first = await claimed(bench, 'a')
      const second = await claimed(bench, 'a')
      assert.ok(second > first)
      assert.equal(await claimed(bench, 'a', { isRenewal: true }), second)
      assert.equal(await claimed(bench, 'a', { isRenewal: true }), second)
    },
  ],
  [
    'reserve: a claim ends with its time, and the value is free for another',
    async (bench) => {
      await claimed(bench, 'a', { ttlMs: short })
      await isTaken(bench, 'a', 'b')
      await bench.expire()
      await claimed(bench, 'b')
      await isTaken(bench, 'b', 'a')
    },
  ],
  [
    'reserve: a renewal lasts from then on; of a claim that has ended it is a new one',
    async (bench) => {
      const stamp = await claimed(bench, 'a', { ttlMs: short })
      assert.equal(await claimed(bench, 'a', { isRenewal: true }), stamp)
      await bench.expire()
      await isTaken(bench, 'a', 'b')
      assert.equal(await claimed(bench, 'a', { ttlMs: short, isRenewal: true }), stamp)
      await bench.expire()
      const anew = await claimed(bench, 'a', { isRenewal: true })
      assert.ok(anew > stamp)
      await isTaken(bench, 'a', 'b')
    },
  ],
  [
    'reserve: a claim is not younger than the write that is accepted after it',
    async (bench) => {
      for (let i = 0; i < 20; i += 1) {
        await bench.journal.reserve(`value ${i}`, `holder ${i}`, { ttlMs: long })
      }
      const stamp = await claimed(bench, key)
      const version = await bench.accepted('1')
      assert.ok(version >= stamp, `${version} is before ${stamp}`)
    },
  ],
  [
    'unreserve: frees a value of its holder, by its stamp or a later one',
    async (bench) => {
      await bench.journal.unreserve(value, 'a', await claimed(bench, 'a'))
      const stamp = await claimed(bench, 'b')
      await bench.journal.unreserve(value, 'b', stamp + 1)
      await claimed(bench, 'c')
      await bench.journal.unreserve(value, 'c', Number.MAX_SAFE_INTEGER)
      await claimed(bench, 'd')
    },
  ],
  [
    'unreserve: changes nothing for another, of a claim made since, or where there is none',
    async (bench) => {
      await bench.journal.unreserve(value, 'a', Number.MAX_SAFE_INTEGER)
      const first = await claimed(bench, 'a')
      await bench.journal.unreserve(value, 'b', Number.MAX_SAFE_INTEGER)
      await isTaken(bench, 'a', 'b')
      const second = await claimed(bench, 'a')
      await bench.journal.unreserve(value, 'a', first)
      await isTaken(bench, 'a', 'b')
      await bench.journal.unreserve(value, 'a', second - 1)
      await isTaken(bench, 'a', 'b')
      await bench.journal.unreserve(value, 'a', second)
      await claimed(bench, 'b')
    },
  ],
  [
    'reserve: journals of different prefixes have claims of their own',
    async (bench) => {
      await claimed(bench, 'a')
      const other = bench.journalOf('contract:2:')
      assert.equal((await other.reserve(value, 'b', { ttlMs: long })).outcome, 'held')
      await isTaken(bench, 'a', 'c')
    },
  ],
  [
    'reserve: claims are no entries, and no clear takes them',
    async (bench) => {
      await claimed(bench, 'a')
      await bench.cleared('contract:1:')
      await bench.counts(0, 0)
      await isTaken(bench, 'a', 'b')
    },
  ],
]
