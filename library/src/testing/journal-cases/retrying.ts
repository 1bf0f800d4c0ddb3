import assert from 'node:assert/strict'
import type { RetryRequest, StoredDeadLetter } from '../../contract/journal.ts'
import { content, key, short } from '../store-cases/bench.ts'
import { farAway, type JournalBench, type JournalCase, letterOf } from './bench.ts'

const other = 'contract:1:other'

/** The letter of a refused write. */
async function parked(
  bench: JournalBench,
  json: string | null = '"refused"',
): Promise<StoredDeadLetter> {
  const letter = letterOf(await bench.accepted(json), json)
  assert.equal(await bench.journal.quarantine(letter), 'parked')
  // what comes next has a later version, and so a name of its own
  await bench.advance(1)
  return letter
}

async function retry(bench: JournalBench, request: Partial<RetryRequest>) {
  const common = { json: '"again"', delayMs: 1_000, deadlineAt: farAway, version: 0 }
  return bench.journal.retry(key, { ...common, ...request })
}

/** `retry`, `discard`, and what a letter says of itself. */
export const retryingCases: readonly JournalCase[] = [
  [
    'deadLetter: is the letter of one key',
    async (bench) => {
      assert.equal(await bench.journal.deadLetter(key), undefined)
      const letter = await parked(bench, null)
      assert.deepEqual(await bench.journal.deadLetter(key), letter)
      assert.equal(await bench.journal.deadLetter(other), undefined)
    },
  ],
  [
    'deadLetter: names the last write that superseded it, and forgets none of itself',
    async (bench) => {
      const letter = await parked(bench)
      await bench.accepted('1')
      const supersededBy = await bench.accepted(null)
      assert.deepEqual(await bench.journal.deadLetter(key), { ...letter, supersededBy })
      assert.deepEqual([...(await bench.journal.deadLetters())], [{ ...letter, supersededBy }])
      await bench.flushed(supersededBy)
      assert.deepEqual(await bench.journal.deadLetter(key), { ...letter, supersededBy })
    },
  ],
  [
    'retry: makes the key dirty with a version above its own, and the letter goes',
    async (bench) => {
      const { version, json } = await parked(bench)
      const answer = await retry(bench, { version, json })
      assert.ok(answer.outcome === 'accepted' && answer.version > version && !answer.coalesced)
      await bench.sees(`V${answer.version} "refused"*`)
      await bench.counts(1, 0)
      assert.equal(await bench.journal.deadLetter(key), undefined)
      const [entry] = await bench.dirty()
      const { storedAt } = await bench.value()
      assert.deepEqual(
        [entry?.version, entry?.json, entry?.enqueuedAt, entry?.dueAt],
        [answer.version, json, storedAt, storedAt + 1_000],
      )
      assert.equal(await bench.journal.progress(key, answer.version), 'waiting')
      assert.equal(await bench.flushed(answer.version), 1)
    },
  ],
  [
    'retry: has a version above the letter, also when that is from the future',
    async (bench) => {
      await bench.filled(content(8_000_000_000_000_000, '"v"'))
      const { version } = await parked(bench)
      const answer = await retry(bench, { version })
      assert.ok(answer.outcome === 'accepted' && answer.version > version)
    },
  ],
  [
    'retry: writes another value in its place, urgent or not',
    async (bench) => {
      const { version } = await parked(bench)
      const answer = await retry(bench, { version, json: '"edited"', isUrgent: true })
      assert.ok(answer.outcome === 'accepted')
      await bench.sees(`V${answer.version} "edited"*`)
      assert.equal(await bench.journal.nextDueAt(), (await bench.value()).storedAt)
    },
  ],
  [
    'retry: of a delete deletes',
    async (bench) => {
      const { version } = await parked(bench, null)
      const answer = await retry(bench, { version, json: null })
      assert.ok(answer.outcome === 'accepted')
      await bench.sees(`N${answer.version}*`)
    },
  ],
  [
    'retry: of a row that was read since needs no more than the letter',
    async (bench) => {
      const { version } = await parked(bench)
      await bench.filled(content(5, '"truth"'))
      const answer = await retry(bench, { version })
      assert.ok(answer.outcome === 'accepted' && answer.existed && answer.version > version)
      await bench.sees(`V${answer.version} "again"*`)
    },
  ],
  [
    'retry: without a letter of this version there is none, and nothing changes',
    async (bench) => {
      assert.deepEqual(await retry(bench, { version: 1 }), { outcome: 'none' })
      const { version } = await parked(bench)
      for (const wrong of [version - 1, version + 1, Math.floor(version / 10), version * 10]) {
        assert.deepEqual(await retry(bench, { version: wrong }), { outcome: 'none' })
      }
      await bench.sees('absent')
      await bench.counts(0, 1)
      assert.equal((await retry(bench, { version })).outcome, 'accepted')
      assert.deepEqual(await retry(bench, { version }), { outcome: 'none' })
    },
  ],
  [
    'retry: of a letter that a newer write superseded changes nothing, flushed or not',
    async (bench) => {
      const { version } = await parked(bench)
      const newer = await bench.accepted('"newer"')
      const superseded = { outcome: 'superseded', version: newer }
      assert.deepEqual(await retry(bench, { version }), superseded)
      await bench.sees(`V${newer} "newer"*`)
      await bench.flushed(newer)
      await bench.store.invalidate(key)
      assert.deepEqual(await retry(bench, { version }), superseded)
      await bench.sees('absent')
      await bench.counts(0, 1)
    },
  ],
  [
    'retry: a letter that took the place of a superseded one is not superseded',
    async (bench) => {
      await parked(bench)
      const { version } = await parked(bench)
      assert.equal((await retry(bench, { version })).outcome, 'accepted')
      await bench.counts(1, 0)
    },
  ],
  [
    'retry: after its deadline it changes nothing',
    async (bench) => {
      const { version } = await parked(bench)
      const deadlineAt = await bench.now()
      await bench.advance(short)
      assert.deepEqual(await retry(bench, { version, deadlineAt }), { outcome: 'expired' })
      await bench.sees('absent')
      await bench.counts(0, 1)
    },
  ],
  [
    'retry: where the journal is full the letter stays',
    async (bench) => {
      const { version, json } = await parked(bench)
      await bench.accepted('1', {}, other)
      const request = { version, json, delayMs: 0, deadlineAt: farAway }
      const journal = bench.journalOf('contract:1:', { maxKeys: 1 })
      assert.deepEqual(await journal.retry(key, request), { outcome: 'full', limit: 'keys' })
      await bench.sees('absent')
      await bench.counts(1, 1)
    },
  ],
  [
    'discard: forgets a letter of this version, and no other',
    async (bench) => {
      assert.equal(await bench.journal.discard(key, 1), false)
      const { version } = await parked(bench)
      assert.equal(await bench.journal.discard(key, version + 1), false)
      assert.equal(await bench.journal.discard(other, version), false)
      await bench.counts(0, 1)
      assert.equal(await bench.journal.discard(key, version), true)
      assert.equal(await bench.journal.discard(key, version), false)
      assert.equal(await bench.journal.deadLetter(key), undefined)
      await bench.counts(0, 0)
    },
  ],
  [
    'discard: of a superseded letter leaves the newer write',
    async (bench) => {
      const { version } = await parked(bench)
      const newer = await bench.accepted('"newer"')
      assert.equal(await bench.journal.discard(key, version), true)
      await bench.sees(`V${newer} "newer"*`)
      await bench.counts(1, 0)
      const again = letterOf(newer)
      await bench.journal.quarantine(again)
      assert.deepEqual(await bench.journal.deadLetter(key), again)
    },
  ],
]
