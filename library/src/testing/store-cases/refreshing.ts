import assert from 'node:assert/strict'
import type { EntryStamp } from '../../contract/entry.ts'
import { content, key, long, type StoreBench, type StoreCase, short } from './bench.ts'
import { claims } from './claiming.ts'

/** From the entry that stands, unless `stamp` is of another. */
async function refreshes(
  bench: StoreBench,
  refresh: {
    readonly from: number
    readonly stamp?: EntryStamp
    readonly stored: ReturnType<typeof content>
  },
  expected: { readonly answer: string; readonly leaves: string },
): Promise<void> {
  const state = await bench.store.get(key)
  const { storedAt, hardAt } = refresh.stamp ?? (state?.kind === 'value' ? state : nowhere)
  const startedFrom = { version: refresh.from, storedAt, hardAt }
  assert.equal(await bench.store.refresh(key, startedFrom, refresh.stored), expected.answer)
  await bench.sees(expected.leaves)
}

const nowhere = { storedAt: 0, hardAt: 0 }

/** `refresh`: what becomes of a value that was reloaded. */
export const refreshingCases: readonly StoreCase[] = [
  [
    'refresh: is refused on an absent key',
    (bench) =>
      refreshes(
        bench,
        { from: 5, stored: content(6, '"r"') },
        { answer: 'refused', leaves: 'absent' },
      ),
  ],
  [
    'refresh: is refused on a negative entry, which may be a newer delete',
    async (bench) => {
      const refused = { answer: 'refused', leaves: 'N0' }
      await bench.filled(content(0, null))
      await refreshes(bench, { from: 5, stored: content(6, '"r"') }, refused)
      await refreshes(bench, { from: 0, stored: content(0, '"r"') }, refused)
      await refreshes(bench, { from: 0, stored: content(0, null) }, refused)
    },
  ],
  [
    'refresh: is refused on a lease, which stays',
    async (bench) => {
      await bench.lease('mine')
      const refused = { answer: 'refused', leaves: 'L' }
      await refreshes(bench, { from: 5, stored: content(6, '"r"') }, refused)
      await refreshes(bench, { from: 0, stored: content(0, null) }, refused)
      await bench.fillIsStored('mine')
    },
  ],
  [
    'refresh: is refused under marks, which stay',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      const refused = { answer: 'refused', leaves: 'P' }
      await refreshes(bench, { from: 5, stored: content(6, '"r"') }, refused)
      await refreshes(bench, { from: 0, stored: content(0, null) }, refused)
      await bench.ends('w', content(5, '"w"'), { result: 'published', leaves: 'V5 "w"' })
    },
  ],
  [
    'refresh: a newer version replaces the value, and ends the claim',
    async (bench) => {
      await bench.filled(content(5, '"v"', { softTtlMs: short }))
      const { softAt } = await bench.value()
      await claims(bench, softAt)
      const stored = content(6, '"r"', { ttlMs: 50_000, softTtlMs: 40_000, deltaMs: 9 })
      await refreshes(bench, { from: 5, stored }, { answer: 'replaced', leaves: 'V6 "r"' })
      const entry = await bench.value()
      assert.equal(entry.softAt - entry.storedAt, 40_000)
      assert.equal(entry.hardAt - entry.storedAt, 50_000)
      assert.equal(entry.deltaMs, 9)
      assert.equal(entry.refreshUntil, 0)
      assert.equal(await claims(bench, softAt), false)
      assert.equal(await claims(bench, entry.softAt), true)
    },
  ],
  [
    'refresh: a newer version replaces the value whatever it started from',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const replaced = { answer: 'replaced', leaves: 'V6 "r"' }
      await refreshes(bench, { from: 3, stored: content(6, '"r"') }, replaced)
    },
  ],
  [
    'refresh: the same version extends the value, and ends the claim',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: 2 * short, softTtlMs: short }))
      await claims(bench, (await bench.value()).softAt)
      const stored = content(5, '"same row"', { ttlMs: 50_000, softTtlMs: 40_000, deltaMs: 9 })
      await refreshes(bench, { from: 5, stored }, { answer: 'extended', leaves: 'V5 "v"' })
      const entry = await bench.value()
      assert.equal(entry.softAt - entry.storedAt, 40_000)
      assert.equal(entry.hardAt - entry.storedAt, 50_000)
      assert.equal(entry.deltaMs, 9)
      assert.equal(entry.refreshUntil, 0)
      await bench.expire()
      await bench.expire()
      await bench.sees('V5 "v"')
    },
  ],
  [
    'refresh: an extended value has the grace of the refresh',
    async (bench) => {
      await bench.filled(content(5, '"v"', { graceMs: long }))
      const stored = content(5, '"v"', { ttlMs: short })
      await refreshes(bench, { from: 5, stored }, { answer: 'extended', leaves: 'V5 "v"' })
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'refresh: an older version is refused, even to the one who claimed',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const refused = { answer: 'refused', leaves: 'V5 "v"' }
      await refreshes(bench, { from: 3, stored: content(4, '"r"') }, refused)
      await claims(bench, (await bench.value()).softAt)
      await refreshes(bench, { from: 5, stored: content(0, '"r"') }, refused)
    },
  ],
  [
    'refresh: a row that is gone removes the value that the refresh started from',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const removed = { answer: 'removed', leaves: 'absent' }
      await refreshes(bench, { from: 5, stored: content(0, null) }, removed)
    },
  ],
  [
    'refresh: a row that is gone leaves a value of another version',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const refused = { answer: 'refused', leaves: 'V5 "v"' }
      await refreshes(bench, { from: 4, stored: content(0, null) }, refused)
      await refreshes(bench, { from: 6, stored: content(9, null) }, refused)
    },
  ],
  [
    'refresh: a value in its grace is replaced or extended',
    async (bench) => {
      const expired = { ttlMs: short, graceMs: long }
      await bench.filled(content(5, '"v"', expired))
      await bench.expire()
      const extended = { answer: 'extended', leaves: 'V5 "v"' }
      await refreshes(bench, { from: 5, stored: content(5, '"r"') }, extended)
      const entry = await bench.value()
      assert.equal(entry.hardAt - entry.storedAt, long)
      const replaced = { answer: 'replaced', leaves: 'V6 "r"' }
      await refreshes(bench, { from: 5, stored: content(6, '"r"') }, replaced)
    },
  ],
  [
    'refresh: without versions, the value that it started from is replaced, once',
    async (bench) => {
      await bench.filled(content(0, '"v"'))
      const stamp = await bench.value()
      await bench.advance(short)
      const replaced = { answer: 'replaced', leaves: 'V0 "r"' }
      await refreshes(bench, { from: 0, stamp, stored: content(0, '"r"') }, replaced)
      const refused = { answer: 'refused', leaves: 'V0 "r"' }
      await refreshes(bench, { from: 0, stamp, stored: content(0, '"late"') }, refused)
      await refreshes(bench, { from: 0, stamp, stored: content(0, null) }, refused)
    },
  ],
  [
    'refresh: without versions, a value in its grace is replaced',
    async (bench) => {
      await bench.filled(content(0, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      const replaced = { answer: 'replaced', leaves: 'V0 "r"' }
      await refreshes(bench, { from: 0, stored: content(0, '"r"') }, replaced)
    },
  ],
  [
    'refresh: without versions, a fill that followed an invalidation is not replaced',
    async (bench) => {
      await bench.filled(content(0, '"old"'))
      const stamp = await bench.value()
      await bench.store.invalidate(key)
      await bench.advance(short)
      await bench.filled(content(0, '"new"'))
      await claims(bench, (await bench.value()).softAt)
      const refused = { answer: 'refused', leaves: 'V0 "new"' }
      await refreshes(bench, { from: 0, stamp, stored: content(0, '"old"') }, refused)
      await refreshes(bench, { from: 0, stamp, stored: content(0, null) }, refused)
    },
  ],
  [
    'refresh: without versions, both instants tell one entry from another',
    async (bench) => {
      await bench.filled(content(0, '"v"'))
      const { version, storedAt, hardAt } = await bench.value()
      const refused = { answer: 'refused', leaves: 'V0 "v"' }
      for (const stamp of [
        { version, storedAt, hardAt: hardAt + 1 },
        { version, storedAt: storedAt - 1, hardAt },
      ]) {
        await refreshes(bench, { from: 0, stamp, stored: content(0, '"late"') }, refused)
        await refreshes(bench, { from: 0, stamp, stored: content(0, null) }, refused)
      }
    },
  ],
  [
    'refresh: without versions, a row that is gone removes the value',
    async (bench) => {
      await bench.filled(content(0, '"v"'))
      const removed = { answer: 'removed', leaves: 'absent' }
      await refreshes(bench, { from: 0, stored: content(0, null) }, removed)
    },
  ],
]
