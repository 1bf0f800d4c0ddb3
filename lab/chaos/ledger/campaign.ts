import type { Random } from '../../soak/random.ts'
import type { PhaseKind } from '../phase.ts'
import {
  costMs,
  type MemberStep,
  onceEach,
  ownershipMs,
  type Plan,
  type ServerStep,
  shuffled,
} from '../plan.ts'
import type { Subject } from '../subjects.ts'

/** What is done in each phase of a run, and for how long. */
export interface Campaign {
  readonly rounds: readonly CampaignRound[]
  /** Undefined: the run is too short for what a long one has to show. */
  readonly least: LeastCounts | undefined
}

export interface CampaignRound {
  /** `lost`: Redis is killed. */
  readonly kind: PhaseKind
  readonly seconds: number
  readonly plan: Plan
}

/** How often each has to happen in a long run. */
export interface LeastCounts {
  readonly acknowledged: number
  readonly deletedShare: number
  readonly kills: number
  readonly killsAfterCommit: number
  readonly stopsPastOwnership: number
  readonly postgresStopsOf30s: number
  readonly postgresKills: number
  readonly redisKills: number
}

/** What a run of ten minutes or more has to come to. */
export const least: LeastCounts = {
  acknowledged: 300_000,
  deletedShare: 0.1,
  kills: 15,
  killsAfterCommit: 3,
  stopsPastOwnership: 10,
  postgresStopsOf30s: 1,
  postgresKills: 2,
  redisKills: 3,
}

const longFromSeconds = 600
const phaseSeconds = 90
/** One that other processes are sure to have taken over. */
export const stopMs = ownershipMs + 2_000
/** So many seconds for each of them. */
const stopEverySeconds = 40
const shortOutageMs = 4_000
export const longOutageMs = 30_000
/** A process that came last has no partition before another gives one up, or its ownership ends. */
const patienceMs = ownershipMs + 5_000
/** In one of the first phases, of which none but this has another outage. */
const longOutageIn = 2

/**
 * Deals all faults of a run. Phases that kill Redis take turns with such that do not; one phase alone has everything.
 * Each kind of fault comes once to a lane before any comes twice.
 */
export function campaign(
  { failpoints }: Pick<Subject, 'failpoints'>,
  { seconds, members, random }: { seconds: number; members: number; random: Random },
): Campaign {
  const isLong = seconds >= longFromSeconds
  const phases = Math.max(1, Math.round(seconds / phaseSeconds))
  const each = seconds / phases
  const stops = isLong ? least.stopsPastOwnership + 2 : Math.floor(seconds / stopEverySeconds)
  const deck = new Deck(failpoints, random)
  const rounds = Array.from({ length: phases }, (_, index): CampaignRound => {
    const kind = index % 2 === 1 || phases === 1 ? 'lost' : 'kept'
    const gapMs = gapsFor(each)
    const own = Array.from({ length: stops }, (_, stop) => stop).filter(
      (stop) => stop % phases === index,
    )
    const lanes = Array.from({ length: members }, (_, member) =>
      own.filter((stop) => (index + stop) % members === member).map((stop) => stopStep(stop)),
    )
    deck.deal(lanes, { ms: each * 1_000, gapMs: gapMs.members })
    const servers = serverSteps({ kind, index, phases, isLong, ms: each * 1_000, random })
    return { kind, seconds: each, plan: { members: lanes, servers, gapMs, patienceMs } }
  })
  return { rounds, least: isLong ? least : undefined }
}

/** The shorter, the denser. */
function gapsFor(seconds: number): { readonly members: number; readonly servers: number } {
  const within = (ms: number, most: number) => Math.max(350, Math.min(ms, most))
  return { members: within(seconds * 45, 4_000), servers: within(seconds * 80, 5_000) }
}

/** Every other one with a batch in hand that nobody else knows of. */
function stopStep(stop: number): MemberStep {
  const pause = { kind: 'pause', ms: stopMs } as const
  return stop % 2 === 0 ? { ...pause, at: 'after-claim-before-flush' } : pause
}

interface ServerTerms {
  readonly kind: PhaseKind
  readonly index: number
  readonly phases: number
  readonly isLong: boolean
  readonly ms: number
  readonly random: Random
}

function serverSteps({ kind, index, phases, isLong, ms, random }: ServerTerms): ServerStep[] {
  const pause = (side: 'redis' | 'postgres'): ServerStep => {
    return { kind: 'pause-server', side, ms: 400 + 400 * random() }
  }
  const stop: ServerStep = { kind: 'stop-postgres', ms: shortOutageMs }
  const kill: ServerStep = { kind: 'kill-postgres' }
  const steps: ServerStep[] = kind === 'lost' ? [{ kind: 'restart-redis' }] : []
  if (isLong && index === longOutageIn) steps.push({ kind: 'stop-postgres', ms: longOutageMs })
  else if (phases === 1) steps.push(kill, ...(ms > 4 * shortOutageMs ? [stop] : []))
  else steps.push(...(index % 4 < 2 ? [kill, stop] : [stop, kill]))
  if (ms > 8 * shortOutageMs) steps.push(pause('redis'), pause('postgres'))
  return shuffled(steps, random)
}

/** Deals steps for processes to lanes. */
class Deck {
  readonly #failpoints: Subject['failpoints']
  readonly #random: Random
  #steps: MemberStep[] = []
  #isFresh = true

  constructor(failpoints: Subject['failpoints'], random: Random) {
    this.#failpoints = failpoints
    this.#random = random
  }

  /** Adds to the lanes, the shortest first, what fits into the time. */
  deal(
    lanes: readonly MemberStep[][],
    { ms, gapMs }: { readonly ms: number; readonly gapMs: number },
  ): void {
    const spent = lanes.map((lane) => lane.reduce((sum, step) => sum + msOf(step) + gapMs, 0))
    for (;;) {
      const lane = spent.indexOf(Math.min(...spent))
      const step = this.#next()
      const after = (spent[lane] as number) + msOf(step) + gapMs
      if (after > ms) {
        this.#steps.push(step)
        return
      }
      lanes[lane]?.push(step)
      spent[lane] = after
    }
  }

  #next(): MemberStep {
    if (this.#steps.length === 0) {
      this.#steps = shuffled(onceEach({ failpoints: this.#failpoints }, this.#random), this.#random)
      // What the whole is about comes in the shortest run, too.
      const isFirst = (step: MemberStep) =>
        this.#isFresh && step.kind === 'failpoint' && step.failpoint === 'after-commit-before-ack'
      this.#steps.sort((one, other) => Number(isFirst(one)) - Number(isFirst(other)))
      this.#isFresh = false
    }
    return this.#steps.pop() as MemberStep
  }
}

function msOf(step: MemberStep): number {
  return step.kind === 'pause' ? step.ms + 100 : costMs[step.kind]
}
