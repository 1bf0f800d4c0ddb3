import assert from 'node:assert/strict'
import { content, key, long, type StoreCase, short } from './bench.ts'

/** `get`, `getMany`, and how long entries live. */
export const readingCases: readonly StoreCase[] = [
  ['get: an absent key is undefined', (bench) => bench.sees('absent')],
  [
    'get: a value has its text, version and times',
    async (bench) => {
      const times = { ttlMs: 50_000, softTtlMs: 40_000, graceMs: 7_000, deltaMs: 12 }
      await bench.filled(content(5, '{"name":"Ada"}', times))
      const entry = await bench.value()
      assert.equal(entry.json, '{"name":"Ada"}')
      assert.deepEqual(entry.value, { name: 'Ada' })
      assert.equal(entry.version, 5)
      assert.equal(entry.softAt - entry.storedAt, 40_000)
      assert.equal(entry.hardAt - entry.storedAt, 50_000)
      assert.equal(entry.refreshUntil, 0)
      assert.equal(entry.deltaMs, 12)
      assert.equal(entry.isDirty, false)
    },
  ],
  [
    'get: a negative entry has its version and times',
    async (bench) => {
      await bench.published(content(5, null, { ttlMs: 30_000 }))
      const entry = await bench.store.get(key)
      assert.ok(entry?.kind === 'negative')
      assert.equal(entry.version, 5)
      assert.equal(entry.hardAt - entry.storedAt, 30_000)
      assert.equal(entry.isDirty, false)
    },
  ],
  [
    'get: storedAt follows the clock',
    async (bench) => {
      await bench.filled(content(1, '1'))
      await bench.advance(short)
      await bench.filled(content(1, '2'), 'contract:1:later')
      const first = await bench.value()
      const later = await bench.value('contract:1:later')
      assert.ok(later.storedAt - first.storedAt >= short)
    },
  ],
  [
    'get: says no more of a lease and of marks than that they are there',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.begin('contract:1:p', 'w', long)
      assert.deepEqual(await bench.store.get(key), { kind: 'lease' })
      assert.deepEqual(await bench.store.get('contract:1:p'), { kind: 'pending' })
    },
  ],
  [
    'get: returns the text untouched',
    async (bench) => {
      const texts = [
        '{ "b" : 1.0,\n "a": [ ] }',
        '"ÄÖ € \u{1F600} \u2028 \\u0000 \\"quoted\\""',
        'null',
        '""',
        '0',
        'false',
        '[]',
        '"V0000000000000005"',
      ]
      for (const [i, text] of texts.entries()) {
        await bench.filled(content(1, text), `contract:1:${i}`)
        const entry = await bench.value(`contract:1:${i}`)
        assert.equal(entry.json, text)
        assert.deepEqual(entry.value, JSON.parse(text))
      }
    },
  ],
  [
    'get: holds a text of a mebibyte',
    async (bench) => {
      const text = JSON.stringify('é\u{1F600}x'.repeat(150_000))
      await bench.filled(content(1, text))
      assert.equal((await bench.value()).json, text)
    },
  ],
  [
    'get: holds the largest version',
    async (bench) => {
      await bench.filled(content(Number.MAX_SAFE_INTEGER, '1'))
      assert.equal((await bench.value()).version, Number.MAX_SAFE_INTEGER)
    },
  ],
  [
    'get: keys may hold any text, and are told apart exactly',
    async (bench) => {
      const keys = [
        'contract:1:a',
        'contract:1:A',
        'contract:1:a ',
        'contract:1:{a}',
        'contract:1:é€\u{1F600}',
      ]
      for (const [i, which] of keys.entries()) await bench.filled(content(i + 1, `${i}`), which)
      for (const [i, which] of keys.entries()) await bench.sees(`V${i + 1} ${i}`, which)
    },
  ],
  [
    'get: a value past its soft expiry is there as before',
    async (bench) => {
      await bench.filled(content(5, '1', { softTtlMs: short }))
      await bench.expire()
      await bench.sees('V5 1')
    },
  ],
  [
    'get: a value without grace ends at its hard expiry',
    async (bench) => {
      await bench.filled(content(5, '1', { ttlMs: short }))
      await bench.sees('V5 1')
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'get: a value is kept through its grace, and says that it has expired',
    async (bench) => {
      await bench.filled(content(5, '1', { ttlMs: short, graceMs: long }))
      await bench.expire()
      const entry = await bench.value()
      assert.equal(entry.hardAt - entry.storedAt, short)
    },
  ],
  [
    'get: a value ends with its grace',
    async (bench) => {
      await bench.filled(content(5, '1', { ttlMs: short / 2, graceMs: short / 2 }))
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'get: a negative entry ends at its hard expiry, whatever the grace',
    async (bench) => {
      await bench.filled(content(0, null, { ttlMs: short, graceMs: long }))
      await bench.sees('N0')
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'get: a lease ends with its time',
    async (bench) => {
      await bench.lease('mine', short)
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'getMany: answers in the order of the keys, whatever they hold',
    async (bench) => {
      const { store } = bench
      await bench.filled(content(5, '"v"'), 'contract:1:v')
      await bench.filled(content(0, null), 'contract:1:n')
      await bench.lease('mine', long, 'contract:1:l')
      await store.begin('contract:1:p', 'w', long)
      const names = ['p', 'v', 'absent', 'n', 'v', 'l']
      const states = await store.getMany(names.map((name) => `contract:1:${name}`))
      const kinds = states.map((state) => state?.kind ?? 'absent')
      assert.deepEqual(kinds, ['pending', 'value', 'absent', 'negative', 'value', 'lease'])
    },
  ],
  [
    'getMany: drops what has ended',
    async (bench) => {
      await bench.filled(content(5, '1', { ttlMs: short }))
      await bench.expire()
      assert.deepEqual([...(await bench.store.getMany([key]))], [undefined])
    },
  ],
  [
    'getMany: of no key is empty',
    async (bench) => {
      assert.deepEqual([...(await bench.store.getMany([]))], [])
    },
  ],
]
