import type { Fault } from '@caching-patterns/local-servers'
import type { Random } from '../soak/random.ts'
import type { Failpoint } from './moments.ts'
import type { Subject } from './subjects.ts'

/** Something that is done to one process, or on its lines to a server. */
export type MemberStep =
  | {
      readonly kind: 'line'
      readonly side: 'redis' | 'postgres'
      readonly fault: Fault
      readonly ms: number
    }
  | { readonly kind: 'kill' }
  | { readonly kind: 'failpoint'; readonly failpoint: Failpoint }
  /** `at`: when its proxies see that moment, for which it may wait. */
  | { readonly kind: 'pause'; readonly ms: number; readonly at?: Failpoint }

/** Something that is done to a server, and so to all. */
export type ServerStep =
  | { readonly kind: 'pause-server'; readonly side: 'redis' | 'postgres'; readonly ms: number }
  | { readonly kind: 'flush' | 'evict' | 'restart-redis' | 'kill-postgres' }
  | { readonly kind: 'stop-postgres'; readonly ms: number }

/** What is done in one phase: in each lane one after the other. */
export interface Plan {
  readonly members: readonly (readonly MemberStep[])[]
  readonly servers: readonly ServerStep[]
  /** How long a lane is left alone after each step. Default: until connections are back. */
  readonly gapMs?: { readonly members: number; readonly servers: number }
  /** How long a fault may wait, while all servers are there, for something that it can strike. Default: 4 s. */
  readonly patienceMs?: number
}

/** How a step is called in results. */
export function nameOf(step: MemberStep | ServerStep): string {
  switch (step.kind) {
    case 'line':
      return `${step.side} ${step.fault.kind}`
    case 'failpoint':
      return `kill ${step.failpoint}`
    case 'pause':
      return pauseName(step.ms, step.at)
    case 'pause-server':
      return `pause ${step.side}`
    default:
      return step.kind
  }
}

function pauseName(ms: number, at: Failpoint | undefined): string {
  const [term] = terms.filter((each) => ms > each.ms)
  return `pause process${term === undefined ? '' : ` past its ${term.of}`}${at ? ` ${at}` : ''}`
}

/** Tp: how long a writer's mark lives. */
const markMs = 3_000
/** How long a partition of the journal stays with a process that is not heard of. */
export const ownershipMs = 15_000
const terms = [
  { ms: ownershipMs, of: 'ownership' },
  { ms: markMs, of: 'marks' },
]
/** What a step takes, with the recovery that follows it. */
export const costMs = { line: 700, kill: 2_200, failpoint: 2_600, pause: 1_100, server: 2_000 }

/** Deals steps for phases: each kind comes once before any comes twice, as far as there is time. */
export class Planner {
  readonly #subject: Subject
  readonly #random: Random
  #deck: MemberStep[] = []
  #turn = 0

  constructor(subject: Subject, random: Random) {
    this.#subject = subject
    this.#random = random
  }

  /** Nothing that loses marks, or what the cache was told. */
  kept(members: number, ms: number): Plan {
    const servers: ServerStep[] = []
    for (let spent = costMs.server; spent <= ms; spent += costMs.server) {
      const side = servers.length % 2 === 0 ? 'redis' : 'postgres'
      servers.push({ kind: 'pause-server', side, ms: 400 + 400 * this.#random() })
    }
    return { members: this.#deal(members, ms), servers }
  }

  /** Marks and entries are lost as well. */
  lost(members: number, ms: number): Plan {
    const kinds = ['flush', 'evict', 'restart-redis'] as const
    const servers: ServerStep[] = kinds.map((kind) => ({ kind }))
    const past: MemberStep = { kind: 'pause', ms: markMs + 300 }
    const dealt = this.#deal(members, Math.max(0, ms - past.ms))
    const frozen = this.#turn++ % members
    const lanes = dealt.map((steps, index) => (index === frozen ? [past, ...steps] : steps))
    return { members: lanes, servers: shuffled(servers, this.#random) }
  }

  #deal(members: number, ms: number): MemberStep[][] {
    const lanes = Array.from({ length: members }, () => ({ steps: [] as MemberStep[], spent: 0 }))
    for (;;) {
      const lane = lanes.reduce((least, each) => (each.spent < least.spent ? each : least))
      const step = this.#next()
      const cost = costMs[step.kind]
      if (lane.spent + cost > ms) {
        this.#deck.push(step)
        return lanes.map(({ steps }) => steps)
      }
      lane.steps.push(step)
      lane.spent += cost
    }
  }

  #next(): MemberStep {
    const next = this.#deck.pop()
    if (next !== undefined) return next
    this.#deck = shuffled(onceEach(this.#subject, this.#random), this.#random)
    // The one that invalidation cannot help comes in the shortest run, too.
    const isFirst = (step: MemberStep) =>
      step.kind === 'failpoint' && step.failpoint === 'after-commit-before-end'
    this.#deck.sort((one, other) => Number(isFirst(one)) - Number(isFirst(other)))
    return this.#deck.pop() as MemberStep
  }
}

/** Each kind of step that can be done to a process, once. */
export function onceEach(
  { failpoints }: Pick<Subject, 'failpoints'>,
  random: Random,
): MemberStep[] {
  const ms = () => 250 + 450 * random()
  const faults: readonly Fault[] = [
    { kind: 'refuse' },
    { kind: 'reset' },
    { kind: 'black-hole' },
    { kind: 'latency', ms: 40, jitterMs: 120 },
    { kind: 'drop-reply' },
    { kind: 'partial-reply', bytes: 3 },
  ]
  return [
    { kind: 'kill' },
    { kind: 'pause', ms: 500 + 500 * random() },
    ...failpoints.map((failpoint) => ({ kind: 'failpoint', failpoint }) as const),
    ...faults.flatMap((fault) =>
      (['redis', 'postgres'] as const).map(
        (side) => ({ kind: 'line', side, fault, ms: ms() }) as const,
      ),
    ),
  ]
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const item = shuffled[last] as Item
    shuffled[last] = shuffled[other] as Item
    shuffled[other] = item
  }
  return shuffled
}
