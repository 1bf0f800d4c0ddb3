import { describe, expect, test } from 'vitest'
import { readArguments } from '../advise/arguments.ts'
import { trafficOf } from '../advise/traffic.ts'
import type { Instants } from '../load/load-plan.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Workload } from '../workloads/workload.ts'

describe('the arguments of advise', () => {
  test('ask for nothing, in three rounds of eight seconds, unless they say otherwise', () => {
    expect(readArguments(['--cluster', '12'])).toEqual({
      constraints: {
        maxStalenessMs: undefined,
        mayLoseMs: undefined,
        dbBudget: undefined,
        maxLagMs: undefined,
        p99Ms: undefined,
      },
      measuring: {
        workload: { cluster: 12, keys: 10_000, seed: 1, skew: undefined, valueBytes: undefined },
        traffic: { perSecond: undefined, speed: undefined, warmUp: 5_000, forMs: 8_000 },
        ttlMs: undefined,
        writeDelayMs: 1_000,
        rounds: 3,
        kills: 3,
        seed: 1,
        isEmbedded: false,
      },
      from: undefined,
      json: undefined,
      picture: undefined,
    })
    expect(readArguments(['--help'])).toBeUndefined()
  })

  test('take constraints as people write them', () => {
    const limits = ['--max-staleness', '1s', '--may-lose', 'none', '--db-budget', '100/s']
    const more = ['--max-lag', '250ms', '--p99', '5m']
    expect(readArguments(['--trace', 'f', ...limits, ...more])?.constraints).toEqual({
      maxStalenessMs: 1_000,
      mayLoseMs: 0,
      dbBudget: 100,
      maxLagMs: 250,
      p99Ms: 300_000,
    })
    const others = readArguments(['--trace', 'f', '--may-lose', '2s', '--db-budget', '2.5'])
    expect(others?.constraints).toMatchObject({ mayLoseMs: 2_000, dbBudget: 2.5 })
    expect(others?.measuring.workload).toEqual({ trace: 'f', seed: 1 })
  })

  test.each([
    [[], 'give one of --trace FILE, --cluster N, --mix PARTS and --from FILE'],
    [['--trace', 'f', '--cluster', '1'], 'give one of'],
    [['--cluster', '1', '--from', 'f'], 'give one of'],
    [['--cluster', '55'], '--cluster: expected a whole number from 1 to 54, received "55"'],
    [['--cluster', '1', '--may-lose', 'some'], '--may-lose: expected a duration'],
    [['--cluster', '1', '--max-staleness', '1'], '--max-staleness: expected a duration'],
    [['--cluster', '1', '--db-budget', 'much'], '--db-budget: expected a number'],
    [['--cluster', '1', '--duration', '999ms'], '--duration: expected 1s to 1h'],
    [['--cluster', '1', '--rounds', '0'], '--rounds: expected a whole number from 1 to 20'],
    [['--cluster', '1', '--ttl', '0s'], '--ttl: expected more than 0'],
    [['--cluster', '1', '--fast'], "Unknown option '--fast'"],
  ])('are refused in one line: %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
    expect(() => readArguments(args)).toThrow(/^[^\n]+$/)
  })
})

/** Ten requests for users 1 to 10, two a second. */
function trace(over: Partial<Workload> = {}): Workload {
  const operations = Array.from({ length: 10 }, (_, index): Operation => {
    return { kind: 'get', key: index + 1, bytes: 0 }
  })
  const mix = { get: 1, post: 0, put: 0, delete: 0 }
  return {
    description: {
      ...{ title: 'trace', keys: 10, mix, valueBytes: 0, seed: 1, requests: 10, notes: [] },
    },
    atMs: operations.map((_, index) => 500 * index),
    operations: (stream = 0) =>
      [...operations.slice(stream), ...operations.slice(0, stream)].values(),
    ...over,
  }
}

const terms = { perSecond: undefined, speed: undefined, warmUp: 5_000, forMs: 8_000 }

function all<Item>(items: Iterator<Item>): Item[] {
  const found: Item[] = []
  for (let next = items.next(); !next.done; next = items.next()) found.push(next.value)
  return found
}

describe('trafficOf', () => {
  test('fills the cache with at most a third of a trace, and sends the rest at its own times', () => {
    const { warmUp, counted } = trafficOf(trace(), terms).round(2)
    expect(all(warmUp).map(({ key }) => key)).toEqual([1, 2, 3])
    expect(all(counted.operations).map(({ key }) => key)).toEqual([4, 5, 6, 7, 8, 9, 10])
    const { atMs } = counted.pace as Instants
    expect(all(atMs)).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500, 3_000])
  })

  test('sends it so many times as fast', () => {
    const traffic = trafficOf(trace(), { ...terms, speed: 10, warmUp: 2 })
    expect(traffic).toMatchObject({ speed: 10, warmUp: 2, perSecond: undefined })
    expect(all((traffic.round(1).counted.pace as Instants).atMs).slice(0, 3)).toEqual([0, 50, 100])
  })

  test('sends at a rate what has no times, and what is to be sent so', () => {
    const { atMs: _, ...untimed } = trace()
    expect(trafficOf(untimed, terms)).toMatchObject({ perSecond: 300, speed: 1 })
    const rated = trafficOf(trace(), { ...terms, perSecond: 7 })
    expect(rated.round(1).counted.pace).toEqual({ perSecond: 7 })
  })

  test('draws other requests in each round where there is no end of them', () => {
    const { requests: _, ...description } = trace().description
    const { atMs: __, ...untimed } = trace({ description })
    const traffic = trafficOf(untimed, { ...terms, warmUp: 1 })
    const firstOf = (round: number) => all(traffic.round(round).warmUp)[0]?.key
    expect([firstOf(1), firstOf(2)]).toEqual([2, 3])
    expect(traffic.warmUp).toBe(1)
  })

  test('refuses a speed without times, and two paces at once', () => {
    const { atMs: _, ...untimed } = trace()
    expect(() => trafficOf(untimed, { ...terms, speed: 2 })).toThrow('--speed is for a trace')
    expect(() => trafficOf(trace(), { ...terms, speed: 2, perSecond: 1 })).toThrow('not both')
  })
})
