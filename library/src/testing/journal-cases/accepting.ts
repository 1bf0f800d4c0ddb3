import assert from 'node:assert/strict'
import { content, key, long, short } from '../store-cases/bench.ts'
import { farAway, type JournalCase } from './bench.ts'

/** `enqueue`: what is accepted, under which version, within which limits. */
export const acceptingCases: readonly JournalCase[] = [
  [
    'enqueue: an accepted write is read at once, without a TTL',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short }))
      const version = await bench.accepted('"w"')
      await bench.expire()
      await bench.sees(`V${version} "w"*`)
      const { storedAt, softAt, hardAt, value, refreshUntil } = await bench.value()
      assert.ok(hardAt - storedAt > 365 * 86_400_000)
      assert.ok(softAt - storedAt > 365 * 86_400_000)
      assert.equal(refreshUntil, 0)
      assert.equal(value, 'w')
      assert.equal((await bench.store.getMany([key]))[0]?.kind, 'value')
    },
  ],
  [
    'enqueue: an accepted delete is read at once as known to be absent, without a TTL',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short }))
      const version = await bench.accepted(null)
      await bench.expire()
      await bench.sees(`N${version}*`)
      const entry = await bench.store.get(key)
      assert.ok(entry?.kind === 'negative' && entry.hardAt - entry.storedAt > 365 * 86_400_000)
    },
  ],
  [
    'enqueue: keeps the text untouched',
    async (bench) => {
      const text = `{ "a" : 1.0, "b": "é€\u{1F600}\\u0000 ${'x'.repeat(100_000)}" }`
      await bench.accepted(text)
      assert.equal((await bench.value()).json, text)
      assert.equal((await bench.dirty())[0]?.json, text)
    },
  ],
  [
    "enqueue: versions are microseconds of the store's clock",
    async (bench) => {
      const before = await bench.now()
      const version = await bench.accepted('"w"')
      const after = await bench.now()
      assert.ok(version >= before * 1000, `${version} is before ${before} ms`)
      assert.ok(version < (after + 1) * 1000, `${version} is after ${after} ms`)
    },
  ],
  [
    'enqueue: a version follows that of the value it replaces, even one from the future',
    async (bench) => {
      const future = 8_000_000_000_000_000
      await bench.filled(content(future, '"v"'))
      assert.equal(await bench.accepted('"w1"'), future + 1)
      assert.equal(await bench.accepted(null), future + 2)
      assert.equal(await bench.accepted('"w2"'), future + 3)
    },
  ],
  [
    'enqueue: a version follows that of an expired value',
    async (bench) => {
      const future = 8_000_000_000_000_000
      await bench.filled(content(future, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      assert.equal(await bench.accepted('"w"'), future + 1)
    },
  ],
  [
    'enqueue: a version follows that of a clean negative entry',
    async (bench) => {
      const future = 8_000_000_000_000_000
      await bench.filled(content(future, '"v"'))
      const version = await bench.accepted(null)
      await bench.flushed(version)
      await bench.sees(`N${version}`)
      assert.equal(await bench.accepted('"w"'), version + 1)
    },
  ],
  [
    'enqueue: a load in flight cannot fill',
    async (bench) => {
      await bench.lease('mine')
      const version = await bench.accepted('"w"')
      await bench.fillIsRefused('mine')
      await bench.sees(`V${version} "w"*`)
    },
  ],
  [
    'enqueue: after its deadline it changes nothing',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const deadlineAt = await bench.now()
      await bench.advance(short)
      assert.deepEqual(await bench.enqueue('"w"', { deadlineAt }), { outcome: 'expired' })
      await bench.sees('V5 "v"')
      assert.equal(await bench.dirtyKeys(), '')
    },
  ],
  [
    'enqueue: before its deadline it is accepted',
    async (bench) => {
      await bench.accepted('"w"', { deadlineAt: (await bench.now()) + long })
    },
  ],
  [
    'enqueue: past the limit of keys it is refused, and changes nothing',
    async (bench) => {
      const journal = bench.journalOf('contract:1:', { maxKeys: 2 })
      const write = { json: '1', precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      await journal.enqueue('contract:1:a', write)
      await journal.enqueue('contract:1:b', write)
      assert.deepEqual(await journal.enqueue(key, write), { outcome: 'full', limit: 'keys' })
      await bench.sees('absent')
      assert.equal((await journal.figures()).dirty, 2)
    },
  ],
  [
    'enqueue: dirty keys pass every limit',
    async (bench) => {
      await bench.accepted('1')
      const journal = bench.journalOf('contract:1:', { maxKeys: 1, maxBytes: 1 })
      const json = JSON.stringify('x'.repeat(10_000))
      const write = { json, precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      assert.equal((await journal.enqueue(key, write)).outcome, 'accepted')
    },
  ],
  [
    'enqueue: past the limit of bytes it is refused, and changes nothing',
    async (bench) => {
      const journal = bench.journalOf('contract:1:', { maxBytes: 20_000 })
      const json = JSON.stringify('x'.repeat(15_000))
      const write = { json, precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      assert.equal((await journal.enqueue('contract:1:a', write)).outcome, 'accepted')
      assert.deepEqual(await journal.enqueue(key, write), { outcome: 'full', limit: 'bytes' })
      await bench.sees('absent')
      assert.equal((await journal.enqueue(key, { ...write, json: '1' })).outcome, 'accepted')
    },
  ],
  [
    'enqueue: bytes are those of the last write of each key',
    async (bench) => {
      const journal = bench.journalOf('contract:1:', { maxBytes: 20_000 })
      const write = { precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      const large = { ...write, json: JSON.stringify('x'.repeat(25_000)) }
      await journal.enqueue('contract:1:a', { ...write, json: '1' })
      await journal.enqueue('contract:1:a', large)
      const full = await journal.enqueue(key, { ...write, json: '1' })
      assert.deepEqual(full, { outcome: 'full', limit: 'bytes' })
      await journal.enqueue('contract:1:a', { ...write, json: null })
      assert.equal((await journal.enqueue(key, { ...write, json: '1' })).outcome, 'accepted')
    },
  ],
  [
    'enqueue: what was flushed makes room',
    async (bench) => {
      const journal = bench.journalOf('contract:1:', { maxKeys: 1 })
      const version = await bench.accepted('1')
      const write = { json: '1', precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      assert.equal((await journal.enqueue('contract:1:a', write)).outcome, 'full')
      await bench.flushed(version)
      assert.equal((await journal.enqueue('contract:1:a', write)).outcome, 'accepted')
    },
  ],
  [
    'enqueue: a full journal still says what the precondition says',
    async (bench) => {
      await bench.accepted('1', {}, 'contract:1:a')
      const journal = bench.journalOf('contract:1:', { maxKeys: 1 })
      await bench.filled(content(5, '"v"'))
      const answer = await journal.enqueue(key, {
        json: '1',
        precondition: 'absent',
        delayMs: 0,
        deadlineAt: farAway,
      })
      assert.deepEqual(answer, { outcome: 'conflict', version: 5 })
    },
  ],
]
