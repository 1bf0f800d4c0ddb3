import { setTimeout as delay } from 'node:timers/promises'
import { checkHistory } from 'caching-patterns/testing'
import { seededRandom } from '../../soak/random.ts'
import type { Standing } from '../audit.ts'
import { execute } from '../faults.ts'
import { lineOf } from '../judge.ts'
import type { Member } from '../member.ts'
import type { PhaseResult } from '../phase.ts'
import type { Servers } from '../servers.ts'
import type { BookKeeper } from './books.ts'
import type { CampaignRound } from './campaign.ts'
import { LedgerUsers } from './crowd.ts'
import { balance } from './ledger.ts'
import {
  type LedgerClient,
  type LedgerLog,
  MemberChoice,
  Rests,
  runLedgerClient,
} from './traffic.ts'

export interface LedgerPhaseOptions {
  readonly round: CampaignRound
  readonly members: readonly Member[]
  readonly servers: Servers
  readonly books: BookKeeper
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

/** What a phase came to when the journal was empty. */
export interface LedgerFigures {
  readonly keys: number
  readonly acknowledged: number
  readonly creates: number
  readonly deletes: number
  readonly unknown: number
  readonly acknowledgedPerSecond: number
  /** By SQLSTATE. */
  readonly deadLetters: Readonly<Record<string, number>>
  readonly lost: number
  readonly resurrected: number
  /** Rows and dead letters that no write accounts for. */
  readonly wrong: number
  /** Reads older than confirmed: somebody did not see what was acknowledged. */
  readonly misses: number
  /** From the end of traffic and faults until the journal was empty. */
  readonly drainMs: number
  /** What was not flushed when there was no more patience; 0 is expected. */
  readonly leftDirty: number
}

/** What a phase came to, and the rows that it leaves: nobody may change them any more. */
export interface LedgerPhase {
  readonly result: PhaseResult & { readonly ledger: LedgerFigures }
  readonly rows: readonly Standing[]
  readonly absent: readonly string[]
}

/** Of the users of a phase: `awkward` and as many after them keep their emails to be taken by the awkward ones. */
export const usersPerPhase = { hot: 8, tail: 300, awkward: 80, holders: 80, quiet: 2_500 }
export const usersInPhase = Object.values(usersPerPhase).reduce((sum, count) => sum + count, 0)

const drainWithinMs = 60_000
/** What a process that was frozen until now has in its hands reaches the servers. */
const settleMs = 500
const noteFiguresEveryMs = 400
const shownViolations = 10

/** Sends traffic while the plan is carried out, waits until the journal is empty, and settles accounts. */
export async function runLedgerPhase(options: LedgerPhaseOptions): Promise<LedgerPhase> {
  const { round, members, books, ids, serial } = options
  const before = await books.standing(ids)
  const log: LedgerLog = {
    ...{ operations: [], echoes: [], refused: new Set(), unknownCreates: new Set() },
    ...{ statuses: {}, serial },
  }
  const beganAt = performance.now()
  const faults = await sendTraffic(options, log)
  const seconds = (performance.now() - beganAt) / 1_000
  await delay(settleMs)
  const { left, ms: drainMs } = await books.drained(drainWithinMs)
  await Promise.all(members.map(({ life }) => life.noteFigures()))

  const known = new Set([...before, ...log.operations].map(({ key }) => key))
  const rows = await books.rows([...known].map(Number), { first: serial + 1, last: log.serial })
  const letters = (await books.letters()).filter(({ key }) => known.has(key))
  const sums = balance(before, log, { rows, letters, dirty: left })
  const initial = new Map(before.map(({ key, ...held }) => [key, held]))
  const report = checkHistory([...log.operations, ...log.echoes], initial)
  const { olderThanConfirmed, nonLinearizable, other } = report
  const lines = [...sums.lost, ...sums.resurrected, ...sums.wrong]
  const found = [...olderThanConfirmed, ...other].map(lineOf)
  const there = new Set(rows.map(({ key }) => key))
  const result = {
    ...{ kind: round.kind, seconds, operations: log.operations.length },
    ...{ reads: report.reads, labelledStale: report.labelledStale },
    olderThanConfirmed: olderThanConfirmed.length,
    nonLinearizable: nonLinearizable.length,
    versionOrder: nonLinearizable.filter(({ reason }) => reason === 'version-order').length,
    wrongValues: other.length,
    ...{ marksLost: 0, relayLagMs: 0, lies: [], olderThanRow: { reads: 0, longestMs: 0 } },
    ...{ unknownWrites: sums.unknown, unknownCommitted: 0, unconfirmedWrites: 0 },
    ...{ statuses: log.statuses, faults, serial: log.serial },
    violations: [...lines.slice(0, shownViolations), ...found.slice(0, shownViolations)],
    ledger: {
      ...sums,
      acknowledgedPerSecond: Math.round(sums.acknowledged / seconds),
      deadLetters: sums.letters,
      ...{ lost: sums.lost.length, resurrected: sums.resurrected.length },
      ...{ wrong: sums.wrong.length, misses: olderThanConfirmed.length },
      ...{ drainMs: Math.round(drainMs), leftDirty: left.size },
    },
  }
  return { result, rows, absent: [...known].filter((key) => !there.has(key)) }
}

async function sendTraffic(options: LedgerPhaseOptions, log: LedgerLog) {
  const { members, ids, seeds, round } = options
  const { hot, tail, awkward, holders } = usersPerPhase
  const named = hot + tail + awkward
  const crowd = new LedgerUsers([...ids.slice(0, named), ...ids.slice(named + holders)], {
    ...{ hot, tail, awkward },
  })
  const takenEmail = (id: number) => `user${id + awkward}@example.com`
  const parts = { users: crowd, log, takenEmail, rests: new Rests() }
  const choice = new MemberChoice(members)
  const clients = Array.from({ length: options.clients }, (_, index): LedgerClient => {
    return { ...parts, choice, random: seededRandom(...seeds, index) }
  })
  const endsAt = performance.now() + round.seconds * 1_000
  let areFaultsOver = false
  const executed = execute(round.plan, options).finally(() => {
    areFaultsOver = true
  })
  const isOver = () => areFaultsOver && performance.now() >= endsAt
  const noting = setInterval(() => {
    for (const member of members) void member.life.noteFigures()
  }, noteFiguresEveryMs)
  try {
    await Promise.all([...clients.map((client) => runLedgerClient(client, isOver)), executed])
  } finally {
    clearInterval(noting)
  }
  return await executed
}
