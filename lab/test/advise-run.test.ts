import { describe, expect, test } from 'vitest'
import { patternNames } from '../advise/advice-result.ts'
import { report } from '../advise/report.ts'
import { runAdvice } from '../advise/run-advice.ts'
import { type TrafficTerms, trafficOf } from '../advise/traffic.ts'
import { verdictsOf } from '../advise/verdict.ts'
import type { Stage, SubjectTerms } from '../compare/stage.ts'
import type { SubjectName } from '../compare/subject.ts'
import { Failure } from '../replay/failure.ts'
import { handWorkload } from '../workloads/hand-workload.ts'
import { FakeWorld, type Faults, fakeSubject } from './soak-fake-service.ts'

interface Started {
  readonly terms: SubjectTerms
  readonly world: FakeWorld
  isStopped: boolean
  clears: number
}

/** A stage of services in this process, two of each, as its faults say; they count a statement for each request. */
function fakeStage(faults: Partial<Record<SubjectName, Faults>> = {}) {
  const started = new Map<SubjectName, Started>()
  const stage: Stage = {
    ...{ redis: undefined, postgres: undefined, countsStatements: 'processes' },
    async start(name, terms) {
      const world = new FakeWorld(terms.users, faults[name] ?? {})
      const fakes = [await fakeSubject(world, name), await fakeSubject(world, name)]
      const entry: Started = { terms, world, isStopped: false, clears: 0 }
      started.set(name, entry)
      const nobody = () => Promise.reject(new Error('nobody is killed here'))
      return {
        ...{
          name,
          urls: fakes.map(({ url }) => url),
          rows: undefined,
          kill: nobody,
          restart: nobody,
        },
        settle: () => Promise.resolve(),
        statements: () => Promise.resolve(world.requests),
        async clearCache() {
          entry.clears += 1
          for (const cache of world.caches) cache.clear()
        },
        async stop() {
          entry.isStopped = true
          await Promise.all(fakes.map((fake) => fake.stop()))
        },
      }
    },
    stop: () => Promise.resolve(),
  }
  return { stage, started }
}

const workload = handWorkload({
  mix: { get: 4, put: 1 },
  skew: 1,
  keys: 20,
  valueBytes: 0,
  seed: 1,
})

function asked(over: Partial<TrafficTerms> = {}) {
  const pace = { perSecond: 400, speed: undefined, warmUp: 60, forMs: 250, ...over }
  return {
    ...{ traffic: trafficOf(workload, pace), constraints: { maxStalenessMs: 10, dbBudget: 1_000 } },
    ...{ ttlMs: 60_000, writeDelayMs: 1_000, rounds: 2, kills: 0, seed: 1, args: [] },
    onProgress: () => undefined,
  }
}

describe('runAdvice', () => {
  test('sends every pattern, and none, the same requests in every round, and stops all', async () => {
    const { stage, started } = fakeStage()
    const { patterns, noCache, settings } = await runAdvice(stage, asked())
    expect(patterns.map(({ name }) => name)).toEqual(patternNames)
    expect([...started.keys()].sort()).toEqual([...patternNames, 'no-cache'].sort())
    const replays = [...patterns.map((pattern) => pattern.replays), noCache]
    expect(replays.map(({ length }) => length)).toEqual([2, 2, 2, 2, 2, 2])
    for (const [first, second] of replays) {
      expect(first?.requests).toBe(replays[0]?.[0]?.requests)
      expect(second?.reads.count).toBe(replays[0]?.[1]?.reads.count)
      expect(first?.failures).toEqual({})
      // What fills the cache counts neither as a request nor as a statement.
      expect(first?.statements).toBe(first?.requests)
      expect((first?.reads.count ?? 0) + (first?.writes.count ?? 0)).toBe(first?.requests)
    }
    expect([...started.values()].every(({ isStopped, clears }) => isStopped && clears === 2)).toBe(
      true,
    )
    expect(settings).toMatchObject({ processes: 1, warmUp: 60, killTtlMs: 2_000, speed: 1 })
  })

  test('finds reads that are older than what a service had confirmed', async () => {
    const { stage } = fakeStage({ 'read-through': { cachesApart: true } })
    const result = await runAdvice(stage, asked())
    const verdicts = verdictsOf(result)
    const stale = verdicts.filter(({ figures }) => figures.seen.stale > 0).map(({ name }) => name)
    expect(stale).toEqual(['read-through'])
    expect(report(result)).toMatch(/- {2}read-through +falls out\n {5}--max-staleness 10ms: [1-9]/)
  })

  test('holds nothing against a read that says that it may be old', async () => {
    const { stage } = fakeStage({ 'read-through': { cachesApart: true, labelsStale: true } })
    const { patterns } = await runAdvice(stage, asked())
    const [first] = patterns[1]?.replays ?? []
    expect(first?.staleness.labelledStale).toBeGreaterThan(0)
    expect(first?.staleness.staleAgesMs).toEqual([])
  })

  test('counts what was not answered, and no latency of it', async () => {
    const how = { failsOnce: { after: 70, how: 503 } } as const
    const { stage } = fakeStage({ 'cache-aside': how })
    const { patterns } = await runAdvice(stage, asked())
    const [first] = patterns[0]?.replays ?? []
    expect(first?.failures).toEqual({ 503: 1 })
    const answered = (first?.reads.count ?? 0) + (first?.writes.count ?? 0)
    expect(answered).toBe((first?.requests ?? 0) - 1)
  })

  test('starts services whose time runs as fast as the traffic', async () => {
    const { stage, started } = fakeStage()
    const atMs = Array.from({ length: 400 }, (_, index) => 20 * index)
    const { description } = workload
    const timed = { ...workload, atMs, description: { ...description, requests: 400 } }
    const pace = { perSecond: undefined, speed: 10, warmUp: 60, forMs: 200 }
    const result = await runAdvice(stage, {
      ...asked(),
      traffic: trafficOf(timed, pace),
      rounds: 1,
    })
    expect(started.get('write-behind')?.terms).toMatchObject({ ttlMs: 6_000, writeDelayMs: 100 })
    expect(result.settings).toMatchObject({ ttlMs: 60_000, writeDelayMs: 1_000, speed: 10 })
    // A request each 2 ms for 200 ms.
    expect(result.noCache[0]?.requests).toBe(101)
  })

  test('says what it could not measure, and keeps the rest', async () => {
    const { stage } = fakeStage()
    const start: Stage['start'] = (name, terms) =>
      terms.network === 'far' ? Promise.reject(new Failure('no way')) : stage.start(name, terms)
    const { patterns } = await runAdvice({ ...stage, start }, { ...asked(), kills: 1, rounds: 1 })
    expect(patterns.map(({ troubles }) => troubles)).toEqual(
      patternNames.map(() => ['kills: no way']),
    )
    expect(patterns.map(({ replays }) => replays.length)).toEqual([1, 1, 1, 1, 1])
  })

  test('stops what it started when a service goes', async () => {
    const { stage, started } = fakeStage()
    const onProgress = (what: string) => {
      if (what.startsWith('round 2')) throw new Error('enough')
    }
    await expect(runAdvice(stage, { ...asked(), onProgress })).rejects.toThrow('enough')
    expect([...started.values()].every(({ isStopped }) => isStopped)).toBe(true)
  })
})
