import { seededRandom } from '../soak/random.ts'
import type { Audit } from './audit.ts'
import { type ClientOptions, runClient } from './client.ts'
import { execute, type FaultRecord } from './faults.ts'
import { type Judgement, judge, lineOf } from './judge.ts'
import type { Log } from './log.ts'
import type { Member } from './member.ts'
import type { Plan } from './plan.ts'
import type { Servers } from './servers.ts'
import { UsersInPlay } from './users-in-play.ts'

/** `kept`: nothing loses marks or entries; `lost`: that as well. */
export type PhaseKind = 'kept' | 'lost'

export interface PhaseOptions {
  readonly kind: PhaseKind
  readonly members: readonly Member[]
  readonly servers: Servers
  readonly audit: Audit
  readonly plan: Plan
  readonly seconds: number
  readonly clients: number
  /** Of the run and of this phase. */
  readonly seeds: readonly number[]
  /** Users that no other phase uses. */
  readonly ids: readonly number[]
  /** Of the run, by the clock of the history. */
  readonly startedAt: number
  /** The next value that nobody wrote. */
  readonly serial: number
}

export interface PhaseResult extends Omit<Judgement, 'report'> {
  readonly kind: PhaseKind
  readonly seconds: number
  readonly reads: number
  readonly labelledStale: number
  readonly olderThanConfirmed: number
  readonly nonLinearizable: number
  /** Of those, writes whose versions are not in the order of their acknowledgements. */
  readonly versionOrder: number
  /** Values that are not those of their versions, versions that nobody wrote. */
  readonly wrongValues: number
  readonly marksLost: number
  /** The longest that a relay took so far; 0 without an outbox. */
  readonly relayLagMs: number
  readonly statuses: Readonly<Record<string, number>>
  readonly faults: readonly FaultRecord[]
  /** The first ones, in words. */
  readonly violations: readonly string[]
  readonly serial: number
}

const crowd = { hot: 4, tail: 40 }
const noteFiguresEveryMs = 400
const shownViolations = 10

/** Sends traffic while the plan is carried out, and checks what the clients saw. */
export async function runPhase(options: PhaseOptions): Promise<PhaseResult> {
  const { members, ids, audit, plan, seconds, kind } = options
  const standing = await audit.standing(ids)
  const users = new UsersInPlay(
    standing.map(({ key }) => Number(key)),
    crowd,
  )
  const log: Log = { operations: [], refused: new Set(), statuses: {}, serial: options.serial }
  const marksBefore = marksOf(members)
  const beganAt = performance.now()
  const endsAt = beganAt + seconds * 1_000
  let areFaultsOver = false
  const executed = execute(plan, options).finally(() => {
    areFaultsOver = true
  })
  const isOver = () => areFaultsOver && performance.now() >= endsAt
  const noting = setInterval(() => {
    for (const member of members) void member.life.noteFigures()
  }, noteFiguresEveryMs)
  const clients = Array.from({ length: options.clients }, (_, index): ClientOptions => {
    return { members, users, log, random: seededRandom(...options.seeds, index) }
  })
  try {
    await Promise.all([...clients.map((client) => runClient(client, isOver)), executed])
  } finally {
    clearInterval(noting)
  }
  await Promise.all(members.map(({ life }) => life.noteFigures()))
  const committed = await audit.committed()
  const { report, ...judgement } = judge(log, standing, committed)
  const { olderThanConfirmed, nonLinearizable, other } = report
  const worst = [
    ...olderThanConfirmed,
    ...other,
    ...nonLinearizable.filter((each) => each.reason !== 'older-than-confirmed'),
  ]
  return {
    kind,
    seconds: (performance.now() - beganAt) / 1_000,
    ...judgement,
    reads: report.reads,
    labelledStale: report.labelledStale,
    olderThanConfirmed: olderThanConfirmed.length,
    nonLinearizable: nonLinearizable.length,
    versionOrder: nonLinearizable.filter(({ reason }) => reason === 'version-order').length,
    wrongValues: other.length,
    marksLost: marksOf(members) - marksBefore,
    relayLagMs: Math.max(...members.map(({ relayLagMs }) => relayLagMs)),
    statuses: log.statuses,
    faults: await executed,
    violations: [...judgement.lies, ...worst.map(lineOf)].slice(0, shownViolations),
    serial: log.serial,
  }
}

function marksOf(members: readonly Member[]): number {
  return members.reduce((sum, { marksLost }) => sum + marksLost, 0)
}
