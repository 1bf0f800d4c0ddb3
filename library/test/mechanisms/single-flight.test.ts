import { readThrough } from 'caching-patterns'
import { memoryStore } from 'caching-patterns/memory'
import {
  countingSource,
  delayedStore,
  type HeldCall,
  manualClock,
  settle,
  slowSource,
} from 'caching-patterns/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FlightCommands, SingleFlight } from '../../src/mechanisms/single-flight.ts'
import { passTime } from '../patterns/reading-rig.ts'

/** Flights that the test lands by hand. */
function hangar() {
  const flights = new SingleFlight<string>()
  const taken: {
    flight: FlightCommands
    isForLateCallers: boolean
    land(value: string): void
    crash(error: Error): void
  }[] = []
  const fly = (flight: FlightCommands, isForLateCallers: boolean) =>
    new Promise<string>((land, crash) => taken.push({ flight, isForLateCallers, land, crash }))
  const board = (arrivedAt = flights.arrive()) => flights.board('k', arrivedAt, fly)
  return { flights, taken, board }
}

describe('boarding', () => {
  test('joins while no command is under way', async () => {
    const { taken, board } = hangar()
    const first = board()
    const second = board()
    expect(taken).toHaveLength(1)
    taken[0]?.land('v1')
    expect(await first).toEqual({ value: 'v1', isJoined: false })
    expect(await second).toEqual({ value: 'v1', isJoined: true })
  })

  test('joins when the command under way was sent after the caller arrived', async () => {
    const { flights, taken, board } = hangar()
    const first = board()
    const arrivedAt = flights.arrive()
    taken[0]?.flight.sending()
    const second = board(arrivedAt)
    taken[0]?.land('v1')
    expect([(await first).value, (await second).value]).toEqual(['v1', 'v1'])
    expect(taken).toHaveLength(1)
  })

  test('does not join when the command under way was sent before the caller arrived', async () => {
    const { taken, board } = hangar()
    const first = board()
    taken[0]?.flight.sending()
    const late = board()
    taken[0]?.land('v1')
    expect((await first).value).toBe('v1')
    await settle()
    taken[1]?.land('v2')
    expect(await late).toEqual({ value: 'v2', isJoined: true })
  })

  test('joins again once the reply has come and will not be the answer', async () => {
    const { taken, board } = hangar()
    const first = board()
    taken[0]?.flight.sending()
    taken[0]?.flight.idle()
    const second = board()
    taken[0]?.land('v1')
    expect([(await first).value, (await second).value]).toEqual(['v1', 'v1'])
    expect(taken).toHaveLength(1)
  })
})

describe('late callers', () => {
  test('share one flight, which takes off when the first has landed and knows for whom', async () => {
    const { taken, board } = hangar()
    const first = board()
    taken[0]?.flight.sending()
    const late = [board(), board(), board()]
    await settle()
    expect(taken).toHaveLength(1)
    taken[0]?.land('v1')
    await first
    expect(taken.map(({ isForLateCallers }) => isForLateCallers)).toEqual([false, true])
    taken[1]?.land('v2')
    expect(new Set((await Promise.all(late)).map(({ value }) => value))).toEqual(new Set(['v2']))
  })

  test('get a flight of their own after the first has crashed', async () => {
    const { taken, board } = hangar()
    const first = board()
    taken[0]?.flight.sending()
    const late = board()
    taken[0]?.crash(new Error('lost'))
    await expect(first).rejects.toThrow('lost')
    await settle()
    taken[1]?.land('v2')
    expect((await late).value).toBe('v2')
  })

  test('never see a second flight beside the first, whoever arrives while it lands', async () => {
    const { taken, board } = hangar()
    const boarded = [board()]
    taken[0]?.flight.sending()
    boarded.push(board())
    taken[0]?.land('v1')
    void boarded[0]?.then(() => boarded.push(board()))
    await settle()
    expect(taken).toHaveLength(2)
    taken[1]?.land('v2')
    expect((await Promise.all(boarded)).map(({ value }) => value)).toEqual(['v1', 'v2', 'v2'])
  })

  test('leave nothing behind', async () => {
    const { flights, taken, board } = hangar()
    const first = board()
    taken[0]?.land('v1')
    await first
    const next = flights.board('k', flights.arrive(), async () => 'a flight of its own')
    expect(await next).toEqual({ value: 'a flight of its own', isJoined: false })
  })
})

