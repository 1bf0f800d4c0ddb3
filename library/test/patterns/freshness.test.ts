import { type BaseOptions, cacheAside, readThrough, refreshAhead } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import { delayedStore, manualClock, settle, slowSource } from 'caching-patterns/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passTime } from './reading-rig.ts'

interface Numbered {
  readonly number: number
}

interface Process {
  read(): Promise<Numbered | undefined>
  invalidate(): Promise<unknown>
}

type Parts = Omit<BaseOptions<string>, 'encodeKey'> & {
  readonly source: { load(key: string): Promise<Numbered> }
}

const kinds: Readonly<Record<string, (parts: Parts) => Process>> = {
  'read-through': (parts) => {
    const cache = readThrough<string, Numbered>(parts)
    return { read: () => cache.get('k'), invalidate: () => cache.invalidate('k') }
  },
  'read-through that keeps expired values': (parts) => {
    const cache = readThrough<string, Numbered>({ ...parts, staleIfError: '10s' })
    return { read: () => cache.get('k'), invalidate: () => cache.invalidate('k') }
  },
  'refresh-ahead': (parts) => {
    const cache = refreshAhead<string, Numbered>({ ...parts, after: '50%', beta: 0 })
    return { read: () => cache.get('k'), invalidate: () => cache.invalidate('k') }
  },
  'cache-aside (getOrLoad)': ({ source, ...parts }) => {
    const cache = cacheAside<string, Numbered>(parts)
    const read = () => cache.getOrLoad('k', () => source.load('k'))
    return { read, invalidate: () => cache.invalidate('k') }
  },
  'cache-aside (acquire)': ({ source, ...parts }) => {
    const cache = cacheAside<string, Numbered>({ ...parts, staleIfError: '10s' })
    async function read() {
      const slot = await cache.acquire('k')
      if (slot.status === 'hit') return slot.lookup.value
      const value = await source.load('k')
      return slot.status === 'busy'
        ? (await slot.pass(value)).value
        : (await slot.fill(value)).value
    }
    return { read, invalidate: () => cache.invalidate('k') }
  },
}

/** Two processes, a store and a database between which every message waits; rows have no versions. */
function world(make: (parts: Parts) => Process) {
  const clock = manualClock()
  let number = 1
  const slow = slowSource({ load: async (): Promise<Numbered> => ({ number }) })
  const { store, held: calls } = delayedStore(memoryStore({ clock }))
  const process = () =>
    make({
      name: 'numbers',
      ttl: '1s',
      jitter: 0,
      storeReadDeadline: '1m',
      storeWriteDeadline: '1m',
      loadDeadline: '1m',
      lease: '2m',
      store,
      source: slow.source,
      clock,
    })
  return {
    clock,
    calls,
    loads: slow.held,
    processes: [process(), process()] as const,
    commit: () => {
      number += 1
      return number
    },
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ read: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ write: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.constantFrom(50, 300, 550) }) },
  // the store answers all at once, so that more happens while a load is on its way
  { weight: 4, arbitrary: fc.record({ isStoreQuick: fc.constant(true) }) },
  { weight: 6, arbitrary: fc.record({ pick: fc.nat(30), isAnswer: fc.boolean() }) },
)

describe.each(Object.entries(kinds))('%s', (_name, make) => {
  test('never answers with a value older than the last write acknowledged before, in any order of messages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 110 }), async (steps) => {
        const { clock, calls, loads, processes, commit } = world(make)
        let acknowledged = 1
        const reads: Promise<{ readonly least: number; readonly number: number }>[] = []
        const writes: Promise<void>[] = []
        const read = async (process: Process) => {
          const least = acknowledged
          return { least, number: (await process.read())?.number ?? 0 }
        }
        const write = async (process: Process) => {
          const number = commit()
          expect(await process.invalidate()).toBe('confirmed')
          acknowledged = Math.max(acknowledged, number)
        }
        for (const each of steps) {
          if ('read' in each) reads.push(read(processes[each.read as 0 | 1]))
          else if ('write' in each) writes.push(write(processes[each.write as 0 | 1]))
          else if ('passMs' in each) await clock.advance(each.passMs)
          else if ('isStoreQuick' in each) {
            for (let turn = 0; turn < 3; turn += 1) {
              await Promise.all(calls.waiting().map((call) => call.answer()))
              await settle()
            }
          } else {
            const waiting = [...calls.waiting(), ...loads.waiting()]
            const call = waiting[each.pick % Math.max(1, waiting.length)]
            await (each.isAnswer ? call?.answer() : call?.execute())
          }
          await settle()
        }
        await Promise.all([calls.open(), loads.open()])
        await Promise.all(writes)
        reads.push(...processes.map(read))
        for (const { least, number } of await passTime(clock, Promise.all(reads), 20)) {
          expect(number).toBeGreaterThanOrEqual(least)
        }
      }),
      { numRuns: 100 },
    )
  })
})
