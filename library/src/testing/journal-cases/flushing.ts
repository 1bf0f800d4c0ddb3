import assert from 'node:assert/strict'
import { key, long, short } from '../store-cases/bench.ts'
import { clean, type JournalCase } from './bench.ts'

/** `ack` and `restamp`: what was flushed, or met a newer row. */
export const flushingCases: readonly JournalCase[] = [
  [
    'ack: the flushed version becomes clean, and its TTL starts',
    async (bench) => {
      const version = await bench.accepted('"w"')
      await bench.expire()
      assert.equal(await bench.flushed(version, { ttlMs: short }), 1)
      await bench.sees(`V${version} "w"`)
      assert.deepEqual([...(await bench.dirty())], [])
      assert.equal(await bench.journal.nextDueAt(), undefined)
      const { bytes, oldestMs } = await bench.journal.figures()
      assert.deepEqual({ bytes, oldestMs }, { bytes: 0, oldestMs: 0 })
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'ack: a clean value expires when its TTL says so',
    async (bench) => {
      const version = await bench.accepted('"w"')
      await bench.flushed(version, { ttlMs: 50_000, softTtlMs: 40_000 })
      const ackedAt = await bench.now()
      const { hardAt, softAt } = await bench.value()
      assert.ok(Math.abs(hardAt - ackedAt - 50_000) < 1_000)
      assert.equal(hardAt - softAt, 10_000)
    },
  ],
  [
    'ack: a clean value is kept past its hard expiry for its grace',
    async (bench) => {
      const version = await bench.accepted('"w"')
      await bench.flushed(version, { ttlMs: short, softTtlMs: short, graceMs: long })
      await bench.expire()
      await bench.sees(`V${version} "w"`)
    },
  ],
  [
    'ack: a flushed delete becomes a clean negative entry with the negative TTL',
    async (bench) => {
      const version = await bench.accepted(null)
      assert.equal(await bench.flushed(version, { negativeTtlMs: short }), 1)
      await bench.sees(`N${version}`)
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'ack: without a lifetime the clean entry goes',
    async (bench) => {
      assert.equal(await bench.flushed(await bench.accepted(null), { negativeTtlMs: 0 }), 1)
      await bench.sees('absent')
      await bench.counts(0, 0)
    },
  ],
  [
    'ack: a newer write stays dirty, due when it is told, waiting since it was accepted',
    async (bench) => {
      const flushed = await bench.accepted('"w1"')
      await bench.advance(short)
      const version = await bench.accepted('"w2"')
      const { storedAt } = await bench.value()
      const dueAt = storedAt + 30_000
      assert.equal(await bench.flushed(flushed, { dueAt }), 0)
      await bench.sees(`V${version} "w2"*`)
      const [{ partition: _, ...entry } = {}] = await bench.dirty()
      assert.deepEqual(entry, { key, version, json: '"w2"', enqueuedAt: storedAt, dueAt })
      assert.equal(await bench.journal.nextDueAt(), dueAt)
    },
  ],
  [
    'ack: a newer write that stays takes its place in the order',
    async (bench) => {
      const flushed = await bench.accepted('"w1"', { delayMs: 1_000 }, 'contract:1:a')
      await bench.accepted('1', { delayMs: 20_000 }, 'contract:1:b')
      await bench.accepted('"w2"', {}, 'contract:1:a')
      assert.equal(await bench.dirtyKeys(), 'a b')
      const dueAt = (await bench.now()) + 40_000
      await bench.journal.ack([{ key: 'contract:1:a', version: flushed }], { ...clean, dueAt })
      assert.equal(await bench.dirtyKeys(), 'b a')
    },
  ],
  [
    'ack: counts what became clean among many',
    async (bench) => {
      const a = await bench.accepted('1', {}, 'contract:1:a')
      const b = await bench.accepted('1', {}, 'contract:1:b')
      await bench.accepted('2', {}, 'contract:1:b')
      const c = await bench.accepted(null, {}, 'contract:1:c')
      const flushed = [
        { key: 'contract:1:a', version: a },
        { key: 'contract:1:b', version: b },
        { key: 'contract:1:c', version: c },
        { key: 'contract:1:never', version: 1 },
      ]
      assert.equal((await bench.journal.ack(flushed, clean)).cleaned, 2)
      assert.equal(await bench.dirtyKeys(), 'b')
      await bench.counts(1, 0)
    },
  ],
  [
    'ack: sent again, it changes nothing',
    async (bench) => {
      const version = await bench.accepted('"w"')
      await bench.flushed(version)
      assert.equal(await bench.flushed(version, { ttlMs: 1 }), 0)
      await bench.advance(short)
      await bench.sees(`V${version} "w"`)
      const next = await bench.accepted('"w2"')
      assert.equal(await bench.flushed(version), 0)
      await bench.sees(`V${next} "w2"*`)
    },
  ],
  [
    'ack: of a version newer than what stands there, it changes nothing',
    async (bench) => {
      const version = await bench.accepted('"w"')
      const before = await bench.dirty()
      assert.equal(await bench.flushed(version + 1), 0)
      assert.deepEqual(await bench.dirty(), before)
      assert.equal(await bench.flushed(version), 1)
    },
  ],
  [
    'ack: a clean value is invalidated like any other',
    async (bench) => {
      await bench.flushed(await bench.accepted('"w"'))
      await bench.store.invalidate(key)
      await bench.sees('absent')
    },
  ],
  [
    'ack: a write after it starts a new gathering',
    async (bench) => {
      await bench.flushed(await bench.accepted('"w1"', { delayMs: 1 }))
      await bench.advance(short)
      const answer = await bench.enqueue('"w2"', { delayMs: 500 })
      assert.ok(answer.outcome === 'accepted' && !answer.coalesced && answer.existed)
      const { storedAt } = await bench.value()
      assert.equal(await bench.journal.nextDueAt(), storedAt + 500)
      await bench.counts(1, 0)
    },
  ],
  [
    "restamp: an unchanged entry is versioned above the database's, and stays dirty as it was",
    async (bench) => {
      const mine = await bench.accepted('"w"')
      const [before] = await bench.dirty()
      const theirs = mine + 1_000
      assert.equal(await bench.journal.restamp(key, mine, theirs), true)
      const [after] = await bench.dirty()
      assert.ok(after !== undefined && after.version > theirs)
      assert.deepEqual({ ...after, version: mine }, before)
      await bench.sees(`V${after.version} "w"*`)
      assert.equal(await bench.flushed(mine), 0)
      assert.equal(await bench.flushed(after.version), 1)
    },
  ],
  [
    'restamp: a delete stays a delete',
    async (bench) => {
      const mine = await bench.accepted(null)
      assert.equal(await bench.journal.restamp(key, mine, mine + 5), true)
      const [after] = await bench.dirty()
      assert.ok(after !== undefined && after.version > mine + 5 && after.json === null)
      await bench.sees(`N${after.version}*`)
    },
  ],
  [
    "restamp: the database's next version is never reached by mine",
    async (bench) => {
      const mine = await bench.accepted('"w"')
      assert.equal(await bench.journal.restamp(key, mine, mine), true)
      await bench.sees(`V${mine + 1} "w"*`)
      assert.equal(await bench.journal.restamp(key, mine + 1, mine - 5), true)
      await bench.sees(`V${mine + 1} "w"*`)
    },
  ],
  [
    'restamp: leaves a newer write, a clean entry and an absent key',
    async (bench) => {
      assert.equal(await bench.journal.restamp(key, 1, 2), false)
      await bench.sees('absent')
      const old = await bench.accepted('"w1"')
      const version = await bench.accepted('"w2"')
      assert.equal(await bench.journal.restamp(key, old, version + 9), false)
      await bench.sees(`V${version} "w2"*`)
      await bench.flushed(version)
      assert.equal(await bench.journal.restamp(key, version, version + 9), false)
      await bench.sees(`V${version} "w2"`)
    },
  ],
]
