import type { Version } from '../../contract/entry.ts'
import type {
  AckTerms,
  StoredDeadLetter,
  DirtyEntry,
  EnqueueRequest,
  EnqueueResult,
  Journal,
  JournalFigures,
  JournalLimits,
} from '../../contract/journal.ts'
import { msText, versionText } from './entries.ts'
import type { Partition, Partitions } from './journal-partitions.ts'
import {
  type Due,
  dirtyEntryOf,
  enqueueResultOf,
  isOutOfMemory,
  oldestOf,
} from './journal-replies.ts'
import {
  ackScript,
  claimScript,
  disownScript,
  dropScript,
  enqueueScript,
  figuresScript,
  lettersScript,
  nextDueScript,
  quarantineScript,
  restampScript,
} from './journal-scripts.ts'
import type { Script, ScriptRunner } from './script.ts'

/** How a journal on Redis is made. */
export interface RedisJournalParts {
  readonly partitions: Partitions
  readonly limits: JournalLimits
  /** The store's: what tells it from the stores of other processes. */
  readonly token: string
  /** How long a partition stays with a process that claims no more, in milliseconds. Default 15,000. */
  readonly ownerMs?: number
}

/** A partition gives out this many times its share of a claim, so that few hold more of the oldest than they give. */
const shares = 4
/** What every Redis takes for a count. */
const maxCount = 2 ** 31 - 1

/**
 * The journal of one prefix on Redis, shared by all processes. Its keys are spread over partitions,
 * each in one slot. The process that is given a partition's entries owns it until it releases it, or
 * has neither claimed nor acknowledged any of them for 15 s. Limits are exact for each partition,
 * which has its share of them, rounded up: a journal may be full for one key and not for another.
 */
export class RedisJournal implements Journal {
  /** Half of the default delay: what others enqueue in my partitions is seen before it is due. */
  readonly pollMs = 500
  readonly #runner: ScriptRunner
  readonly #partitions: Partitions
  readonly #token: string
  readonly #owner: readonly [token: string, ownerMs: string]
  readonly #limits: readonly [maxKeys: string, maxBytes: string]

  constructor(runner: ScriptRunner, options: RedisJournalParts) {
    const { partitions, limits, token, ownerMs = 15_000 } = options
    this.#runner = runner
    this.#partitions = partitions
    this.#token = token
    this.#owner = [token, msText(ownerMs)]
    const share = (limit: number) => String(Math.ceil(limit / partitions.all.length))
    this.#limits = [share(limits.maxKeys), share(limits.maxBytes)]
  }

  async enqueue(key: string, request: EnqueueRequest): Promise<EnqueueResult> {
    const { partition, rest, entry } = this.#partitions.place(key)
    const { dirty, since, bytes } = partition
    const { json, precondition, delayMs, deadlineAt } = request
    const args = [
      rest,
      typeof precondition === 'string' ? precondition : versionText(precondition.version),
      msText(delayMs),
      msText(deadlineAt),
      ...this.#limits,
      json === null ? 'X' : `U${json}`,
    ]
    try {
      const reply = await this.#runner.run(enqueueScript, [entry, dirty, since, bytes], args)
      return enqueueResultOf(reply as string)
    } catch (error) {
      // it was the script's first write that was refused: nothing has changed
      if (isOutOfMemory(error)) return { outcome: 'full', limit: 'bytes' }
      throw error
    }
  }

  async claim(limit: number, dueBy: number): Promise<readonly DirtyEntry[]> {
    const { all } = this.#partitions
    const count = Math.min(limit, shares * Math.ceil(limit / all.length), maxCount)
    const args = [dueBy === Number.POSITIVE_INFINITY ? '+inf' : msText(dueBy), String(count)]
    const pages = await Promise.all(
      all.map(async (partition) => {
        const { dirty, owner } = partition
        const page = await this.#runner.run(claimScript, [dirty, owner], [...args, ...this.#owner])
        return [partition, page as readonly string[]] as const
      }),
    )
    return this.#read(oldestOf(pages, { count, limit }))
  }

  /** Of what is not another's to flush. */
  async nextDueAt(): Promise<number | undefined> {
    const firsts = await this.#runEach(({ dirty, owner }) => [nextDueScript, [dirty, owner]])
    const dueAts = firsts.filter((first) => first !== null).map(Number)
    return dueAts.length === 0 ? undefined : Math.min(...dueAts)
  }

