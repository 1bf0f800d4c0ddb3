import assert from 'node:assert/strict'
import { content, key, long, type StoreBench, type StoreCase, short } from './bench.ts'

/** Claims the refresh of the key, whose soft expiry should be `softAt`. */
export async function claims(
  bench: StoreBench,
  softAt: number,
  refreshMs = long,
): Promise<boolean> {
  return bench.store.claimRefresh(key, softAt, refreshMs)
}

/** `claimRefresh`: who reloads a value that stands. */
export const claimingCases: readonly StoreCase[] = [
  [
    'claimRefresh: a value is claimed once, and says until when',
    async (bench) => {
      await bench.filled(content(5, '"v"', { softTtlMs: short }))
      const before = await bench.value()
      assert.equal(await claims(bench, before.softAt), true)
      const after = await bench.value()
      assert.ok(after.refreshUntil >= after.storedAt + long)
      assert.equal(await claims(bench, before.softAt), false)
      assert.deepEqual(
        { ...pick(after), refreshUntil: 0 },
        { ...pick(before), refreshUntil: 0 },
        'a claim changes nothing else',
      )
    },
  ],
  [
    'claimRefresh: of many at once, one gets it',
    async (bench) => {
      await bench.filled(content(5, '"v"', { softTtlMs: short }))
      const { softAt } = await bench.value()
      const answers = await Promise.all(Array.from({ length: 20 }, () => claims(bench, softAt)))
      assert.equal(answers.filter(Boolean).length, 1)
    },
  ],
  [
    'claimRefresh: a claim that ran out may be taken again',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const { softAt } = await bench.value()
      assert.equal(await claims(bench, softAt, short), true)
      await bench.expire()
      assert.equal(await claims(bench, softAt), true)
    },
  ],
  [
    'claimRefresh: is refused for a soft expiry that no longer stands',
    async (bench) => {
      await bench.filled(content(5, '"v"', { softTtlMs: short }))
      const { softAt } = await bench.value()
      assert.equal(await claims(bench, softAt - 1), false)
      assert.equal(await claims(bench, softAt + 1), false)
    },
  ],
  [
    'claimRefresh: a value in its grace may be claimed',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      assert.equal(await claims(bench, (await bench.value()).softAt), true)
      await bench.sees('V5 "v"')
    },
  ],
  [
    'claimRefresh: is refused on anything but a value',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const { softAt } = await bench.value()
      await bench.store.invalidate(key)
      assert.equal(await claims(bench, softAt), false, 'absent')
      await bench.lease('mine')
      assert.equal(await claims(bench, softAt), false, 'lease')
      await bench.fillIsStored('mine')
      await bench.published(content(6, null))
      assert.equal(await claims(bench, softAt), false, 'negative')
      await bench.store.begin(key, 'w', long)
      assert.equal(await claims(bench, softAt), false, 'pending')
      await bench.ends('w', content(7, '1'), { result: 'published', leaves: 'V7 1' })
    },
  ],
  [
    'claimRefresh: a claim keeps no value longer than it would have lived',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short }))
      assert.equal(await claims(bench, (await bench.value()).softAt), true)
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'claimRefresh: a value that ended is not claimed',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short }))
      const { softAt } = await bench.value()
      await bench.expire()
      assert.equal(await claims(bench, softAt), false)
      await bench.sees('absent')
    },
  ],
]

function pick({
  version,
  json,
  storedAt,
  softAt,
  hardAt,
  deltaMs,
}: Awaited<ReturnType<StoreBench['value']>>) {
  return { version, json, storedAt, softAt, hardAt, deltaMs }
}
