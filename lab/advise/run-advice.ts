import { inLanes } from '../bench/lanes.ts'
import { thisMachine } from '../bench/machine.ts'
import { shuffled } from '../bench/measure.ts'
import { measureKills } from '../compare/measurements/kills.ts'
import { measureLag } from '../compare/measurements/lag.ts'
import type { KillRecord, LagRecord } from '../compare/records.ts'
import type { Stage, SubjectTerms } from '../compare/stage.ts'
import type { RunningSubject } from '../compare/subject.ts'
import { versionsOf } from '../compare/versions.ts'
import { Failure } from '../replay/failure.ts'
import { seededRandom } from '../soak/random.ts'
import {
  type AdviceResult,
  type AdviceSettings,
  type PatternName,
  type PatternRecords,
  patternNames,
  type ReplayRecord,
} from './advice-result.ts'
import type { Constraints } from './constraints.ts'
import { replayTraffic } from './replay-traffic.ts'
import type { Traffic } from './traffic.ts'

export interface AdviceTerms {
  readonly traffic: Traffic
  readonly constraints: Constraints
  readonly ttlMs: number
  readonly writeDelayMs: number
  readonly rounds: number
  /** Of each pattern. */
  readonly kills: number
  readonly seed: number
  /** Of the command. */
  readonly args: readonly string[]
  /** What is done next, and how much of all is done, from 0 to 1. */
  readonly onProgress: (what: string, share: number) => void
}

/** What a kill leaves has to end while somebody looks. */
const longestKillTtlMs = 2_000
const kill = { round: 1, users: 200, clients: 32, lifeMs: 1_500, patienceMs: 60_000 }
const lagWrites = { round: 1, writes: 100, perSecond: 50, patienceMs: 60_000 }
/** Of the time, about: the rest is for what a crash and the lag are measured by. */
const shareOfReplays = 0.8

/**
 * Sends the same traffic to every pattern, and to none, round by round in an order drawn anew; then kills processes of each, and
 * asks the database when it has their writes. What it started is gone when it settles, but the stage.
 */
export async function runAdvice(stage: Stage, terms: AdviceTerms): Promise<AdviceResult> {
  const { traffic, constraints, args } = terms
  const machine = thisMachine('advise', args)
  const startedAt = performance.now()
  const settings = settingsOf(stage, terms)
  const servers = await versionsOf(stage)
  const replays = await replayAll(stage, terms, settings)
  const faults = await measureFaults(stage, terms, settings)
  const of = (name: PatternName | 'no-cache') => replays.get(name) ?? []
  return {
    ...{ machine, constraints, settings, servers },
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    workload: traffic.workload.description,
    patterns: patternNames.map((name) => {
      return { name, replays: of(name), ...(faults.get(name) as Faults) }
    }),
    noCache: of('no-cache'),
  }
}

function settingsOf(stage: Stage, terms: AdviceTerms): AdviceSettings {
  const { traffic, ttlMs, writeDelayMs, rounds, seed } = terms
  const { perSecond, speed, warmUp, forMs } = traffic
  return {
    ...{ seed, rounds, perSecond, speed, warmUp, forMs, ttlMs, writeDelayMs },
    processes: stage.redis === undefined ? 1 : 2,
    killTtlMs: Math.min(ttlMs, longestKillTtlMs),
  }
}

const replayed = [...patternNames, 'no-cache'] as const
type Replayed = (typeof replayed)[number]

async function replayAll(
  stage: Stage,
  { traffic, seed, onProgress }: AdviceTerms,
  settings: AdviceSettings,
): Promise<ReadonlyMap<Replayed, readonly ReplayRecord[]>> {
  const { rounds, speed, ttlMs, writeDelayMs, processes } = settings
  const start: SubjectTerms = {
    users: traffic.workload.description.keys,
    ttlMs: Math.max(1, Math.round(ttlMs / speed)),
    writeDelayMs: Math.round(writeDelayMs / speed),
    ...{ processes, network: 'near' },
  }
  const subjects = new Map<Replayed, RunningSubject>()
  const records = new Map<Replayed, ReplayRecord[]>(replayed.map((name) => [name, []]))
  const random = seededRandom(seed)
  let done = 0
  try {
    for (const name of replayed) {
      onProgress(`starting ${name}`, 0)
      subjects.set(name, await stage.start(name, start))
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const name of shuffled(replayed, random)) {
        const share = (shareOfReplays * done++) / (rounds * replayed.length)
        onProgress(`round ${round} of ${rounds}: ${name}`, share)
        const record = await replayTraffic(subjects.get(name) as RunningSubject, traffic, round)
        if (record.requests === 0) throw new Failure('the traffic has no request left that counts')
        records.get(name)?.push(record)
      }
    }
  } finally {
    for (const subject of subjects.values()) await subject.stop()
  }
  return records
}

type Faults = Pick<PatternRecords, 'kills' | 'lag' | 'troubles'>

/**
 * Kills of several patterns at the same time: they ask what is lost, not how long something takes. What cannot be measured is
 * said, and takes nothing else with it.
 */
async function measureFaults(
  stage: Stage,
  terms: AdviceTerms,
  settings: AdviceSettings,
): Promise<ReadonlyMap<PatternName, Faults>> {
  const { onProgress } = terms
  const troubles = new Map<PatternName, string[]>(patternNames.map((name) => [name, []]))
  const attempt = <Record>(name: PatternName, what: string, measuring: Promise<Record[]>) =>
    measuring.catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      troubles.get(name)?.push(`${what}: ${error.message}`)
      return []
    })
  const lags = new Map<PatternName, readonly LagRecord[]>()
  for (const [index, name] of patternNames.entries()) {
    onProgress(`${name}: database lag`, shareOfReplays + (0.1 * index) / patternNames.length)
    lags.set(name, await attempt(name, 'database lag', lagOf(stage, name, settings)))
  }
  const faults = new Map<PatternName, Faults>()
  // A database in the process of a service takes a core to start.
  await inLanes(patternNames, stage.redis === undefined ? 1 : 2, async (name) => {
    onProgress(`${name}: kills`, 0.9 + (0.1 * faults.size) / patternNames.length)
    const kills = await attempt(name, 'kills', killsOf(stage, name, { ...terms, settings }))
    faults.set(name, { kills, lag: lags.get(name) ?? [], troubles: troubles.get(name) ?? [] })
  })
  return faults
}

/** With nothing else under way, and nothing compressed. */
async function lagOf(
  stage: Stage,
  name: PatternName,
  { ttlMs, writeDelayMs, processes }: AdviceSettings,
): Promise<LagRecord[]> {
  if (stage.postgres === undefined) return []
  const start = {
    users: lagWrites.writes,
    ttlMs,
    writeDelayMs,
    processes,
    network: 'near',
  } as const
  const subject = await stage.start(name, start)
  try {
    return await measureLag(subject, lagWrites)
  } finally {
    await subject.stop()
  }
}

async function killsOf(
  stage: Stage,
  name: PatternName,
  { kills, seed, settings }: AdviceTerms & { readonly settings: AdviceSettings },
): Promise<KillRecord[]> {
  if (kills === 0) return []
  const { writeDelayMs, killTtlMs: ttlMs } = settings
  return measureKills(stage, name, {
    ...{ ...kill, kills, seed, ttlMs, writeDelayMs, watchMs: ttlMs + 400 },
  })
}
