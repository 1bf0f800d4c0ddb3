import { checkHistory, type HistoryOperation } from 'caching-patterns/testing'
import type { Exchange } from '../../load/load-plan.ts'
import { runLoad } from '../../load/run-load.ts'
import { type Random, seededRandom } from '../../soak/random.ts'
import type { Operation } from '../../workloads/operation.ts'
import type { StalenessRecord } from '../records.ts'
import type { RunningSubject } from '../subject.ts'
import { ageOf, confirmedWrites } from './stale-age.ts'

export interface StalenessTerms {
  readonly round: number
  readonly seed: number
  /** Users 1 to this one, all as popular. */
  readonly users: number
  /** Of the requests; the others read. */
  readonly writeShare: number
  readonly clients: number
  readonly forMs: number
}

const shownExamples = 5

/**
 * Clients read and write the same few users through all processes; each read is held against what had been confirmed
 * before it was sent. Answers that say that they may be old do not count.
 */
export async function staleness(
  subject: RunningSubject,
  terms: StalenessTerms,
): Promise<StalenessRecord> {
  const { round, seed, clients, forMs } = terms
  const { urls } = subject
  await subject.settle()
  const exchanges: Exchange[] = []
  await runLoad({
    urls,
    operations: draw(terms, seededRandom(seed, round)),
    pace: { clients },
    forMs,
    onExchange: (exchange) => exchanges.push(exchange),
  })
  return { round, ...judge(exchanges) }
}

/** Holds what clients saw against what had been confirmed. What was there before the first write binds nobody. */
export function judge(exchanges: readonly Exchange[]): Omit<StalenessRecord, 'round'> {
  const history = exchanges.flatMap(operationOf)
  const report = checkHistory(history)
  const confirmed = confirmedWrites(history)
  const stale = report.olderThanConfirmed.filter(({ operation }) => operation.kind === 'read')
  return {
    reads: report.reads,
    writes: report.writes,
    labelledStale: report.labelledStale,
    staleAgesMs: stale.map(({ operation }) => ageOf(operation, confirmed)),
    examples: stale.slice(0, shownExamples).map(({ message }) => message),
  }
}

function* draw({ users, writeShare }: StalenessTerms, random: Random): Generator<Operation> {
  for (;;) {
    const kind = random() < writeShare ? 'put' : 'get'
    yield { kind, key: 1 + Math.floor(random() * users), bytes: 0 }
  }
}

/** What was refused wrote nothing, what failed to be read tells nothing. */
function operationOf(exchange: Exchange): HistoryOperation[] {
  const { operation, sentAt: startedAt, endedAt, status, outcome, version } = exchange
  const key = String(operation.key)
  if (operation.kind === 'get') {
    if (status !== 200 && status !== 404) return []
    const isStale = outcome === 'stale' || exchange.isLabelledStale === true
    return [{ kind: 'read', key, startedAt, endedAt, version: version ?? null, isStale }]
  }
  if (status >= 400 && status < 500) return []
  if (status === 200 && version !== undefined) {
    const isKnown = exchange.writeStatus !== 'unconfirmed'
    const outcome = isKnown ? 'confirmed' : 'unconfirmed'
    return [{ kind: 'write', key, startedAt, endedAt, outcome, version }]
  }
  return [{ kind: 'write', key, startedAt, endedAt: Number.POSITIVE_INFINITY, outcome: 'unknown' }]
}
