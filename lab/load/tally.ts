import type { ReadOutcome } from '../replay/cache-status.ts'
import { type OperationKind, operationKinds } from '../workloads/operation.ts'
import { LatencyRecorder } from './latency-recorder.ts'
import type { Exchange, KindResult, LoadResult } from './load-plan.ts'

const outcomes: readonly ReadOutcome[] = ['hit', 'miss', 'stale', 'negative', 'bypass']
const lateMs = 10

/** Counts exchanges, as they end. */
export class Tally {
  readonly #isOpen: boolean
  readonly #kinds = recordOf(operationKinds, () => {
    return { requests: 0, latencies: new LatencyRecorder(), errors: {} as Record<string, number> }
  })
  readonly #reads = recordOf(outcomes, () => new LatencyRecorder())
  #requests = 0
  #absent = 0
  #sentLate = 0
  #begunAt = Number.POSITIVE_INFINITY
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(isOpen: boolean) {
    this.#isOpen = isOpen
  }

  count({ operation, error, outcome, status, dueAt, sentAt, endedAt }: Exchange): void {
    const kind = this.#kinds[operation.kind]
    kind.requests += 1
    this.#requests += 1
    this.#begunAt = Math.min(this.#begunAt, dueAt)
    this.#endedAt = Math.max(this.#endedAt, endedAt)
    if (this.#isOpen && sentAt - dueAt > lateMs) this.#sentLate += 1
    if (status === 404) this.#absent += 1
    if (error !== undefined) kind.errors[error] = (kind.errors[error] ?? 0) + 1
    else {
      kind.latencies.record(endedAt - dueAt)
      if (outcome !== undefined) this.#reads[outcome].record(endedAt - dueAt)
    }
  }

  result(): LoadResult {
    const reads = mapped(this.#reads, (recorder) => recorder.latencies())
    const answered = outcomes.reduce((sum, outcome) => sum + reads[outcome].count, 0)
    return {
      ms: this.#requests === 0 ? 0 : this.#endedAt - this.#begunAt,
      requests: this.#requests,
      kinds: mapped(this.#kinds, ({ requests, latencies, errors }): KindResult => {
        return { requests, latencies: latencies.latencies(), errors }
      }),
      reads,
      hitRatio: answered === 0 ? undefined : (reads.hit.count + reads.negative.count) / answered,
      absent: this.#absent,
      sentLate: this.#sentLate,
    }
  }
}

function recordOf<Name extends string, Value>(
  names: readonly Name[],
  make: () => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, make()])) as Record<Name, Value>
}

function mapped<Name extends OperationKind | ReadOutcome, From, To>(
  record: Readonly<Record<Name, From>>,
  change: (value: From) => To,
): Record<Name, To> {
  const entries = Object.entries(record) as [Name, From][]
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value)])) as Record<
    Name,
    To
  >
}
