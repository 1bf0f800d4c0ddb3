import {
  type BaseOptions,
  type Cache,
  type CacheControl,
  type Clock,
  type Content,
  cacheAside,
  type FlushableSource,
  type JournalingStore,
  readThrough,
  refreshAhead,
  type StoredState,
  writeBehind,
  writeThrough,
} from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { countingSource, manualClock, slowSource } from 'caching-patterns/testing'

export interface User {
  readonly name: string
}

export type UserSource = FlushableSource<string, User>

/** What the patterns have in common to a test: a read, and a write of the row through the cache. */
export interface Subject {
  readonly control: CacheControl<string, User>
  read(key: string): Promise<User | undefined>
  write(key: string, value: User): Promise<unknown>
}

export interface SubjectParts {
  readonly store: JournalingStore
  readonly source: UserSource
  readonly clock: Clock
  readonly options?: Partial<Omit<BaseOptions<string>, 'name' | 'store' | 'ttl'>>
}

const base = { name: 'users', ttl: '10s', jitter: 0 } as const
const forever = { deadlineAt: Number.MAX_SAFE_INTEGER }

function aside({ store, source, clock, options }: SubjectParts) {
  const cache = cacheAside<string, User>({ ...base, store, clock, ...options })
  const write = (key: string, value: User) =>
    cache.mutate([key], () => source.put(key, value, forever))
  return { cache, source, write }
}

function inFront(
  make: (parts: SubjectParts) => Cache<string, User>,
): (parts: SubjectParts) => Subject {
  return (parts) => {
    const cache = make(parts)
    return {
      control: cache,
      read: (key) => cache.get(key),
      write: (key, value) => cache.put(key, value),
    }
  }
}

/** The five patterns, cache-aside in both of its forms. */
export const subjects: Readonly<Record<string, (parts: SubjectParts) => Subject>> = {
  'cache-aside (getOrLoad)': (parts) => {
    const { cache, source, write } = aside(parts)
    const read = (key: string) =>
      cache.getOrLoad(key, async ({ signal, version }) => {
        const row = await source.load(key, { signal })
        version(row?.version ?? 0)
        return row?.value
      })
    return { control: cache, read, write }
  },
  'cache-aside (acquire)': (parts) => {
    const { cache, source, write } = aside(parts)
    async function read(key: string) {
      const slot = await cache.acquire(key)
      try {
        if (slot.status === 'hit') return slot.lookup.value
        const row = await source.load(key, { signal: new AbortController().signal })
        const version = row?.version ?? 0
        const answer =
          slot.status === 'busy'
            ? await slot.pass(row?.value, { version })
            : await slot.fill(row?.value, { version })
        return answer.value
      } finally {
        await slot[Symbol.asyncDispose]()
      }
    }
    return { control: cache, read, write }
  },
  'read-through': inFront(({ options, ...parts }) =>
    readThrough<string, User>({ ...base, ...parts, ...options }),
  ),
  'write-through': inFront(({ options, ...parts }) =>
    writeThrough<string, User>({ ...base, ...parts, ...options }),
  ),
  'write-behind': inFront(({ options, ...parts }) =>
    writeBehind<string, User>({ ...base, ...parts, ...options }),
  ),
  'refresh-ahead': inFront(({ options, ...parts }) =>
    refreshAhead<string, User>({ ...base, ...parts, ...options }),
  ),
}

/** A store, a table with two rows, loads that wait for the test, and a clock that stands still. */
export function rig(rows: Readonly<Record<string, User>> = { k: { name: 'old' } }) {
  const clock = manualClock()
  const { source, counts } = countingSource<User>(rows)
  const slow = slowSource(source)
  return {
    clock,
    store: memoryStore({ clock }),
    /** Loads at once. */
    source,
    /** Loads when `loads` is told to. */
    slow: slow.source,
    loads: slow.held,
    counts,
  }
}

/** A store over a network: every call is executed, and answered, later than it was made. */
export function remote<Wrapped extends JournalingStore>(store: Wrapped): Wrapped {
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property)
      if (typeof member !== 'function') return member
      if (property === 'journal' || property === 'now') return member.bind(target)
      return async (...args: unknown[]) => {
        await travel()
        const result: unknown = Reflect.apply(member, target, args)
        await travel()
        return result
      }
    },
  })
}

async function travel(): Promise<void> {
  for (let hop = 0; hop < 3; hop += 1) await undefined
}

/** The mistake that leases exist for: what a fill or a refresh brings is stored, whatever happened since. */
export function withoutLease<Wrapped extends JournalingStore>(store: Wrapped, clock: Clock) {
  const forced = new Map<string, StoredState>()
  const force = (key: string, content: Content) => {
    const now = clock.now()
    if (content.json === null) return
    forced.set(key, {
      kind: 'value',
      version: content.version,
      storedAt: now,
      softAt: now + content.softTtlMs,
      hardAt: now + content.ttlMs,
      refreshUntil: 0,
      deltaMs: content.deltaMs,
      isDirty: false,
      json: content.json,
      value: JSON.parse(content.json),
    })
  }
  const overrides: Partial<JournalingStore> = {
    get: (key) => forced.get(key) ?? store.get(key),
    fill(key, token, content) {
      force(key, content)
      store.release(key, token)
      return 'stored'
    },
    refresh(key, _startedFrom, content) {
      force(key, content)
      return 'replaced'
    },
    invalidate(key) {
      forced.delete(key)
      return store.invalidate(key)
    },
    end(key, token, content) {
      forced.delete(key)
      return store.end(key, token, content)
    },
    claimRefresh: () => true,
  }
  return new Proxy(store, {
    get(target, property) {
      const own: unknown = Reflect.get(overrides, property)
      if (own !== undefined) return own
      const member: unknown = Reflect.get(target, property)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Lets time pass in small steps until all has settled; rejects when it does not within a minute of it. */
export async function passTime<T>(
  clock: ReturnType<typeof manualClock>,
  work: Promise<T>,
  stepMs = 5,
): Promise<T> {
  let isDone = false
  const settled = () => {
    isDone = true
  }
  work.then(settled, settled)
  for (let spentMs = 0; !isDone; spentMs += stepMs) {
    if (spentMs > 60_000) throw new Error('not settled within a minute')
    await clock.advance(stepMs)
  }
  return work
}
