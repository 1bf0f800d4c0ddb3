import { content, key, long, type StoreCase, short } from './bench.ts'

/** `begin` and `abort`: the marks of writes in progress. */
export const markCases: readonly StoreCase[] = [
  [
    'begin: an absent key becomes pending',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.sees('P')
      await bench.ends('w', content(1, '"w"'), { result: 'published', leaves: 'V1 "w"' })
    },
  ],
  [
    'begin: a value goes out of sight, and only a newer version may follow it',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.begin(key, 'w', long)
      await bench.sees('P')
      await bench.ends('w', content(4, '"older"'), { result: 'removed', leaves: 'absent' })
      await bench.filled(content(5, '"v"'))
      await bench.store.begin(key, 'w', long)
      await bench.ends('w', content(6, '"newer"'), { result: 'published', leaves: 'V6 "newer"' })
    },
  ],
  [
    'begin: a negative entry goes out of sight',
    async (bench) => {
      await bench.filled(content(0, null))
      await bench.store.begin(key, 'w', long)
      await bench.sees('P')
      await bench.ends('w', content(1, '"w"'), { result: 'published', leaves: 'V1 "w"' })
    },
  ],
  [
    'begin: a lease dies by it',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.begin(key, 'w', long)
      await bench.sees('P')
      await bench.store.abort(key, 'w')
      await bench.fillIsRefused('mine')
    },
  ],
  [
    'begin: joins the marks of others, and the last to end publishes',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.ends('w1', content(5, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w2', content(6, '"w2"'), { result: 'published', leaves: 'V6 "w2"' })
    },
  ],
  [
    'begin: sent again, it renews the mark',
    async (bench) => {
      await bench.store.begin(key, 'w', short)
      await bench.store.begin(key, 'w', long)
      await bench.expire()
      await bench.sees('P')
      await bench.ends('w', content(1, '"w"'), { result: 'published', leaves: 'V1 "w"' })
    },
  ],
  [
    'begin: drops an expired mark, whose writer may have committed: nobody publishes',
    async (bench) => {
      await bench.store.begin(key, 'dead', short)
      await bench.store.begin(key, 'w1', long)
      await bench.expire()
      await bench.store.begin(key, 'w2', long)
      await bench.ends('w1', content(5, '"w1"'), { result: 'pending', leaves: 'P' })
      await bench.ends('w2', content(6, '"w2"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'begin: renewing an expired mark of mine beside a living one does not undo that it expired',
    async (bench) => {
      await bench.store.begin(key, 'mine', short)
      await bench.store.begin(key, 'theirs', long)
      await bench.expire()
      await bench.store.begin(key, 'mine', long)
      await bench.store.abort(key, 'theirs')
      await bench.ends('mine', content(5, '"m"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'begin: marks that have all expired are gone, and a new one starts clean',
    async (bench) => {
      await bench.filled(content(5, '"v"'))
      await bench.store.begin(key, 'dead', short)
      await bench.store.invalidate(key)
      await bench.expire()
      await bench.sees('absent')
      await bench.store.begin(key, 'w', long)
      await bench.ends('w', content(2, '"w"'), { result: 'published', leaves: 'V2 "w"' })
    },
  ],
  [
    'begin: keys are pending until the latest deadline',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', short)
      await bench.expire()
      await bench.sees('P')
    },
  ],

  [
    'abort: an absent key stays absent',
    async (bench) => {
      await bench.store.abort(key, 'w')
      await bench.sees('absent')
    },
  ],
  [
    'abort: values and negative entries stay',
    async (bench) => {
      await bench.published(content(5, '"v"'))
      await bench.store.abort(key, 'publisher')
      await bench.sees('V5 "v"')
      await bench.published(content(6, null))
      await bench.store.abort(key, 'publisher')
      await bench.sees('N6')
    },
  ],
  [
    'abort: a lease stays',
    async (bench) => {
      await bench.lease('mine')
      await bench.store.abort(key, 'mine')
      await bench.fillIsStored('mine')
    },
  ],
  [
    'abort: the last mark leaves the key absent',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.store.abort(key, 'w')
      await bench.sees('absent')
    },
  ],
  [
    'abort: the other marks stay, and may publish',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.store.abort(key, 'w1')
      await bench.store.abort(key, 'w1')
      await bench.sees('P')
      await bench.ends('w2', content(6, '"w2"'), { result: 'published', leaves: 'V6 "w2"' })
    },
  ],
  [
    'abort: a token that has no mark changes nothing',
    async (bench) => {
      await bench.store.begin(key, 'w', long)
      await bench.store.abort(key, 'stranger')
      await bench.sees('P')
      await bench.ends('w', content(6, '"w"'), { result: 'published', leaves: 'V6 "w"' })
    },
  ],
  [
    'abort: beside expired marks it leaves the key absent',
    async (bench) => {
      await bench.store.begin(key, 'dead', short)
      await bench.store.begin(key, 'w', long)
      await bench.expire()
      await bench.store.abort(key, 'w')
      await bench.sees('absent')
    },
  ],
  [
    'abort: an expired mark stays counted against the others',
    async (bench) => {
      await bench.store.begin(key, 'dead', short)
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', long)
      await bench.expire()
      await bench.store.abort(key, 'w1')
      await bench.ends('w2', content(6, '"w2"'), { result: 'removed', leaves: 'absent' })
    },
  ],
  [
    'abort: the key is pending no longer than the marks that are left',
    async (bench) => {
      await bench.store.begin(key, 'w1', long)
      await bench.store.begin(key, 'w2', short)
      await bench.store.abort(key, 'w1')
      await bench.sees('P')
      await bench.expire()
      await bench.sees('absent')
    },
  ],
]
