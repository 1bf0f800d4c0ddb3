import {
  type Cache,
  type CacheOptions,
  type Journal,
  type JournalingStore,
  type Lookup,
  outcomeUnknown,
  readThrough,
  refreshAhead,
  writeBehind,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  type ManualClock,
  manualClock,
  settle,
  slowSource,
} from 'caching-patterns/testing'
import { randomOf } from './seeded-random.ts'

interface User {
  readonly n: number
}
type Source = ReturnType<typeof countingSource<User>>['source']
type Base = Omit<CacheOptions<string, User>, 'read' | 'write'> & {
  readonly store: JournalingStore
  readonly source: Source
}
/** A pattern, as it is tried. */
export type Mode = 'around' | 'refresh-ahead' | 'acked' | 'linearizable' | 'behind'

const key = 'k'
const id = `cp:users:1:${key}`

const factories: Record<Mode, (base: Base) => Cache<string, User>> = {
  around: (base) => readThrough<string, User>(base),
  'refresh-ahead': (base) => refreshAhead<string, User>({ ...base, after: 1 }),
  acked: (base) => writeThrough<string, User>({ ...base, consistency: 'acked' }),
  linearizable: (base) => writeThrough<string, User>({ ...base, markFor: '60s' }),
  behind: (base) => writeBehind<string, User>({ ...base, delay: 20 }),
}

/** A wrong store, or a wrong journal: what it does instead. */
export interface Mutant {
  store?(store: JournalingStore): Partial<JournalingStore>
  journal?(journal: Journal): Partial<Journal>
}

/** The row after each write that took effect, in their order: its version, or `null`. */
export type State = number | null

/** What a reader was answered, and when. */
export interface Read {
  readonly startedAt: number
  readonly endedAt: number
  /** The last state that was confirmed before the read began, and the last one before it ended. */
  readonly from: number
  readonly to: number
  readonly seen: State
}

/**
 * A random schedule: two processes share a store; every call of it, every load and every commit is
 * executed and answered when the seed says so, some answers are lost, entries are evicted. Returns
 * what the readers saw, the order in which the writes took effect, and the row at the end.
 */
export async function explore(mode: Mode, seed: number, mutant: Mutant = {}) {
  const random = randomOf(seed)
  const clock = manualClock()
  const world = worldOf(clock, mutant)
  // one process owns a journal
  const processes = mode === 'behind' ? [0] : [0, 1]
  const caches = processes.map(() => factories[mode]({ ...world.base, random, clock }))
  const clients = [0, 1, 2, 3, 4].map((client) =>
    clientOf(client < 2, caches[client % caches.length] as Cache<string, User>, { world, random }),
  )
  for (let steps = 0; clients.some((client) => !client.isDone()); steps += 1) {
    if (steps > 5_000) throw new Error(`${mode}, seed ${seed}: somebody is never answered`)
    await settle()
    const choices = [...clients.filter((client) => client.isIdle()), ...world.waiting(random)]
    const dice = random()
    if (choices.length === 0 || dice < 0.05) await clock.advance(30)
    else if (dice < 0.07) await world.memory.invalidate(id)
    else await choices[Math.floor(random() * choices.length)]?.go()
  }
  await world.open()
  const closing = Promise.all(caches.map((cache) => cache.close()))
  await clock.advance(10_000)
  await closing
  return { reads: world.reads, states: world.states, row: world.row() }
}

