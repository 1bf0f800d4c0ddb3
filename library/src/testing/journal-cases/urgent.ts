import assert from 'node:assert/strict'
import type { EnqueueRequest } from '../../contract/journal.ts'
import { key, short } from '../store-cases/bench.ts'
import { farAway, type JournalBench, type JournalCase } from './bench.ts'

const other = 'contract:1:other'
const delayMs = 60_000

/** When the key is due. */
async function dueAt(bench: JournalBench, which: string = key): Promise<number | undefined> {
  return (await bench.dirty()).find((entry) => entry.key === which)?.dueAt
}

/** Accepted until the journal says that it is full: how many, and its answer. */
async function fill(bench: JournalBench, write: Partial<EnqueueRequest>, limits: object) {
  const journal = bench.journalOf('contract:1:', limits)
  const request = { json: '1', precondition: 'any', delayMs, deadlineAt: farAway } as const
  for (let count = 0; ; count += 1) {
    const answer = await journal.enqueue(`contract:1:more${count}`, { ...request, ...write })
    if (answer.outcome !== 'accepted' || count > 200) return { count, answer }
  }
}

/** Writes that somebody waits for: `isUrgent`, `hurry`, `mayExceed`. */
export const urgentCases: readonly JournalCase[] = [
  [
    'enqueue: an urgent write is due at once',
    async (bench) => {
      await bench.accepted('1', { delayMs, isUrgent: true })
      const { storedAt } = await bench.value()
      assert.equal(await dueAt(bench), storedAt)
      assert.equal(await bench.journal.nextDueAt(), storedAt)
    },
  ],
  [
    'enqueue: an urgent write makes due what it coalesces with, which waits since it was accepted',
    async (bench) => {
      await bench.accepted('1', { delayMs })
      await bench.accepted('1', { delayMs: delayMs / 2 }, other)
      const [before] = (await bench.dirty()).filter((entry) => entry.key === key)
      await bench.advance(short)
      await bench.accepted('2', { delayMs, isUrgent: true })
      const { storedAt } = await bench.value()
      const [after, second] = await bench.dirty()
      assert.deepEqual([after?.key, second?.key], [key, other])
      assert.equal(after?.dueAt, storedAt)
      assert.equal(after?.enqueuedAt, before?.enqueuedAt)
    },
  ],
  [
    'enqueue: neither an urgent nor a later write puts off what is due',
    async (bench) => {
      await bench.accepted('1', { delayMs: 0 })
      const first = await dueAt(bench)
      await bench.advance(short)
      await bench.accepted('2', { delayMs, isUrgent: true })
      assert.equal(await dueAt(bench), first)
      await bench.accepted('3', { delayMs })
      assert.equal(await dueAt(bench), first)
    },
  ],
  [
    'hurry: of one key makes it due, and no other',
    async (bench) => {
      await bench.accepted('1', { delayMs })
      await bench.accepted('1', { delayMs: delayMs / 2 }, other)
      const others = await dueAt(bench, other)
      await bench.journal.hurry(key)
      const now = await bench.now()
      assert.equal(await bench.dirtyKeys(9, now), 'k')
      assert.ok(((await dueAt(bench)) ?? farAway) <= now)
      assert.equal(await dueAt(bench, other), others)
    },
  ],
  [
    'hurry: puts nothing off, and makes nothing dirty',
    async (bench) => {
      await bench.journal.hurry(key)
      await bench.counts(0, 0)
      await bench.accepted('1', { delayMs: 0 })
      const before = await bench.dirty()
      await bench.advance(short)
      await bench.journal.hurry(key)
      assert.deepEqual(await bench.dirty(), before)
    },
  ],
  [
    'hurry: of everything makes due and takes what is dirty, whatever its delay',
    async (bench) => {
      for (const name of ['a', 'b', 'c', 'd']) {
        await bench.accepted('1', { delayMs }, `contract:1:${name}`)
      }
      const before = await bench.now()
      assert.equal(await bench.dirtyKeys(9, before), '')
      await bench.journal.hurry()
      const now = await bench.now()
      assert.deepEqual((await bench.dirtyKeys(9, now)).split(' ').sort(), ['a', 'b', 'c', 'd'])
      assert.ok((await bench.journal.own(now)).held.length > 0)
    },
  ],
  [
    'hurry: of an empty journal leaves what comes later its delay',
    async (bench) => {
      await bench.journal.hurry()
      await bench.accepted('1', { delayMs })
      assert.equal(await bench.dirtyKeys(9, await bench.now()), '')
    },
  ],
  [
    'enqueue: a write that may exceed the limit of keys is let in, within bounds',
    async (bench) => {
      await bench.accepted('1')
      assert.equal((await fill(bench, {}, { maxKeys: 1 })).count, 0)
      const { count, answer } = await fill(bench, { mayExceed: true }, { maxKeys: 1 })
      assert.ok(count > 0 && count < 100, `${count}`)
      assert.deepEqual(answer, { outcome: 'full', limit: 'keys' })
      await bench.counts(1 + count, 0)
    },
  ],
  [
    'enqueue: a write that may exceed the limit of bytes is let in, within bounds',
    async (bench) => {
      const json = JSON.stringify('x'.repeat(100_000))
      const limits = { maxBytes: 1_000 }
      assert.equal((await fill(bench, { json }, limits)).count, 0)
      const { count, answer } = await fill(bench, { json, mayExceed: true }, limits)
      assert.ok(count > 0 && count < 100, `${count}`)
      assert.deepEqual(answer, { outcome: 'full', limit: 'bytes' })
      await bench.counts(count, 0)
    },
  ],
]
