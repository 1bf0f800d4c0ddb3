import type { ClaimScope, DirtyEntry } from '../../../contract/journal.ts'
import { msText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import { dropScript } from './finishing-scripts.ts'
import type { Owners } from './owners.ts'
import { claimScript } from './owning-scripts.ts'
import { byPartition } from './partition-calls.ts'
import type { Partition, Partitions } from './partitions.ts'
import { type Due, dirtyEntryOf, oldestOf } from './replies.ts'

/** "Any time", as an instant: of 13 digits, in the year 2286. */
export const endOfTime = 9_999_999_999_999
/** What every Redis takes for a count. */
const maxCount = 2 ** 31 - 1
const nothing: ReadonlySet<string> = new Set()

/** What is dirty in a journal's partitions: an index gives the oldest, their entries say whether they still are. */
export class Claims {
  readonly #runner: ScriptRunner
  readonly #partitions: Partitions
  readonly #owners: Owners

  constructor(runner: ScriptRunner, partitions: Partitions, owners: Owners) {
    this.#runner = runner
    this.#partitions = partitions
    this.#owners = owners
  }

  async claim(
    limit: number,
    dueBy: number,
    { partitions, except = nothing }: ClaimScope,
  ): Promise<readonly DirtyEntry[]> {
    if (partitions.length === 0) return []
    const most = limit + except.size
    const count = Math.min(most, pageOf(most / partitions.length), maxCount)
    const args = [msText(Math.min(dueBy, endOfTime)), String(count)]
    const pages = await Promise.all(
      partitions.flatMap((number) => {
        const partition = this.#partitions.all[number]
        return partition === undefined ? [] : [this.#page(partition, args)]
      }),
    )
    const due = oldestOf(pages, { count, limit: most })
    const { prefix } = this.#partitions
    const others = except.size === 0 ? due : due.filter(({ rest }) => !except.has(prefix + rest))
    return this.#read(others.slice(0, limit))
  }

  /** All dirty entries of one partition. */
  async allOf(number: number): Promise<readonly DirtyEntry[]> {
    const partition = this.#partitions.all[number]
    if (partition === undefined) return []
    const page = await this.#page(partition, [msText(endOfTime), String(maxCount)])
    return this.#read(oldestOf([page], { count: maxCount, limit: maxCount }))
  }

  async #page(partition: Partition, args: readonly string[]) {
    const { dirty, hurry } = partition
    const page = await this.#runner.run(claimScript, [dirty, hurry], args)
    return [partition, page as readonly string[]] as const
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
          const at = { key, partition: partition.number, dueAt: row.dueAt }
          const entry = dirtyEntryOf(at, texts[i] ?? null)
          if (entry === undefined) gone.push(entries[i] as string)
          else found.set(row, entry)
        }
        if (gone.length > 0) await this.#drop(partition, gone)
      }),
    )
    return due.flatMap((row) => found.get(row) ?? [])
  }

  async #drop(partition: Partition, gone: readonly string[]) {
    const { dirty, since, bytes, lost, frees, entries } = partition
    const keys = [dirty, since, bytes, lost, frees, ...gone]
    const args = [String(Buffer.byteLength(entries))]
    this.#owners.found(partition, Number(await this.#runner.run(dropScript, keys, args)))
  }
}

/** How many of its oldest a partition gives out that has so many of a claim on average: few hold more of them. */
function pageOf(mean: number): number {
  return Math.ceil(mean + 4 * Math.sqrt(mean)) + 4
}
