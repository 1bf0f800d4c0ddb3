import type { ClaimScope, DirtyEntry } from '../../../contract/journal.ts'
import { msText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import { dropScript } from './finishing-scripts.ts'
import type { Owners } from './owners.ts'
import { claimScript } from './owning-scripts.ts'
import type { Partition, Partitions } from './partitions.ts'
import { dirtyEntryOf, type IndexPage, oldestOf } from './replies.ts'

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
    { partitions, except = nothing, dueFrom }: ClaimScope,
  ): Promise<readonly DirtyEntry[]> {
    if (partitions.length === 0) return []
    const most = limit + except.size
    const count = Math.min(most, pageOf(most / partitions.length), maxCount)
    const from = dueFrom === undefined ? '-inf' : msText(dueFrom)
    const args = [msText(Math.min(dueBy, endOfTime)), String(count), from]
    const pages = await Promise.all(
      partitions.flatMap((number) => {
        const partition = this.#partitions.all[number]
        return partition === undefined ? [] : [this.#page(partition, args)]
      }),
    )
    const { prefix } = this.#partitions
    const isOther = except.size === 0 ? undefined : (rest: string) => !except.has(prefix + rest)
    const read = await this.#read(oldestOf(pages, { count, limit, isOther }))
    return read.sort((a, b) => a.dueAt - b.dueAt)
  }

  /** All dirty entries of one partition. */
  async allOf(number: number): Promise<readonly DirtyEntry[]> {
    const partition = this.#partitions.all[number]
    if (partition === undefined) return []
    return this.#read([await this.#page(partition, [msText(endOfTime), String(maxCount), '-inf'])])
  }

  async #page(partition: Partition, args: readonly string[]): Promise<IndexPage<Partition>> {
    const { dirty, hurry } = partition
    const page = await this.#runner.run(claimScript, [dirty, hurry], args)
    return [partition, page as readonly string[]]
  }

  /** The entries that stand there now; the index drops what is none. */
  async #read(pages: readonly IndexPage<Partition>[]): Promise<DirtyEntry[]> {
    const found: DirtyEntry[] = []
    await Promise.all(pages.map((page) => this.#readPage(page, found)))
    return found
  }

  async #readPage([partition, page]: IndexPage<Partition>, found: DirtyEntry[]): Promise<void> {
    if (page.length === 0) return
    const entries: string[] = []
    for (let i = 0; i < page.length; i += 2) entries.push(partition.entries + page[i])
    const texts = await this.#runner.mGet(entries)
    const gone: string[] = []
    for (const [i, text] of texts.entries()) {
      const key = this.#partitions.prefix + page[2 * i]
      const at = { key, partition: partition.number, dueAt: Number(page[2 * i + 1]) }
      const entry = dirtyEntryOf(at, text)
      if (entry === undefined) gone.push(entries[i] as string)
      else found.push(entry)
    }
    if (gone.length > 0) await this.#drop(partition, gone)
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
