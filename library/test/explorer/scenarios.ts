import type * as patterns from 'caching-patterns'
import type { Cache, CacheAside, Clock } from 'caching-patterns'
import type * as memory from 'caching-patterns/memory'
import {
  type ActorScript,
  asideOperations as aside,
  type ExploredRow,
  type ExploreOptions,
  explore,
  cacheOperations as op,
  type Ports,
  type ProcessScript,
  replay,
  type Scenario,
  type WalkOptions,
  walk,
} from 'caching-patterns/testing'

/** The code under test: the library as it is, or one with a mistake. */
export type Library = Pick<
  typeof patterns,
  'cacheAside' | 'readThrough' | 'refreshAhead' | 'writeThrough'
> &
  Pick<typeof memory, 'memoryStore'>

type Rows = Cache<string, ExploredRow>
type Aside = CacheAside<string, ExploredRow>

/** True of all caches here: nothing is left to chance, and nothing times out before the schedule says so. */
const still = {
  name: 'rows',
  ttl: '1h',
  jitter: 0,
  storeReadDeadline: '60s',
  storeWriteDeadline: '60s',
  loadDeadline: '60s',
  lease: '2m',
  waitForLoad: 10,
} as const

/** More schedules than a scenario of this suite has that is explored to its end. */
const whole = 25_000

/** A scenario, with whatever kind of cache it is about. */
export interface Bounded {
  readonly name: string
  readonly pattern: 'cache-aside' | 'read-through' | 'acked' | 'linearizable' | 'refresh-ahead'
  /** How many schedules the suite runs, at most. */
  readonly maxSchedules: number
  readonly scenario: Scenario<never>
  explore(options?: ExploreOptions): ReturnType<typeof explore>
  walk(options?: WalkOptions): ReturnType<typeof walk>
  replay(schedule: readonly string[] | number): ReturnType<typeof replay>
}

/** How the caches of each kind are opened. */
function opened(lib: Library) {
  return {
    through: (ports: Ports): Rows => lib.readThrough({ ...still, ...ports }),
    acked: (ports: Ports): Rows => lib.writeThrough({ ...still, ...ports, consistency: 'acked' }),
    marked: (ports: Ports): Rows => lib.writeThrough({ ...still, ...ports }),
    /** Its marks end before those of `marked`. */
    hasty: (ports: Ports): Rows => lib.writeThrough({ ...still, ...ports, markFor: '2s' }),
    ahead: (ports: Ports): Rows => lib.refreshAhead({ ...still, ...ports, after: 1, beta: 0 }),
    beside: ({ store, clock, random }: Ports): Aside =>
      lib.cacheAside({ ...still, store, clock, random }),
  }
}

type Parts<C> = Omit<Scenario<C>, 'store' | 'promise'>

/** Bounds a scenario of a pattern, over the memory store. */
function bounding({ memoryStore }: Library) {
  const store = (clock: Clock) => memoryStore({ clock, maxEntries: 10 })
  return <C>(pattern: Bounded['pattern'], maxSchedules: number, parts: Parts<C>): Bounded => {
    const promise = pattern === 'linearizable' ? 'linearizable' : 'fresh'
    const scenario: Scenario<C> = { ...parts, promise, store }
    return {
      name: parts.name,
      pattern,
      maxSchedules,
      scenario: scenario as Scenario<never>,
      explore: (options) => explore(scenario, options),
      walk: (options) => walk(scenario, options),
      replay: (schedule) => replay(scenario, schedule),
    }
  }
}

/** Too large to be explored: for walks. */
export function crowdsOf(lib: Library): readonly Bounded[] {
  const { through, acked, marked, ahead, beside } = opened(lib)
  const bounded = bounding(lib)
  const name = 'three processes, five actors, and faults'
  const faults = { timeouts: 3, crashes: 1, evictions: 2, expiries: 1, repeats: 1 }
  const crowd = (open: (ports: Ports) => Rows): Parts<Rows> => ({
    name,
    faults,
    processes: [
      of(open, does('A', op.get, op.get, op.refresh, op.get), does('B', op.get, op.freshGet)),
      of(open, does('C', op.get, op.update, op.get), does('D', op.invalidate, op.mutate)),
      of(open, does('E', op.delete, op.get, op.put)),
    ],
  })
  return [
    bounded('cache-aside', 0, {
      name,
      faults,
      processes: [
        of(beside, does('A', aside.get, aside.slot, aside.get), does('B', aside.get, aside.get)),
        of(beside, does('C', aside.slot, aside.update, aside.get), does('D', aside.slot)),
        of(beside, does('E', aside.delete, aside.get)),
      ],
    }),
    bounded('read-through', 0, crowd(through)),
    bounded('acked', 0, crowd(acked)),
    bounded('linearizable', 0, { ...crowd(marked), faults: { ...faults, lostMarks: 1 } }),
    bounded('linearizable', 0, { ...crowd(marked), name: `${name}, no mark is lost` }),
    bounded('refresh-ahead', 0, crowd(ahead)),
  ]
}

