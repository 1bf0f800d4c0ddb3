import type { Version } from '../../../contract/entry.ts'
import type {
  AckResult,
  AckTerms,
  ClaimScope,
  DirtyEntry,
  DirtyKey,
  EnqueueRequest,
  EnqueueResult,
  FlushedEntry,
  Journal,
  JournalFigures,
  JournalLimits,
  Ownership,
  Progress,
  Reservation,
  ReserveTerms,
  RetryRequest,
  RetryResult,
  StoredDeadLetter,
} from '../../../contract/journal.ts'
import { msText, versionText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import { enqueueScript, retryScript } from './accepting-scripts.ts'
import { Acks } from './acks.ts'
import { Claims, endOfTime } from './claims.ts'
import { figuresScript, progressScript, restampScript } from './finishing-scripts.ts'
import { Letters } from './letters.ts'
import { Owners } from './owners.ts'
import { hurryAllScript, hurryScript } from './owning-scripts.ts'
import { runEach } from './partition-calls.ts'
import type { Partitions, Place } from './partitions.ts'
import { acceptanceOf, isOutOfMemory, progressOf } from './replies.ts'
import { reserveScript, unreserveScript } from './reserving-scripts.ts'

/** How a journal on Redis is made. */
export interface RedisJournalParts {
  readonly partitions: Partitions
  readonly limits: JournalLimits
  /** The store's: what tells it from the stores of other processes. */
  readonly token: string
  /** How long a partition stays with a process that claims no more, in milliseconds. Default 15,000. */
  readonly ownerMs?: number
}

/** How long everything is due after somebody has asked for it. */
const hurryMs = 1_000
/** What an urgent write may go over its partition's limits by. */
const excess = { keys: 16, bytes: 1024 * 1024 }

/**
 * The journal of one prefix on Redis, shared by all processes. Its keys are spread over partitions,
 * each in one slot. The process that takes a partition owns it until it releases it, or has neither asked for it nor
 * acknowledged anything of it for 15 s. Limits are exact for each partition,
 * which has its share of them, rounded up: a journal may be full for one key and not for another.
 */
export class RedisJournal implements Journal {
  /** Half of the default delay: what others enqueue in my partitions is seen before it is due. */
  readonly pollMs = 500
  readonly #runner: ScriptRunner
  readonly #partitions: Partitions
  readonly #owners: Owners
  readonly #claims: Claims
  readonly #acks: Acks
  readonly #letters: Letters
  readonly #share: JournalLimits

  constructor(runner: ScriptRunner, options: RedisJournalParts) {
    const { partitions, limits, token, ownerMs = 15_000 } = options
    this.#runner = runner
    this.#partitions = partitions
    this.#owners = new Owners(runner, { partitions, token, ownerMs })
    this.#claims = new Claims(runner, partitions, this.#owners)
    this.#acks = new Acks({ runner, partitions, owners: this.#owners })
    this.#letters = new Letters(runner, partitions)
    const share = (limit: number) => Math.ceil(limit / partitions.all.length)
    this.#share = { maxKeys: share(limits.maxKeys), maxBytes: share(limits.maxBytes) }
  }

  get name(): string {
    return this.#partitions.prefix
  }

  get partitions(): number {
    return this.#partitions.all.length
  }

  async enqueue(key: string, request: EnqueueRequest): Promise<EnqueueResult> {
    const place = this.#partitions.place(key)
    const { precondition } = request
    const wanted =
      typeof precondition === 'string' ? precondition : versionText(precondition.version)
    const reply = await this.#accept(place, request, { script: enqueueScript, last: wanted })
    return reply as EnqueueResult
  }

  async retry(key: string, request: RetryRequest): Promise<RetryResult> {
    const place = this.#partitions.place(key)
    const last = this.#letters.beginning(request.version)
    return this.#accept(place, request, { script: retryScript, last })
  }

  own(dueBy: number): Promise<Ownership> {
    return this.#owners.own(Math.min(dueBy, endOfTime))
  }

  claim(limit: number, dueBy: number, from: ClaimScope): Promise<readonly DirtyKey[]> {
    return this.#claims.claim(limit, dueBy, from)
  }

  read(claimed: readonly DirtyKey[]): Promise<readonly DirtyEntry[]> {
    return this.#claims.read(claimed)
  }

  dirtyIn(number: number): Promise<readonly DirtyEntry[]> {
    return this.#claims.allOf(number)
  }

  /** Of what is not another's to flush. */
  nextDueAt(): Promise<number | undefined> {
    return this.#owners.nextDueAt()
  }

  async hurry(key?: string): Promise<void> {
    if (key === undefined) {
      await runEach(this.#runner, this.#partitions.all, ({ dirty, hurry }) => {
        return [hurryAllScript, [dirty, hurry], [msText(hurryMs)]]
      })
      return
    }
    const { partition, rest } = this.#partitions.place(key)
    const { dirty, since, usual } = partition
    await this.#runner.run(hurryScript, [dirty, since, usual], [rest])
  }

  ack(flushed: readonly FlushedEntry[], next: AckTerms): Promise<AckResult> {
    return this.#acks.ack(flushed, next)
  }

  async restamp(key: string, version: Version, theirs: Version): Promise<boolean> {
    const { partition, entry } = this.#partitions.place(key)
    const args = [versionText(version), versionText(Math.max(version, theirs + 1))]
    return (await this.#runner.run(restampScript, [partition.dirty, entry], args)) === 1
  }

  async progress(key: string, version: Version): Promise<Progress> {
    const { partition, entry, rest } = this.#partitions.place(key)
    const reply = await this.#runner.run(progressScript, [entry, partition.dlq], [rest])
    const [head, letter] = reply as [string, string]
    return progressOf(version, head, letter)
  }

  async quarantine(letter: StoredDeadLetter): Promise<'parked' | 'superseded'> {
    const outcome = await this.#letters.quarantine(letter)
    if (outcome === 'parked') this.#owners.finished(this.#partitions.place(letter.key).partition, 1)
    return outcome
  }

  deadLetters(): Promise<readonly StoredDeadLetter[]> {
    return this.#letters.all()
  }

  deadLetter(key: string): Promise<StoredDeadLetter | undefined> {
    return this.#letters.one(key)
  }

  discard(key: string, version: Version): Promise<boolean> {
    return this.#letters.discard(key, version)
  }

  async reserve(value: string, holder: string, terms: ReserveTerms): Promise<Reservation> {
    const { ttlMs, isRenewal = false } = terms
    const args = [holder, msText(ttlMs), isRenewal ? '1' : '0']
    try {
      const reply = await this.#runner.run(reserveScript, [this.#partitions.claim(value)], args)
      const text = (reply as string).slice(1)
      return (reply as string).startsWith('T')
        ? { outcome: 'taken', holder: text }
        : { outcome: 'held', stamp: Number(text) }
    } catch (error) {
      if (isOutOfMemory(error)) return { outcome: 'full' }
      throw error
    }
  }

  async unreserve(value: string, holder: string, stamp: number): Promise<void> {
    const args = [holder, versionText(stamp)]
    await this.#runner.run(unreserveScript, [this.#partitions.claim(value)], args)
  }

  release(partitions?: readonly number[]): Promise<void> {
    return this.#owners.release(partitions)
  }

  async figures(): Promise<JournalFigures> {
    const { all } = this.#partitions
    const replies = await runEach(
      this.#runner,
      all,
      ({ dirty, since, bytes, dlq, lost, usual }) => {
        return [figuresScript, [dirty, since, bytes, dlq, lost, usual], []]
      },
    )
    const sum = { dirty: 0, bytes: 0, oldestMs: 0, deadLetters: 0 }
    let lost = 0
    for (const reply of replies as readonly PartitionFigures[]) {
      sum.dirty += reply[0]
      sum.bytes += reply[1]
      sum.oldestMs = Math.max(sum.oldestMs, reply[2])
      sum.deadLetters += reply[3]
      lost += reply[4]
    }
    return lost === 0 ? sum : { ...sum, lost }
  }

  async #accept(
    { partition, rest, entry }: Place,
    request: Omit<EnqueueRequest, 'precondition'>,
    how: { readonly script: typeof enqueueScript; readonly last: string },
  ): Promise<RetryResult> {
    const { dirty, since, bytes, dlq, newer, frees, alive, usual } = partition
    const { json, delayMs, deadlineAt, mayExceed = false, isUrgent = false } = request
    const { maxKeys, maxBytes } = this.#share
    const args = [
      rest,
      msText(deadlineAt),
      msText(delayMs),
      String(maxKeys + (mayExceed ? excess.keys : 0)),
      String(maxBytes + (mayExceed ? excess.bytes : 0)),
      json === null ? 'X' : `U${json}`,
      isUrgent ? '1' : '0',
      (request.frees ?? []).map((value) => JSON.stringify(value)).join('\n'),
      how.last,
    ]
    const keys = [entry, dirty, since, bytes, dlq, newer, frees, alive, usual]
    try {
      return acceptanceOf((await this.#runner.run(how.script, keys, args)) as string)
    } catch (error) {
      // it was the script's first write that was refused: nothing has changed
      if (isOutOfMemory(error)) return { outcome: 'full', limit: 'bytes' }
      throw error
    }
  }
}

type PartitionFigures = readonly [
  dirty: number,
  bytes: number,
  oldestMs: number,
  deadLetters: number,
  lost: number,
]
