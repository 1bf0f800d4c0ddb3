import assert from 'node:assert/strict'
import { content, key, long, type StoreCase, short, stateText } from './bench.ts'

/** `acquire`, `fill`, `release`: one loader owns the fill of a key. */
export const leaseCases: readonly StoreCase[] = [
  [
    'acquire: an absent key becomes a lease',
    async (bench) => {
      await bench.lease('mine')
      await bench.sees('L')
      await bench.fillIsStored('mine')
    },
  ],
  [
    'acquire: of many at once, one gets the lease',
    async (bench) => {
      const tokens = Array.from({ length: 20 }, (_, i) => `t${i}`)
      const answers = await Promise.all(
        tokens.map(async (token) => bench.store.acquire(key, token, long)),
      )
      assert.equal(answers.filter((answer) => answer === 'acquired').length, 1)
    },
  ],
  [
    'acquire: answers a value that stands there',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const answer = await bench.store.acquire(key, 'mine', long)
      assert.notEqual(answer, 'acquired')
      assert.equal(stateText(answer as Exclude<typeof answer, 'acquired'>), 'V5 "v"')
      await bench.sees('V5 "v"')
    },
  ],
  [
    'acquire: answers a value in its grace: it is reloaded by a refresh, and served while that fails',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      const answer = await bench.store.acquire(key, 'mine', long)
      assert.equal(stateText(answer as Exclude<typeof answer, 'acquired'>), 'V5 "v"')
      await bench.sees('V5 "v"')
    },
  ],
  [
    'acquire: a value that has ended makes room for a lease',
    async (bench) => {
      await bench.filled(content(5, '"v"', { ttlMs: short }))
      await bench.expire()
      await bench.lease('mine')
      await bench.fillIsStored('mine')
    },
  ],
  [
    'acquire: answers a negative entry that stands there',
    async (bench) => {
      await bench.filled(content(0, null))
      const answer = await bench.store.acquire(key, 'mine', long)
      assert.equal(stateText(answer as Exclude<typeof answer, 'acquired'>), 'N0')
      await bench.sees('N0')
    },
  ],
  [
    "acquire: another's lease stays another's",
    async (bench) => {
      await bench.lease('theirs')
      assert.deepEqual(await bench.store.acquire(key, 'mine', long), { kind: 'lease' })
      await bench.fillIsRefused('mine')
      await bench.fillIsStored('theirs')
    },
  ],
  [
    'acquire: sent again by its owner, it is acquired still, and for longer',
    async (bench) => {
      await bench.lease('mine', short)
      await bench.lease('mine', long)
      await bench.expire()
      await bench.fillIsStored('mine')
    },
  ],
  [
    'acquire: an expired lease goes to the next, and its former owner cannot fill',
    async (bench) => {
      await bench.lease('dead', short)
      await bench.expire()
      await bench.lease('mine')
      await bench.fillIsRefused('dead')
      await bench.fillIsStored('mine')
    },
  ],
  [
    'acquire: is refused while a write is in progress',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      assert.deepEqual(await bench.store.acquire(key, 'mine', long), { kind: 'pending' })
      await bench.ends('w', content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
    },
  ],
  [
    'acquire: marks that have all expired make room for a lease',
    async (bench) => {
      await bench.store.begin(key, 'w1', short)
      await bench.store.begin(key, 'w2', short)
      await bench.expire()
      await bench.lease('mine')
      await bench.fillIsStored('mine')
    },
  ],

  [
    'fill: an absent key stays absent',
    async (bench) => {
      await bench.fillIsRefused('mine')
      await bench.sees('absent')
    },
  ],
  [
    'fill: a value stays as it is',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.fillIsRefused('mine')
      await bench.sees('V5 "v"')
    },
  ],
  [
    'fill: a negative entry stays as it is',
    async (bench) => {
      await bench.published(content(5, null))
      await bench.fillIsRefused('mine')
      await bench.sees('N5')
    },
  ],
  [
    'fill: my lease becomes a value with its version',
    async (bench) => {
      await bench.lease('mine')
      assert.equal(await bench.store.fill(key, 'mine', content(7, '"v"')), 'stored')
      await bench.sees('V7 "v"')
    },
  ],
  [
    'fill: my lease becomes a negative entry of version 0, whatever the version',
    async (bench) => {
      await bench.lease('mine')
      assert.equal(await bench.store.fill(key, 'mine', content(7, null)), 'stored')
      await bench.sees('N0')
    },
  ],
  [
    'fill: sent again, it is refused and changes nothing',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.fill(key, 'mine', content(7, '"v"'))
      await bench.fillIsRefused('mine')
      await bench.sees('V7 "v"')
    },
  ],
  [
    'fill: without a lifetime it stores nothing, and the lease is gone',
    async (bench) => {
      await bench.lease('mine')
      assert.equal(await bench.store.fill(key, 'mine', content(7, null, { ttlMs: 0 })), 'refused')
      await bench.sees('absent')
    },
  ],
  [
    'fill: an expired lease stores nothing',
    async (bench) => {
      await bench.lease('mine', short)
      await bench.expire()
      await bench.fillIsRefused('mine')
      await bench.sees('absent')
    },
  ],
  [
    'fill: marks are left alone',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.begin(key, 'w', long)
      await bench.fillIsRefused('mine')
      await bench.sees('P')
      await bench.ends('w', content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
    },
  ],
  [
    'fill: a load that outlived a whole write is refused',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.begin(key, 'w', long)
      await bench.store.abort(key, 'w')
      await bench.fillIsRefused('mine')
      await bench.sees('absent')
    },
  ],
  [
    'fill: a load that an invalidation overtook is refused, and the next owner is not disturbed',
    async (bench) => {
      await bench.lease('old')
      await bench.store.invalidate(key)
      await bench.lease('new')
      await bench.fillIsRefused('old')
      await bench.fillIsStored('new')
    },
  ],

  [
    'release: an absent key stays absent',
    async (bench) => {
      await bench.store.release(key, 'mine')
      await bench.sees('absent')
    },
  ],
  [
    'release: my lease goes, and a second time nothing does',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.release(key, 'mine')
      await bench.sees('absent')
      await bench.lease('next')
      await bench.store.release(key, 'mine')
      await bench.fillIsStored('next')
    },
  ],
  [
    'release: values, negative entries and marks stay',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.release(key, 'filler')
      await bench.sees('V5 "v"')
      await bench.published(content(6, null))
      await bench.store.release(key, 'filler')
      await bench.sees('N6')
      await bench.store.begin(key, 'w', long)
      await bench.store.release(key, 'w')
      await bench.ends('w', content(7, '"w"'), { result: 'published', leaves: 'V7 "w"' })
    },
  ],
]
