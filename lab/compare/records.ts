import type { LoadResult } from '../load/load-plan.ts'

/** Raw samples of one subject: every figure is computed from these, and from nothing else. */
export interface Records {
  /** One a round. */
  readonly reads: readonly ReadsRecord[]
  readonly writes: readonly WritesRecord[]
  readonly mixed: readonly MixedRecord[]
  readonly hotKey: readonly HotKeyRecord[]
  readonly staleness: readonly StalenessRecord[]
  readonly lag: readonly LagRecord[]
  /** One a kill. */
  readonly kills: readonly KillRecord[]
  readonly redisFrozen: readonly OutageRecord[]
  readonly postgresDown: readonly OutageRecord[]
}

export type Measurement = keyof Records

/** Reads alone, closed loop: how many at most. */
export interface ReadsRecord {
  readonly round: number
  readonly load: LoadResult
}

/** Updates alone, closed loop. */
export interface WritesRecord {
  readonly round: number
  readonly load: LoadResult
}

/** The workload, open loop, at a rate that is the same for all. */
export interface MixedRecord {
  readonly round: number
  readonly perSecond: number
  readonly load: LoadResult
  /** That the database was sent meanwhile, and until what was accepted was in it. Without BEGIN and COMMIT. */
  readonly statements: number
}

/** Many ask for one user, whose entry expires several times. */
export interface HotKeyRecord {
  readonly round: number
  readonly clients: number
  readonly ttlMs: number
  readonly requests: number
  readonly ms: number
  /** Statements that the database had been sent, by time since the begin. */
  readonly series: readonly { readonly atMs: number; readonly statements: number }[]
}

/** Clients read and write the same few users; what they saw was held against what was confirmed before. */
export interface StalenessRecord {
  readonly round: number
  /** Checked ones: not labelled stale. */
  readonly reads: number
  readonly writes: number
  readonly labelledStale: number
  /** Of each read that was older than the last write confirmed before it began: how long ago that write had been confirmed. */
  readonly staleAgesMs: readonly number[]
  /** The first ones, in words. */
  readonly examples: readonly string[]
}

/** From the acknowledgement of a write until the database has it, or something newer. */
export interface LagRecord {
  readonly round: number
  readonly lagsMs: readonly number[]
}

/** A process was killed (SIGKILL) amid reads and writes, and started again. */
export interface KillRecord {
  readonly round: number
  /** Writes that were acknowledged before it was over, by any process. */
  readonly acknowledged: number
  /** Of those: neither they nor anything newer is in the database, nor in the dead letters, once all is quiet. */
  readonly lost: number
  /** Answers after the kill that were older than what was in the database, or acknowledged, when they were asked for. */
  readonly staleReads: number
  readonly readsAfter: number
  /** From the kill until the last such answer. */
  readonly staleForMs: number
  /** From the kill until a process in its place answers, and the database has all that was acknowledged before the kill and is not lost. */
  readonly recoveredMs: number
  readonly examples: readonly string[]
}

/** Reads and writes while a server is frozen or away. */
export interface OutageRecord {
  readonly round: number
  readonly ms: number
  readonly load: LoadResult
  /** Answers 200 and 404. */
  readonly readsAnswered: number
  /** Answers 2xx. */
  readonly writesAnswered: number
  /** Users whose last acknowledged write is not in the database when the server is back and all is quiet. */
  readonly writesLost: number
  /** From the return of the server until every process reads and writes again; undefined: not in time, it was started again. */
  readonly recoveredMs?: number | undefined
}
