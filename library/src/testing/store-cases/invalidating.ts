import { content, key, long, type StoreCase, short } from './bench.ts'

/** `invalidate`, `invalidateUpTo`, `clear`. */
export const invalidatingCases: readonly StoreCase[] = [
  [
    'invalidate: an absent key stays absent',
    async (bench) => {
      await bench.store.invalidate(key)
      await bench.sees('absent')
    },
  ],
  [
    'invalidate: a value goes, in its grace too',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.invalidate(key)
      await bench.sees('absent')
      await bench.filled(content(5, '"v"', { ttlMs: short, graceMs: long }))
      await bench.expire()
      await bench.store.invalidate(key)
      await bench.sees('absent')
    },
  ],
  [
    'invalidate: a negative entry goes',
    async (bench) => {
      await bench.filled(content(0, null))
      await bench.store.invalidate(key)
      await bench.sees('absent')
    },
  ],
  [
    'invalidate: a lease goes, and its loader cannot fill',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.invalidate(key)
      await bench.sees('absent')
      await bench.fillIsRefused('mine')
      await bench.sees('absent')
    },
  ],
  [
    'invalidate: marks stay, and nobody publishes',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.invalidate(key)
      await bench.sees('P')
      await bench.store.begin(key, 'w2', long)
      await bench.ends('w1', content(6, '"w1"'), { result: 'pending', leaves: 'P' })
      const last = content(Number.MAX_SAFE_INTEGER - 1, '"w2"')
      await bench.ends('w2', last, { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'invalidate: poisoned marks end at their deadline like others',
    async (bench) => {
      await bench.store.begin(key, 'w', short)
      await bench.store.invalidate(key)
      await bench.expire()
      await bench.lease('mine')
      await bench.fillIsStored('mine')
    },
  ],
  [
    'invalidate: leaves other keys alone',
    async (bench) => {
      await bench.filled(content(5, '"v"'), `${key}0`)
      await bench.filled(content(5, '"v"'))
      await bench.store.invalidate(key)
      await bench.sees('V5 "v"', `${key}0`)
    },
  ],

  [
    'invalidateUpTo: an absent key stays absent',
    async (bench) => {
      await bench.store.invalidateUpTo(key, 5)
      await bench.sees('absent')
    },
  ],
  [
    'invalidateUpTo: an older value goes',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.invalidateUpTo(key, 6)
      await bench.sees('absent')
    },
  ],
  [
    'invalidateUpTo: a value of that version, or a newer one, stays',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.invalidateUpTo(key, 5)
      await bench.store.invalidateUpTo(key, 4)
      await bench.sees('V5 "v"')
    },
  ],
  [
    'invalidateUpTo: a negative entry goes, whatever its version',
    async (bench) => {
      await bench.filled(content(0, null))
      await bench.store.invalidateUpTo(key, 1)
      await bench.sees('absent')
      await bench.published(content(5, null))
      await bench.store.invalidateUpTo(key, 4)
      await bench.sees('absent')
    },
  ],
  [
    'invalidateUpTo: a lease goes, and its loader cannot fill',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.invalidateUpTo(key, 5)
      await bench.sees('absent')
      await bench.fillIsRefused('mine')
    },
  ],
  [
    'invalidateUpTo: under marks nothing older is published',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.store.invalidateUpTo(key, 6)
      await bench.sees('P')
      await bench.ends('w', content(5, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'invalidateUpTo: under marks that version, or a newer one, is published',
    async (bench) => {
      for (const version of [6, 7]) {
        await bench.store.begin(key, 'w', long)
        await bench.store.invalidateUpTo(key, 6)
        await bench.ends('w', content(version, '1'), {
          result: 'published',
          leaves: `V${version} 1`,
        })
        await bench.store.invalidate(key)
      }
    },
  ],
  [
    'invalidateUpTo: under marks an older version does not lower what may be published',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.begin(key, 'w', long)
      await bench.store.invalidateUpTo(key, 3)
      await bench.ends('w', content(4, '"w"'), { result: 'removed', leaves: 'absent' })
      await bench.store.begin(key, 'w', long)
      await bench.store.invalidate(key)
      await bench.store.invalidateUpTo(key, 6)
      await bench.ends('w', content(6, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],

  [
    'clear: values, negative entries and leases under the prefix go',
    async (bench) => {
      await bench.filled(content(5, '"v"'), 'contract:1:v')
      await bench.filled(content(0, null), 'contract:1:n')
      await bench.lease('mine')
      await bench.cleared('contract:1:')
      await bench.sees('absent', 'contract:1:v')
      await bench.sees('absent', 'contract:1:n')
      await bench.fillIsRefused('mine')
      await bench.sees('absent')
    },
  ],
  [
    'clear: many keys go',
    async (bench) => {
      const keys = Array.from({ length: 500 }, (_, i) => `contract:1:${i}`)
      for (const which of keys) await bench.filled(content(1, '1'), which)
      await bench.cleared('contract:1:')
      const states = await bench.store.getMany(keys)
      const left = states.filter((state) => state !== undefined)
      if (left.length > 0) throw new Error(`${left.length} of ${keys.length} keys were left`)
    },
  ],
  [
    'clear: marks under the prefix stay, and nobody publishes',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.cleared('contract:1:')
      await bench.sees('P')
      await bench.ends('w', content(6, '"w"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'clear: every character of a prefix stands for itself',
    async (bench) => {
      for (const odd of ['*', '?', '[ab]', '[^b]', '\\', '{', '}', '}x{', '.+']) {
        const prefix = `contract:1:${odd}:`
        await bench.filled(content(1, '1'), `${prefix}k`)
        await bench.filled(content(1, '1'), 'contract:1:a:k')
        await bench.cleared(prefix)
        await bench.sees('absent', `${prefix}k`)
        await bench.sees('V1 1', 'contract:1:a:k')
        await bench.cleared('contract:1:a:')
      }
    },
  ],
  [
    'clear: keys of another prefix stay',
    async (bench) => {
      await bench.filled(content(5, '"v"'), 'contract:12:k')
      await bench.filled(content(5, '"v"'), 'other:contract:1:k')
      await bench.store.begin(key, 'w', long)
      await bench.cleared('contract:2:')
      await bench.cleared('contract:1:')
      await bench.sees('V5 "v"', 'contract:12:k')
      await bench.sees('V5 "v"', 'other:contract:1:k')
      await bench.store.abort(key, 'w')
      await bench.store.begin(key, 'w', long)
      await bench.cleared('contract:2:')
      await bench.ends('w', content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
    },
  ],
]
