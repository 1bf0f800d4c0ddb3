import assert from 'node:assert/strict'
import { content, key, short } from '../store-cases/bench.ts'
import { assertAge, clean, farAway, type JournalCase, letterOf } from './bench.ts'

const empty = { dirty: 0, bytes: 0, oldestMs: 0, deadLetters: 0 }

/** `claim`, `nextDueAt`, `figures`: what is due, in order. */
export const claimingCases: readonly JournalCase[] = [
  [
    'claim: nothing is dirty in an empty journal',
    async (bench) => {
      await bench.filled(content(5, '"clean"'))
      assert.deepEqual([...(await bench.dirty())], [])
      assert.equal(await bench.journal.nextDueAt(), undefined)
      assert.deepEqual(await bench.journal.figures(), empty)
    },
  ],
  [
    'claim: a dirty entry has its key, version, text and instants',
    async (bench) => {
      const version = await bench.accepted('{"a":1}', { delayMs: 700 })
      const [entry] = await bench.dirty()
      const { storedAt } = await bench.value()
      const expected = {
        key,
        partition: entry?.partition,
        version,
        json: '{"a":1}',
        enqueuedAt: storedAt,
        dueAt: storedAt + 700,
      }
      assert.deepEqual(entry, expected)
      assert.equal(await bench.journal.nextDueAt(), storedAt + 700)
    },
  ],
  [
    'claim: a delete has no text',
    async (bench) => {
      await bench.accepted('"w"')
      await bench.accepted(null)
      assert.equal((await bench.dirty())[0]?.json, null)
    },
  ],
  [
    'claim: writes of one key coalesce: the last text, the first instants',
    async (bench) => {
      await bench.accepted('"w1"', { delayMs: 700 })
      const [first] = await bench.dirty()
      await bench.advance(short)
      await bench.accepted('"w2"', { delayMs: 5_000 })
      const version = await bench.accepted('"w3"', { delayMs: 0 })
      assert.deepEqual(await bench.dirty(), [{ ...first, version, json: '"w3"' }])
      assert.equal(await bench.journal.nextDueAt(), first?.dueAt)
      await bench.counts(1, 0)
    },
  ],
  [
    'claim: the earliest due comes first, whatever the order of the writes',
    async (bench) => {
      const delays = { c: 3_000, a: 1_000, e: 5_000, b: 2_000, d: 4_000 }
      for (const [name, delayMs] of Object.entries(delays)) {
        await bench.accepted('1', { delayMs }, `contract:1:${name}`)
      }
      assert.equal(await bench.dirtyKeys(), 'a b c d e')
      assert.equal(await bench.dirtyKeys(2), 'a b')
      const claimed = await bench.dirty()
      assert.equal(await bench.journal.nextDueAt(), claimed[0]?.dueAt)
      assert.equal(await bench.dirtyKeys(9, claimed[2]?.dueAt), 'a b c')
      assert.equal(await bench.dirtyKeys(9, (claimed[0]?.dueAt ?? 0) - 1), '')
    },
  ],
  [
    'claim: reads only',
    async (bench) => {
      await bench.accepted('1', {}, 'contract:1:a')
      await bench.accepted('2', { delayMs: 2_000 }, 'contract:1:b')
      assert.deepEqual(await bench.dirty(), await bench.dirty())
      assert.equal(await bench.dirtyKeys(), 'a b')
    },
  ],
  [
    'claim: keeps its order while entries come and go',
    async (bench) => {
      const names = Array.from({ length: 200 }, (_, i) => String(i).padStart(3, '0'))
      const versions = new Map<string, number>()
      for (const [i, name] of names.entries()) {
        // 7 and 200 have no common divisor: every due time once, in a scattered order
        const delayMs = 10_000 + ((i * 7) % 200) * 1_000
        versions.set(name, await bench.accepted('1', { delayMs }, `contract:1:${name}`))
      }
      const inOrder = (await bench.dirtyKeys()).split(' ')
      const done = inOrder.filter((_, i) => i % 3 !== 1)
      await bench.journal.ack(
        done.map((name) => ({ key: `contract:1:${name}`, version: versions.get(name) ?? 0 })),
        clean,
      )
      const left = inOrder.filter((_, i) => i % 3 === 1)
      assert.equal(await bench.dirtyKeys(), left.join(' '))
      assert.equal(await bench.dirtyKeys(5), left.slice(0, 5).join(' '))
      assert.equal(inOrder.length, 200)
    },
  ],
  [
    'claim: one small claim after the other empties the journal, the oldest first',
    async (bench) => {
      const names = Array.from({ length: 120 }, (_, i) => String(i).padStart(3, '0'))
      for (const [i, name] of names.entries()) {
        // 7 and 120 have no common divisor
        const delayMs = 10_000 + ((i * 7) % 120) * 1_000
        await bench.accepted('1', { delayMs }, `contract:1:${name}`)
      }
      const inOrder = (await bench.dirty()).map((entry) => entry.dueAt)
      const claimed: number[] = []
      let batch = await bench.dirty(7)
      while (batch.length > 0) {
        assert.ok(batch.length <= 7)
        claimed.push(...batch.map((entry) => entry.dueAt))
        await bench.journal.ack(batch, clean)
        batch = await bench.dirty(7)
      }
      assert.equal(claimed.length, 120)
      assert.deepEqual(claimed, inOrder)
      assert.deepEqual(
        claimed,
        claimed.toSorted((a, b) => a - b),
      )
    },
  ],
  [
    'claim: leaves out what is under way, and gives as many of the others',
    async (bench) => {
      const names = Array.from({ length: 60 }, (_, i) => String(i).padStart(3, '0'))
      for (const [i, name] of names.entries()) {
        await bench.accepted('1', { delayMs: 10_000 + i * 1_000 }, `contract:1:${name}`)
      }
      const partitions = bench.all
      const first = await bench.claimed(20, farAway, { partitions })
      const except = new Set(first.map((entry) => entry.key))
      const second = await bench.claimed(20, farAway, { partitions, except })
      const named = (entries: readonly { readonly key: string }[]) =>
        entries.map((entry) => entry.key.slice('contract:1:'.length))
      assert.deepEqual([...named(first), ...named(second)], names.slice(0, 40))
    },
  ],
  [
    'claim: gives all that is asked for, also where one partition holds it all',
    async (bench) => {
      const journal = bench.journalOf('contract:9:', { maxKeys: 100_000 })
      const write = { json: '1', precondition: 'any', delayMs: 0, deadlineAt: farAway } as const
      for (let i = 0; i < 1_500; i += 1) await journal.enqueue(`contract:9:n${i}`, write)
      const partitions = bench.all
      const all = await journal.read(await journal.claim(2_000, farAway, { partitions }))
      assert.equal(all.length, 1_500)
      const others = all.filter(({ partition }) => partition !== all[0]?.partition)
      await journal.ack(others, clean)
      const left = all.length - others.length
      assert.equal((await journal.claim(left + 1, farAway, { partitions })).length, left)
    },
  ],
  [
    'claim: from an instant on, gives out nothing that is due before it',
    async (bench) => {
      const names = Array.from({ length: 30 }, (_, i) => String(i).padStart(3, '0'))
      for (const [i, name] of names.entries()) {
        await bench.accepted('1', { delayMs: 10_000 + i * 1_000 }, `contract:1:${name}`)
      }
      const partitions = bench.all
      const [first] = (await bench.claimed(10, farAway, { partitions })).slice(-1)
      const scope = { partitions, dueFrom: first?.dueAt ?? 0 }
      const named = (entries: readonly { readonly key: string }[]) =>
        entries.map((entry) => entry.key.slice('contract:1:'.length))
      const from = named(await bench.claimed(10, farAway, scope))
      assert.deepEqual(from, names.slice(9, 19))
      const except = new Set(['contract:1:009'])
      const behind = named(await bench.claimed(10, farAway, { ...scope, except }))
      assert.deepEqual(behind, names.slice(10, 20))
    },
  ],
  [
    'claim: keys and texts beyond ASCII come back as they were',
    async (bench) => {
      const which = 'contract:1:é€\u{1F600}'
      const version = await bench.accepted('"é€"', {}, which)
      const [entry] = await bench.dirty()
      assert.deepEqual([entry?.key, entry?.json], [which, '"é€"'])
      assert.equal((await bench.journal.ack([{ key: which, version }], clean)).cleaned, 1)
      await bench.sees(`V${version} "é€"`, which)
      assert.deepEqual(await bench.journal.figures(), empty)
      const letter = letterOf(await bench.accepted('"ß"', {}, which), '"ß"', which)
      assert.equal(await bench.journal.quarantine(letter), 'parked')
      assert.deepEqual([...(await bench.journal.deadLetters())], [letter])
    },
  ],
  [
    'claim: after a release it is given out again',
    async (bench) => {
      await bench.journal.release()
      await bench.accepted('1')
      const before = await bench.dirty()
      await bench.journal.release()
      assert.deepEqual(await bench.dirty(), before)
    },
  ],
  [
    'figures: count keys and bytes, and the age of the oldest unflushed write',
    async (bench) => {
      const a = await bench.accepted(JSON.stringify('x'.repeat(1_000)), { delayMs: 9_000 })
      await bench.advance(short)
      const newerFrom = performance.now()
      await bench.accepted('1', { delayMs: 1 }, 'contract:1:b')
      const both = await bench.journal.figures()
      assert.equal(both.dirty, 2)
      assertAge(both.oldestMs, { atLeast: short })
      await bench.flushed(a)
      const one = await bench.journal.figures()
      assert.equal(one.dirty, 1)
      assertAge(one.oldestMs, { atMost: performance.now() - newerFrom })
      assert.ok(one.bytes > 0 && both.bytes >= one.bytes + 1_000)
    },
  ],
  [
    'nextDueAt: is that of the earliest, as entries come and go',
    async (bench) => {
      const late = await bench.accepted('1', { delayMs: 9_000 })
      const early = await bench.accepted('1', { delayMs: 3_000 }, 'contract:1:early')
      const [first, second] = await bench.dirty()
      assert.equal(await bench.journal.nextDueAt(), first?.dueAt)
      await bench.journal.ack([{ key: 'contract:1:early', version: early }], clean)
      assert.equal(await bench.journal.nextDueAt(), second?.dueAt)
      await bench.journal.quarantine(letterOf(late))
      assert.equal(await bench.journal.nextDueAt(), undefined)
      assert.ok((second?.dueAt ?? farAway) < farAway)
    },
  ],
]
