import assert from 'node:assert/strict'
import { content, key, long, type StoreCase, short } from './bench.ts'

/** `end`: what a committed write does to each state. */
export const publishingCases: readonly StoreCase[] = [
  [
    'end: publishes nothing onto an absent key, and a mark that should stand there is lost',
    async (bench) => {
      await bench.ends(null, content(5, '1'), { result: 'absent', leaves: 'absent' })
      await bench.ends('w', content(5, '1'), { result: 'absent', markLost: true, leaves: 'absent' })
    },
  ],
  [
    'end: replaces an older value',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.ends(null, content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
    },
  ],
  [
    'end: replaces an older value when its mark was lost, and says so',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      const expected = { result: 'published', markLost: true, leaves: 'V6 "w"' }
      await bench.ends('w', content(6, '"w"'), expected)
    },
  ],
  [
    'end: a delete replaces an older value by a negative entry of its version',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.ends(null, content(6, null), { result: 'published', leaves: 'N6' })
    },
  ],
  [
    'end: leaves a value of the same version',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.ends(null, content(5, '"w"'), { result: 'kept', leaves: 'V5 "v"' })
      await bench.ends(null, content(5, null), { result: 'kept', leaves: 'V5 "v"' })
    },
  ],
  [
    'end: leaves a newer value',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.ends(null, content(4, '"w"'), { result: 'kept', leaves: 'V5 "v"' })
      await bench.ends(null, content(4, null), { result: 'kept', leaves: 'V5 "v"' })
    },
  ],
  [
    "end: removes a reader's negative entry, which carries no version to compare with",
    async (bench) => {
      await bench.filled(content(0, null))
      await bench.ends(null, content(6, '"w"'), { result: 'removed', leaves: 'absent' })
      await bench.filled(content(0, null))
      await bench.ends(null, content(6, null), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: removes a published negative entry, older or newer',
    async (bench) => {
      await bench.published(content(5, null))
      const expected = { result: 'removed', markLost: true, leaves: 'absent' }
      await bench.ends('w', content(6, '"w"'), expected)
      await bench.published(content(5, null))
      await bench.ends(null, content(4, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: removes a lease, whose loader may have read before the commit',
    async (bench) => {
      await bench.lease('mine')
      await bench.ends(null, content(6, '"w"'), { result: 'removed', leaves: 'absent' })
      await bench.fillIsRefused('mine')
      await bench.lease('mine')
      const expected = { result: 'removed', markLost: true, leaves: 'absent' }
      await bench.ends('mine', content(6, '"w"'), expected)
    },
  ],
  [
    'end: publishes with its version and times under the only mark',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      const times = { ttlMs: 50_000, softTtlMs: 40_000, deltaMs: 7 }
      await bench.ends('w', content(6, '"w"', times), { result: 'published', leaves: 'V6 "w"' })
      const entry = await bench.value()
      assert.equal(entry.softAt - entry.storedAt, 40_000)
      assert.equal(entry.hardAt - entry.storedAt, 50_000)
      assert.equal(entry.deltaMs, 7)
    },
  ],
  [
    'end: publishes a delete as a negative entry of its version, with its TTL',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      const deleted = content(6, null, { ttlMs: short })
      await bench.ends('w', deleted, { result: 'published', leaves: 'N6' })
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'end: without a lifetime the key is removed',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      const nothing = content(6, null, { ttlMs: 0 })
      await bench.ends('w', nothing, { result: 'removed', leaves: 'absent' })
      await bench.filled(content(5, '"v"'))
      await bench.ends(null, nothing, { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: the last one does not publish what is older than another that ended',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.ends('w1', content(6, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w2', content(5, '"w2"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: of three, the newest publishes only if it ends last',
    async (bench) => {
      for (const token of ['w1', 'w2', 'w3']) await bench.store.begin(key, token, long)
      await bench.ends('w2', content(6, '"w2"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w1', content(5, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w3', content(7, '"w3"'), { result: 'published', leaves: 'V7 "w3"' })
    },
  ],
  [
    'end: without a mark it never publishes beside marks, and its version counts',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.ends(null, content(6, '"x"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w', content(5, '"w"'), { result: 'removed', leaves: 'absent' })
      await bench.store.begin(key, 'w', long)
      await bench.ends(null, content(6, '"x"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w', content(7, '"w"'), { result: 'published', leaves: 'V7 "w"' })
    },
  ],
  [
    "end: a stranger's token takes no mark away, and its version counts",
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      const expected = { result: 'pending', markLost: true, leaves: 'P' }
      await bench.ends('stranger', content(6, '"x"'), expected)
      await bench.ends('w', content(5, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: drops an expired mark, whose writer may have committed: nobody publishes',
    async (bench) => {
      await bench.store.begin(key, 'dead', short)
      await bench.store.begin(key, 'w', long)
      await bench.expire()
      await bench.ends('w', content(6, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: dropping an expired mark keeps the others from publishing too',
    async (bench) => {
      await bench.store.begin(key, 'dead', short)
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.expire()
      await bench.ends('w1', content(6, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w2', content(7, '"w2"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: a mark of mine that expired beside a living one is lost, and nobody publishes',
    async (bench) => {
      await bench.store.begin(key, 'mine', short)
      await bench.store.begin(key, 'theirs', long)
      await bench.expire()
      const expected = { result: 'pending', markLost: true, leaves: 'P' }
      await bench.ends('mine', content(5, '"m"'), expected)
      await bench.ends('theirs', content(6, '"t"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'end: marks that have all expired are gone, as if the key were absent',
    async (bench) => {
      await bench.store.begin(key, 'w', short)
      await bench.expire()
      await bench.ends('w', content(6, '1'), { result: 'absent', markLost: true, leaves: 'absent' })
    },
  ],
  [
    'end: the key is pending no longer than the marks that are left',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', short)
      await bench.ends('w1', content(6, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.expire()
      await bench.sees('absent')
    },
  ],
  [
    'end: sent again after it published, it leaves the value',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.ends('w', content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
      const again = { result: 'kept', markLost: true, leaves: 'V6 "w"' }
      await bench.ends('w', content(6, '"w"'), again)
    },
  ],
  [
    'end: sent again after a delete was published, it removes the negative entry',
    async (bench) => {
      await bench.published(content(6, null))
      const again = { result: 'removed', markLost: true, leaves: 'absent' }
      await bench.ends('publisher', content(6, null), again)
    },
  ],
  [
    'end: sent again while others are pending, it changes nothing more',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.ends('w1', content(5, '"w1"'), { result: 'pending', leaves: 'P' })
      const again = { result: 'pending', markLost: true, leaves: 'P' }
      await bench.ends('w1', content(5, '"w1"'), again)
      await bench.ends('w2', content(6, '"w2"'), { result: 'published', leaves: 'V6 "w2"' })
    },
  ],
  [
    'end: sent again after a newer one was published, it leaves that',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.ends('w1', content(5, '"w1"'), { result: 'published', leaves: 'V5 "w1"' })
      await bench.published(content(6, '"w2"'))
      const again = { result: 'kept', markLost: true, leaves: 'V6 "w2"' }
      await bench.ends('w1', content(5, '"w1"'), again)
    },
  ],
]
