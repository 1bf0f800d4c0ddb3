import assert from 'node:assert/strict'
import type { Version } from '../../contract/entry.ts'
import { key, short } from '../store-cases/bench.ts'
import { assertAge, clean, type JournalBench, type JournalCase, letterOf } from './bench.ts'

const other = 'contract:1:other'
const text = (length: number) => JSON.stringify('x'.repeat(length))

async function bytes(bench: JournalBench): Promise<number> {
  return (await bench.journal.figures()).bytes
}

/** What a text adds to an empty journal, or to the other key's. */
async function costOf(bench: JournalBench, json: string | null, which: string): Promise<number> {
  const before = await bytes(bench)
  const version = await bench.accepted(json, {}, which)
  const cost = (await bytes(bench)) - before
  await bench.journal.ack([{ key: which, version }], clean)
  assert.equal(await bytes(bench), before)
  return cost
}

/** `figures`: exact, whatever becomes of the writes. */
export const figuresCases: readonly JournalCase[] = [
  [
    'figures: bytes are the sum of what each dirty key costs',
    async (bench) => {
      const mine = await costOf(bench, text(700), key)
      assert.ok(mine > 700)
      const a = await bench.accepted(text(700))
      const others = await costOf(bench, text(50), other)
      const b = await bench.accepted(text(50), {}, other)
      assert.equal(await bytes(bench), mine + others)
      await bench.flushed(a)
      assert.equal(await bytes(bench), others)
      await bench.accepted(text(700))
      await bench.journal.quarantine(letterOf(b, text(50), other))
      assert.equal(await bytes(bench), mine)
    },
  ],
  [
    'figures: a key costs what its last write costs, larger or smaller',
    async (bench) => {
      const large = await costOf(bench, text(9_000), key)
      const small = await costOf(bench, text(3), key)
      const none = await costOf(bench, null, key)
      await bench.accepted(text(3))
      await bench.accepted(text(9_000))
      assert.equal(await bytes(bench), large)
      await bench.accepted(null)
      assert.equal(await bytes(bench), none)
      const version = await bench.accepted(text(3))
      assert.equal(await bytes(bench), small)
      await bench.journal.restamp(key, version, version + 5)
      assert.equal(await bytes(bench), small)
      await bench.flushed(version + 6)
      assert.equal(await bytes(bench), 0)
    },
  ],
  [
    'figures: an ack of an older version, and a write that was parked before, cost nothing',
    async (bench) => {
      const cost = await costOf(bench, text(700), key)
      const parked = await bench.accepted(text(50), {}, other)
      await bench.journal.quarantine(letterOf(parked, text(50), other))
      const flushed = await bench.accepted('1')
      await bench.accepted(text(700))
      await bench.flushed(flushed)
      await bench.journal.quarantine(letterOf(parked, text(50), other))
      await bench.journal.quarantine(letterOf(flushed, '1'))
      assert.equal(await bytes(bench), cost)
      await bench.counts(1, 1)
    },
  ],
  [
    'figures: a newer write that stays waits since its own acceptance',
    async (bench) => {
      const flushed = await bench.accepted('"w1"')
      await bench.advance(short)
      const newerFrom = performance.now()
      await bench.accepted('"w2"')
      const waited = await bench.journal.figures()
      assertAge(waited.oldestMs, { atLeast: short })
      await bench.flushed(flushed)
      const { oldestMs } = await bench.journal.figures()
      assertAge(oldestMs, { atMost: performance.now() - newerFrom })
    },
  ],
  [
    'figures: what was parked waits no longer',
    async (bench) => {
      const version = await bench.accepted('"refused"')
      await bench.advance(short)
      const newerFrom = performance.now()
      await bench.accepted('1', {}, other)
      await bench.journal.quarantine(letterOf(version))
      const { dirty, oldestMs } = await bench.journal.figures()
      assert.equal(dirty, 1)
      assertAge(oldestMs, { atMost: performance.now() - newerFrom })
    },
  ],
  ...ageCases(),
]

/** How a key becomes dirty; its version. */
type Way = (bench: JournalBench, which: string) => Promise<Version>

/** However a key came to be due when it is, it is as old as its first unflushed write. */
function ageCases(): JournalCase[] {
  const delayMs = 60_000
  const ways: Record<string, Way> = {
    'an ordinary write': (bench, which) => bench.accepted('1', { delayMs }, which),
    'a write of a shorter delay': (bench, which) => bench.accepted('1', { delayMs: 5 }, which),
    'a write of a longer delay': (bench, which) =>
      bench.accepted('1', { delayMs: 9 * delayMs }, which),
    'an urgent write': (bench, which) => bench.accepted('1', { delayMs, isUrgent: true }, which),
    'a write that an urgent one joined': async (bench, which) => {
      await bench.accepted('1', { delayMs }, which)
      return await bench.accepted('2', { delayMs, isUrgent: true }, which)
    },
    'a write that somebody hurries': async (bench, which) => {
      const version = await bench.accepted('1', { delayMs }, which)
      await bench.journal.hurry(which)
      return version
    },
    'a write that overtook a flush': async (bench, which) => {
      const flushed = await bench.accepted('1', { delayMs }, which)
      const version = await bench.accepted('2', { delayMs }, which)
      const dueAt = (await bench.now()) + 2 * delayMs
      await bench.journal.ack([{ key: which, version: flushed }], { ...clean, dueAt })
      return version
    },
  }
  const all = Object.entries(ways)
  const newest = all.filter(([way]) => way === 'an ordinary write' || way === 'an urgent write')
  return all.flatMap(([older, first]) =>
    newest.map(([newer, second]): JournalCase => {
      const title = `figures: ${older} is as old as it is before ${newer}, and that when it is alone`
      return [title, (bench) => olderThenNewer(bench, first, second)]
    }),
  )
}

async function olderThenNewer(bench: JournalBench, first: Way, second: Way): Promise<void> {
  await bench.accepted('1', { delayMs: 60_000 }, 'contract:1:usual')
  const usual = (await bench.dirty())[0]?.version ?? 0
  const from = performance.now()
  const version = await first(bench, key)
  await bench.journal.ack([{ key: 'contract:1:usual', version: usual }], clean)
  await bench.advance(short)
  const newerFrom = performance.now()
  await second(bench, other)
  const both = await bench.journal.figures()
  assertAge(both.oldestMs, { atLeast: short, atMost: short + performance.now() - from })
  await bench.journal.ack([{ key, version }], clean)
  const one = await bench.journal.figures()
  assert.equal(one.dirty, 1)
  assertAge(one.oldestMs, { atMost: performance.now() - newerFrom })
}