/** All scenarios over one library, by name. */
export function scenariosOf(lib: Library) {
  const { through, acked, marked, hasty, ahead, beside } = opened(lib)
  const bounded = bounding(lib)
  const cached = { script: [op.get] }
  const overdue = { script: [op.get], agoMs: 10 }
  const reader = does('reader', op.get, op.get)
  const updater = does('writer', op.update)
  const deleter = does('deleter', op.delete)
  return {
    aside: bounded('cache-aside', whole, {
      name: 'a reader, a writer',
      faults: { timeouts: 1, crashes: 1 },
      processes: [
        of(beside, does('reader', aside.get, aside.get)),
        of(beside, does('writer', aside.update)),
      ],
    }),
    slots: bounded('cache-aside', 5_000, {
      name: 'a slot and a reader in one process, one who deletes',
      faults: { evictions: 1 },
      processes: [
        of(beside, does('slot', aside.slot), does('reader', aside.get)),
        of(beside, does('deleter', aside.delete)),
      ],
    }),
    through: bounded('read-through', whole, {
      name: 'a reader, a writer',
      processes: [of(through, reader), of(through, updater)],
    }),
    throughFaults: bounded('read-through', whole, {
      name: 'a reader, a writer, and faults',
      faults: { timeouts: 1, evictions: 1 },
      processes: [of(through, reader), of(through, updater)],
    }),
    joining: bounded('read-through', whole, {
      name: 'two readers in one process, a writer',
      processes: [of(through, does('A', op.get), does('B', op.get)), of(through, updater)],
    }),
    late: bounded('read-through', 6_000, {
      name: 'two readers in one process, of which one reads again, a writer',
      processes: [of(through, does('A', op.get, op.get), does('B', op.get)), of(through, updater)],
    }),
    ackedReader: bounded('acked', whole, {
      name: 'a reader, a writer',
      processes: [of(acked, reader), of(acked, updater)],
    }),
    ackedWriters: bounded('acked', whole, {
      name: 'a reader of a cached row, two writers',
      before: cached,
      faults: { evictions: 1 },
      processes: [
        of(acked, does('reader', op.get)),
        of(acked, does('W1', op.update)),
        of(acked, does('W2', op.update)),
      ],
    }),
    ackedDelete: bounded('acked', whole, {
      name: 'a reader, a writer, one who deletes',
      processes: [of(acked, reader), of(acked, updater), of(acked, deleter)],
    }),
    ackedPut: bounded('acked', whole, {
      name: 'a reader of a cached row, one who puts, one who deletes',
      before: cached,
      faults: { timeouts: 1 },
      processes: [
        of(acked, does('reader', op.get)),
        of(acked, does('putter', op.put)),
        of(acked, deleter),
      ],
    }),
    marks: bounded('linearizable', whole, {
      name: 'a reader of a cached row, two writers',
      before: cached,
      processes: [
        of(marked, reader),
        of(marked, does('W1', op.update)),
        of(marked, does('W2', op.update)),
      ],
    }),
    marksEnd: bounded('linearizable', 6_000, {
      name: 'a reader, two writers, of whom one has shorter marks; time may pass',
      faults: { expiries: 1 },
      processes: [
        of(marked, reader),
        of(hasty, does('W1', op.update)),
        of(marked, does('W2', op.update)),
      ],
    }),
    marksFaults: bounded('linearizable', 6_000, {
      name: 'a reader, a writer, and faults',
      faults: { timeouts: 1, crashes: 1, repeats: 1 },
      processes: [of(marked, reader), of(marked, updater)],
    }),
    ahead: bounded('refresh-ahead', 6_000, {
      name: 'a reader of an overdue row, a writer',
      before: overdue,
      faults: { timeouts: 1 },
      processes: [of(ahead, reader), of(ahead, updater)],
    }),
    aheadDelete: bounded('refresh-ahead', whole, {
      name: 'a reader of an overdue row, one who deletes',
      before: overdue,
      processes: [of(ahead, does('reader', op.get, op.get, op.get)), of(ahead, deleter)],
    }),
  } satisfies Record<string, Bounded>
}

function does<C>(name: string, ...script: ActorScript<C>['script']): ActorScript<C> {
  return { name, script }
}

function of<C>(open: (ports: Ports) => C, ...actors: readonly ActorScript<C>[]): ProcessScript<C> {
  return { open, actors }
}