interface Counted {
  readonly name: string
}

/** A cache over a network and a database whose every step the test takes by hand. */
function network() {
  const clock = manualClock()
  const table = countingSource<Counted>({ k: { name: 'v1' } })
  const { source, held: loads } = slowSource(table.source)
  const { store, held: calls } = delayedStore(memoryStore({ clock }))
  const cache = readThrough<string, Counted>({
    name: 'users',
    ttl: '1h',
    storeReadDeadline: '1m',
    storeWriteDeadline: '1m',
    loadDeadline: '1m',
    lease: '2m',
    store,
    source,
    clock,
  })
  return { clock, source, loads, calls, cache, row: () => table.counts.row('k')?.version ?? 0 }
}

describe('a caller who comes after an acknowledged write', () => {
  test('does not get the answer of a load that was sent before it', async () => {
    const { loads, calls, cache } = network()
    const early = cache.get('k')
    await (await calls.next('get')).answer()
    await (await calls.next('acquire')).answer()
    const oldLoad = await loads.next('load')
    await oldLoad.execute()
    const writing = cache.update('k', { name: 'v2' })
    await (await calls.next('invalidate')).answer()
    expect((await writing).status).toBe('confirmed')
    const late = cache.get('k')
    await (await calls.next('get')).answer()
    await oldLoad.answer()
    await (await calls.next('fill')).answer()
    expect(await early).toEqual({ name: 'v1' })
    // the shared successor begins with a GET, since usually the first flight has filled
    await (await calls.next('get')).answer()
    await (await calls.next('acquire')).answer()
    await (await loads.next('load')).answer()
    await (await calls.next('fill')).answer()
    expect(await late).toEqual({ name: 'v2' })
    await calls.open()
  })

  test('never gets an older version, and one load runs at a time, in any order of events', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('read' as const) },
      { weight: 1, arbitrary: fc.constant('write' as const) },
      { weight: 8, arbitrary: fc.record({ pick: fc.nat(20), isAnswer: fc.boolean() }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 90 }), async (steps) => {
        const { clock, source, loads, calls, cache, row } = network()
        let acknowledged = row()
        const reads: Promise<{ readonly least: number; readonly version: number }>[] = []
        const writes: Promise<void>[] = []
        const read = () => {
          const least = acknowledged
          reads.push(cache.lookup('k').then(({ version }) => ({ least, version })))
        }
        const write = async () => {
          await source.put('k', { name: 'any' }, { deadlineAt: Number.MAX_SAFE_INTEGER })
          const written = row()
          await cache.invalidate('k')
          acknowledged = Math.max(acknowledged, written)
        }
        for (const each of steps) {
          if (each === 'read') read()
          else if (each === 'write') writes.push(write())
          else {
            const waiting: readonly HeldCall[] = [...calls.waiting(), ...loads.waiting()]
            const call = waiting[each.pick % Math.max(1, waiting.length)]
            await (each.isAnswer ? call?.answer() : call?.execute())
          }
          await settle()
          expect(loads.waiting().length).toBeLessThanOrEqual(1)
        }
        await Promise.all([calls.open(), loads.open()])
        await Promise.all(writes)
        read()
        // some wait until a lease has gone whose holder was overtaken
        for (const { least, version } of await passTime(clock, Promise.all(reads))) {
          expect(version).toBeGreaterThanOrEqual(least)
        }
        expect(clock.pending()).toBe(0)
      }),
      { numRuns: 150 },
    )
  })
})
