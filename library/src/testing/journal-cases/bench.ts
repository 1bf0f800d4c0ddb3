import assert from 'node:assert/strict'
import type { Version } from '../../contract/entry.ts'
import type {
  DirtyEntry,
  EnqueueRequest,
  EnqueueResult,
  Journal,
  JournalingStore,
  JournalLimits,
} from '../../contract/journal.ts'
import { content, key, long, StoreBench } from '../store-cases/bench.ts'
import type { Case, Harness } from '../suite.ts'

/** A case of the journal's contract. */
export type JournalCase = Case<JournalBench>

/** Limits that no test reaches by accident. */
export const ample: JournalLimits = { maxKeys: 1_000, maxBytes: 64 * 1024 * 1024 }

/** An instant that no test reaches. */
export const farAway = 9_999_999_999_999

/** TTLs for `ack`. */
export const clean = {
  ttlMs: long,
  softTtlMs: long,
  graceMs: 0,
  negativeTtlMs: long,
  dueAt: farAway,
}

/** What two clocks, or their ticks, may be apart, in milliseconds. */
const tolerance = 50

/** That an age in milliseconds lies within bounds: `atMost` is measured, since machines are slow at times. */
export function assertAge(ms: number, { atLeast = 0, atMost = Number.POSITIVE_INFINITY }): void {
  const isWithin = ms >= atLeast - tolerance && ms <= atMost + tolerance
  assert.ok(isWithin, `expected an age of ${atLeast} to ${atMost} ms, received ${ms}`)
}

/** A store with its journal, and the steps that make a key dirty. */
export class JournalBench extends StoreBench<JournalingStore> {
  readonly journal: Journal

  constructor(harness: Harness<JournalingStore>) {
    super(harness)
    this.journal = this.journalOf('contract:1:')
  }

  journalOf(prefix: string, limits: Partial<JournalLimits> = {}): Journal {
    return this.store.journal(prefix, { ...ample, ...limits })
  }

  /** The store's clock, read off an entry. */
  async now(): Promise<number> {
    const probe = 'contract:probe:now'
    await this.filled(content(1, '1'), probe)
    const { storedAt } = await this.value(probe)
    await this.store.invalidate(probe)
    return storedAt
  }

  async enqueue(
    json: string | null,
    request: Partial<EnqueueRequest> = {},
    which: string = key,
  ): Promise<EnqueueResult> {
    return this.journal.enqueue(which, {
      json,
      precondition: 'any',
      delayMs: 1_000,
      deadlineAt: farAway,
      ...request,
    })
  }

  /** An accepted write; its version. */
  async accepted(
    json: string | null,
    request: Partial<EnqueueRequest> = {},
    which: string = key,
  ): Promise<Version> {
    const answer = await this.enqueue(json, request, which)
    assert.equal(answer.outcome, 'accepted')
    return (answer as Extract<EnqueueResult, { outcome: 'accepted' }>).version
  }

  /** What is dirty, the earliest due first. */
  async dirty(limit = 1_000, dueBy: number = farAway): Promise<readonly DirtyEntry[]> {
    return this.claimed(limit, dueBy, { partitions: this.all })
  }

  /** What is to be written of what is claimed, the earliest due first. */
  async claimed(...claim: Parameters<Journal['claim']>): Promise<readonly DirtyEntry[]> {
    const keys = await this.journal.claim(...claim)
    const rows = new Map((await this.journal.read(keys)).map((row) => [row.key, { ...row }]))
    return keys.flatMap(({ key: each }) => rows.get(each) ?? [])
  }

  /** All partitions of the journal. */
  get all(): readonly number[] {
    return Array.from({ length: this.journal.partitions }, (_, partition) => partition)
  }

  /** The keys of what is dirty, without the prefix. */
  async dirtyKeys(limit = 1_000, dueBy: number = farAway): Promise<string> {
    const claimed = await this.dirty(limit, dueBy)
    return claimed.map((entry) => entry.key.slice('contract:1:'.length)).join(' ')
  }

  async flushed(version: Version, times: Partial<typeof clean> = {}): Promise<number> {
    return (await this.journal.ack([{ key, version }], { ...clean, ...times })).cleaned
  }

  /** How many keys are dirty, and how many have a dead letter. */
  async counts(dirty: number, deadLetters: number): Promise<void> {
    const figures = await this.journal.figures()
    assert.deepEqual([figures.dirty, figures.deadLetters], [dirty, deadLetters])
  }
}

/** A dead letter of this version. */
export function letterOf(version: Version, json: string | null = '"refused"', which: string = key) {
  const reason = 'violates a check constraint'
  return {
    key: which,
    version,
    json,
    sqlstate: '23514',
    reason,
    attempts: 1,
    at: 1_750_000_000_000,
  }
}
