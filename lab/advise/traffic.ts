import type { Instants, Pace } from '../load/load-plan.ts'
import { Failure } from '../replay/failure.ts'
import type { Operation } from '../workloads/operation.ts'
import type { Workload } from '../workloads/workload.ts'

export interface TrafficTerms {
  /** Requests a second; undefined: as the trace has them, else the usual rate. */
  readonly perSecond: number | undefined
  /** So many times as fast as the trace had them; undefined: as fast. */
  readonly speed: number | undefined
  /** Requests that fill the cache first; of a trace at most a third of it. */
  readonly warmUp: number
  readonly forMs: number
}

/** The same requests for every pattern. */
export interface Traffic {
  readonly workload: Workload
  /** Undefined: as the trace has them. */
  readonly perSecond: number | undefined
  readonly speed: number
  readonly warmUp: number
  readonly forMs: number
  /** From 1. A trace is the same in every round. */
  round(number: number): RoundOfTraffic
}

export interface RoundOfTraffic {
  readonly warmUp: Iterator<Operation>
  readonly counted: { readonly operations: Iterator<Operation>; readonly pace: Pace | Instants }
}

const usualPerSecond = 300

/** Throws a `Failure` where the pace that was asked for does not go with the workload. */
export function trafficOf(workload: Workload, terms: TrafficTerms): Traffic {
  const { atMs, description } = workload
  const { forMs, speed } = terms
  if (speed !== undefined && atMs === undefined) {
    throw new Failure('--speed is for a trace with times: give --rate N')
  }
  if (speed !== undefined && terms.perSecond !== undefined) {
    throw new Failure('give --speed or --rate, not both')
  }
  const isOwn = atMs !== undefined && terms.perSecond === undefined
  const perSecond = isOwn ? undefined : (terms.perSecond ?? usualPerSecond)
  const third = Math.floor((description.requests ?? Number.POSITIVE_INFINITY) / 3)
  const warmUp = Math.min(terms.warmUp, third)
  const pace = () =>
    perSecond === undefined ? { atMs: instants(atMs ?? [], warmUp, speed ?? 1) } : { perSecond }
  const stream = (round: number) => (description.requests === undefined ? round : 0)
  return {
    ...{ workload, perSecond, warmUp, forMs, speed: speed ?? 1 },
    round(number) {
      const operations = workload.operations(stream(number))
      return { warmUp: firstOf(operations, warmUp), counted: { operations, pace: pace() } }
    },
  }
}

/** The rest of `operations` is for whoever comes next. */
function firstOf(operations: Iterator<Operation>, count: number): Iterator<Operation> {
  let left = count
  return {
    next: () => (left-- > 0 ? operations.next() : { done: true, value: undefined }),
  }
}

function* instants(atMs: readonly number[], from: number, speed: number): Generator<number> {
  const first = atMs[from] ?? 0
  for (let index = from; index < atMs.length; index += 1) {
    yield ((atMs[index] as number) - first) / speed
  }
}