  async ack(
    flushed: readonly { readonly key: string; readonly version: Version }[],
    next: AckTerms,
  ): Promise<number> {
    const { ttlMs, softTtlMs, graceMs, negativeTtlMs, dueAt } = next
    const terms = [ttlMs, softTtlMs, graceMs, negativeTtlMs, dueAt].map(msText)
    const placed = flushed.map(({ key, version }) => ({ ...this.#partitions.place(key), version }))
    const cleaned = await Promise.all(
      [...byPartition(placed)].map(([{ dirty, since, bytes, owner, entries }, some]) =>
        this.#runner.run(
          ackScript,
          [dirty, since, bytes, owner, ...some.map(({ entry }) => entry)],
          [
            ...this.#owner,
            ...terms,
            String(Buffer.byteLength(entries)),
            ...some.map(({ version }) => versionText(version)),
          ],
        ),
      ),
    )
    return cleaned.reduce<number>((sum, count) => sum + Number(count), 0)
  }

  async restamp(key: string, version: Version, theirs: Version): Promise<boolean> {
    const { partition, entry } = this.#partitions.place(key)
    const args = [versionText(version), versionText(Math.max(version, theirs + 1))]
    return (await this.#runner.run(restampScript, [partition.dirty, entry], args)) === 1
  }

  async quarantine(letter: StoredDeadLetter): Promise<'parked' | 'superseded'> {
    const { partition, rest, entry } = this.#partitions.place(letter.key)
    const { dirty, since, bytes, dlq } = partition
    const { version, ...others } = letter
    const beginning = `{"version":${version},`
    const isParked = await this.#runner.run(
      quarantineScript,
      [dirty, since, bytes, dlq, entry],
      [versionText(version), rest, JSON.stringify({ version, ...others }), beginning],
    )
    return isParked === 1 ? 'parked' : 'superseded'
  }

  async deadLetters(): Promise<readonly StoredDeadLetter[]> {
    const letters = await this.#runEach(({ dlq }) => [lettersScript, [dlq]])
    return (letters as readonly (readonly string[])[])
      .flat()
      .map((text) => JSON.parse(text) as StoredDeadLetter)
  }

  async release(): Promise<void> {
    await this.#runEach(({ owner }) => [disownScript, [owner]])
  }

  async figures(): Promise<JournalFigures> {
    const replies = await this.#runEach(({ dirty, since, bytes, dlq, lost }) => [
      figuresScript,
      [dirty, since, bytes, dlq, lost],
    ])
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

  /** One script for each partition, all sent at once; each is given this store's token. */
  #runEach(
    call: (partition: Partition) => readonly [script: Script, keys: readonly string[]],
  ): Promise<readonly unknown[]> {
    const args = [this.#token]
    return Promise.all(
      this.#partitions.all.map((partition) => this.#runner.run(...call(partition), args)),
    )
  }

  /** The entries that stand there now; the index drops what is none. */
  async #read(due: readonly Due<Partition>[]): Promise<readonly DirtyEntry[]> {
    const found = new Map<Due<Partition>, DirtyEntry>()
    await Promise.all(
      [...byPartition(due)].map(async ([partition, some]) => {
        const entries = some.map(({ rest }) => partition.entries + rest)
        const texts = await this.#runner.mGet(entries)
        const gone: string[] = []
        for (const [i, row] of some.entries()) {
          const key = this.#partitions.prefix + row.rest
          const entry = dirtyEntryOf(key, texts[i] ?? null, row.dueAt)
          if (entry === undefined) gone.push(entries[i] as string)
          else found.set(row, entry)
        }
        if (gone.length > 0) await this.#drop(partition, gone)
      }),
    )
    return due.flatMap((row) => found.get(row) ?? [])
  }

  async #drop({ dirty, since, bytes, lost, entries }: Partition, gone: readonly string[]) {
    const keys = [dirty, since, bytes, lost, ...gone]
    await this.#runner.run(dropScript, keys, [String(Buffer.byteLength(entries))])
  }
}

type PartitionFigures = readonly [
  dirty: number,
  bytes: number,
  oldestMs: number,
  deadLetters: number,
  lost: number,
]

function byPartition<Item extends { readonly partition: Partition }>(
  items: readonly Item[],
): Map<Partition, Item[]> {
  const groups = new Map<Partition, Item[]>()
  for (const item of items) {
    const group = groups.get(item.partition)
    if (group === undefined) groups.set(item.partition, [item])
    else group.push(item)
  }
  return groups
}