function worldOf(clock: ManualClock, mutant: Mutant) {
  const memory = memoryStore({ clock, maxEntries: 10 })
  const { source, counts } = countingSource<User>({ [key]: { n: 0 } })
  const states: State[] = [counts.row(key)?.version as number]
  /** Which state a write of this version made. */
  const places = new Map<number, number>()
  const reads: Read[] = []
  let confirmed = 0
  let losses = 0

  function took(version: number, isDelete: boolean): void {
    places.set(version, states.length)
    states.push(isDelete ? null : version)
  }
  const recordedSource = Object.assign(Object.create(source) as typeof source, {
    update(...args: Parameters<typeof source.update>) {
      // takes effect when called: nothing can be read in between
      const done = source.update(...args)
      const version = counts.row(key)?.version
      if (version !== undefined) took(version, false)
      return done
    },
    delete(...args: Parameters<typeof source.delete>) {
      const had = counts.row(key) !== undefined
      const place = states.length
      const done = source.delete(...args)
      if (had) states.push(null)
      return done.then((outcome) => {
        if (outcome.outcome === 'deleted') places.set(outcome.version, place)
        return outcome
      })
    },
    put(...args: Parameters<typeof source.put>) {
      const done = source.put(...args)
      took(counts.row(key)?.version as number, false)
      return done
    },
  })
  const recordedStore: JournalingStore = {
    ...bound(memory, storeMethods),
    name: memory.name,
    ...mutant.store?.(memory),
    journal(...args) {
      const real = memory.journal(...args)
      return {
        name: real.name,
        partitions: real.partitions,
        ...bound(real, journalMethods),
        async enqueue(at, request) {
          // accepted when called, as above
          const result = real.enqueue(at, request)
          if ('outcome' in result && result.outcome === 'accepted') {
            took(result.version, request.json === null)
          }
          return result
        },
        ...mutant.journal?.(real),
      }
    },
  }
  const { store, held } = delayedStore(recordedStore)
  const slow = slowSource(recordedSource, [
    'load',
    'update',
    'delete',
    'put',
    'raiseEpochs',
    'flush',
  ])
  type Waiting = ReturnType<typeof held.waiting>[number]
  const slowness = new WeakMap<Waiting, number>()

  async function step(call: Waiting, random: () => number): Promise<void> {
    const chance = random()
    // never as many in a row as open the breaker, which reads the machine's clock
    if (chance < 0.03 && losses < 3) {
      losses += 1
      if (random() < 0.5) await call.execute()
      const isCommit = ['update', 'delete', 'put'].includes(call.method)
      call.fail(isCommit ? outcomeUnknown(new Error('lost')) : new Error('lost'))
    } else if (chance < 0.4) await call.execute()
    else await call.answer()
  }

  return {
    memory,
    reads,
    states,
    row: (): State => counts.row(key)?.version ?? null,
    base: { name: 'users', store, source: slow.source, ...patient },
    /** Calls that may be executed or answered next. A third of them are slow: they are rarely among these. */
    waiting(random: () => number): { go(): Promise<void> }[] {
      const calls = [...held.waiting(), ...slow.held.waiting()]
      for (const call of calls)
        if (!slowness.has(call)) slowness.set(call, random() < 0.3 ? 0.9 : 0)
      const fast = calls.filter((call) => random() >= (slowness.get(call) ?? 0))
      return (fast.length > 0 ? fast : calls).map((call) => ({ go: () => step(call, random) }))
    },
    async open() {
      await Promise.all([held.open(), slow.held.open()])
    },
    confirm(version: number) {
      confirmed = Math.max(confirmed, places.get(version) ?? 0)
    },
    reading() {
      const from = confirmed
      const startedAt = tick()
      return ({ isStale, json, version }: Lookup<User>) => {
        const seen = json === undefined ? null : version
        const to = states.length - 1
        if (!isStale) reads.push({ from, to, startedAt, endedAt: tick(), seen })
      }
    },
  }

  function tick(): number {
    ticks += 1
    return ticks
  }
}
let ticks = 0

const storeMethods = [
  'now',
  'get',
  'getMany',
  'acquire',
  'fill',
  'release',
  'begin',
  'end',
  'abort',
  'invalidate',
  'invalidateUpTo',
  'claimRefresh',
  'refresh',
  'clear',
] as const satisfies readonly (keyof JournalingStore)[]
const journalMethods = [
  'enqueue',
  'own',
  'claim',
  'read',
  'dirtyIn',
  'nextDueAt',
  'hurry',
  'ack',
  'restamp',
  'progress',
  'quarantine',
  'deadLetters',
  'deadLetter',
  'retry',
  'discard',
  'reserve',
  'unreserve',
  'release',
  'figures',
] as const satisfies readonly (keyof Journal)[]

/** Methods of an object that can be spread into another. */
function bound<T extends object, Name extends keyof T>(
  target: T,
  names: readonly Name[],
): Pick<T, Name> {
  const methods = names.map((name) => [name, (target[name] as () => unknown).bind(target)])
  return Object.fromEntries(methods) as Pick<T, Name>
}

/** Nothing times out by itself. */
const patient = {
  ttl: '1h',
  storeReadDeadline: '60s',
  storeWriteDeadline: '60s',
  loadDeadline: '60s',
  lease: '2m',
} as const

/** One that reads, or writes, one call after the other. */
function clientOf(
  isWriter: boolean,
  cache: Cache<string, User>,
  { world, random }: { world: ReturnType<typeof worldOf>; random: () => number },
) {
  let left = isWriter ? 2 : 5
  let isBusy = false
  async function write(): Promise<void> {
    const kind = random()
    const value = { n: left }
    const writing =
      kind < 0.25
        ? cache.delete(key)
        : kind < 0.6
          ? cache.put(key, value)
          : cache.update(key, value)
    const { status, version, existed } = await writing
    if (status !== 'unconfirmed' && (existed || version > 0)) world.confirm(version)
  }
  async function read(): Promise<void> {
    const seen = world.reading()
    const kind = random()
    if (kind < 0.1) {
      const found = (await cache.lookupMany([key])).get(key)
      if (found !== undefined && !(found instanceof Error)) seen(found)
    } else seen(await cache.lookup(key, kind < 0.4 ? { fresh: true } : {}))
  }
  return {
    isIdle: () => left > 0 && !isBusy,
    isDone: () => left === 0 && !isBusy,
    async go() {
      left -= 1
      isBusy = true
      // a lost answer, or an unknown outcome: nothing was promised
      const free = () => {
        isBusy = false
      }
      ;(isWriter ? write() : read()).then(free, free)
    },
  }
}
