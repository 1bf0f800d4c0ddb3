import type { Version } from '../../../contract/entry.ts'
import { groupBy } from '../../../contract/group-by.ts'
import type { ClaimScope, DirtyEntry, DirtyKey, FlushedEntry } from '../../../contract/journal.ts'
import { msText, numberAt, versionText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import { dropScript } from './finishing-scripts.ts'
import { type IndexPage, oldestOf, pageOf } from './index-pages.ts'
import type { Owners } from './owners.ts'
import { claimScript } from './owning-scripts.ts'
import type { Partition, Partitions } from './partitions.ts'

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
  ): Promise<readonly DirtyKey[]> {
    if (partitions.length === 0) return []
    const most = Math.min(limit + except.size, maxCount)
    const from = dueFrom === undefined ? '-inf' : msText(dueFrom)
    const { length } = this.#partitions.prefix
    const taken = new Set([...except].map((key) => key.slice(length)))
    const isOther = taken.size === 0 ? undefined : (rest: string) => !taken.has(rest)
    for (let count = Math.min(most, sizeFor(most / partitions.length)); ; count *= 4) {
      const args = [msText(Math.min(dueBy, endOfTime)), String(count), from]
      const pages = await Promise.all(
        partitions.flatMap((number) => {
          const partition = this.#partitions.all[number]
          return partition === undefined ? [] : [this.#page(partition, args)]
        }),
      )
      const claimed: DirtyKey[] = []
      for (const page of oldestOf(pages, { count, limit, isOther })) this.#addKeys(page, claimed)
      // few partitions may hold nearly all: what waits behind their pages must not be taken for nothing
      const isCut = claimed.length < limit && pages.some(({ rests }) => rests.length >= count)
      if (!isCut || count >= most) return claimed.sort((a, b) => a.dueAt - b.dueAt)
    }
  }

  /** The entries that stand there now; the index drops what is none. */
  async read(claimed: readonly DirtyKey[]): Promise<readonly DirtyEntry[]> {
    const found: DirtyEntry[] = []
    const groups = [...groupBy(claimed, ({ partition }) => partition)]
    await Promise.all(groups.map(([number, group]) => this.#readIn(number, group, found)))
    return found
  }

  /** All dirty entries of one partition. */
  async allOf(number: number): Promise<readonly DirtyEntry[]> {
    const partition = this.#partitions.all[number]
    if (partition === undefined) return []
    const all: DirtyKey[] = []
    this.#addKeys(await this.#page(partition, [msText(endOfTime), String(maxCount), '-inf']), all)
    return this.read(all)
  }

  async #page(partition: Partition, args: readonly string[]): Promise<IndexPage<Partition>> {
    const { dirty, hurry } = partition
    return pageOf(
      partition,
      (await this.#runner.run(claimScript, [dirty, hurry], args)) as readonly string[],
    )
  }

  #addKeys({ partition: { number }, rests, dueAts }: IndexPage<Partition>, keys: DirtyKey[]): void {
    const { prefix } = this.#partitions
    for (const [i, rest] of rests.entries()) {
      keys.push({ key: prefix + rest, partition: number, dueAt: dueAts[i] as number })
    }
  }

  async #readIn(number: number, some: readonly DirtyKey[], found: DirtyEntry[]): Promise<void> {
    const partition = this.#partitions.all[number]
    if (partition === undefined) return
    const { length } = this.#partitions.prefix
    const entries = some.map(({ key }) => partition.entries + key.slice(length))
    const texts = await this.#runner.mGet(entries)
    const gone: string[] = []
    for (const [i, claimed] of some.entries()) {
      const [entry, text] = [entries[i] as string, texts[i]]
      if (text?.startsWith('D')) found.push(new ReadEntry(claimed, entry, text))
      else gone.push(entry)
    }
    if (gone.length > 0) await this.#drop(partition, gone)
  }

  async #drop(partition: Partition, gone: readonly string[]) {
    const { dirty, since, bytes, lost, frees, usual, entries } = partition
    const keys = [dirty, since, bytes, usual, lost, frees, ...gone]
    const args = [String(Buffer.byteLength(entries))]
    this.#owners.found(partition, Number(await this.#runner.run(dropScript, keys, args)))
  }
}

/** A row as scripts take it. */
export interface PlacedRow {
  readonly partition: Partition
  readonly entry: string
  readonly version: string
}

/** Where a row lies: one that was read knows it. */
export function placeOf(row: FlushedEntry, partitions: Partitions): PlacedRow {
  const known = ReadEntry.placeOf(row)
  const own = partitions.all[known?.partition ?? -1]
  if (known !== undefined && own !== undefined) return { ...known, partition: own }
  const { partition, entry } = partitions.place(row.key)
  return { partition, entry, version: versionText(row.version) }
}

/** How many of its oldest a partition gives out that has so many of a claim on average: few hold more of them. */
function sizeFor(mean: number): number {
  return Math.ceil(mean + 4 * Math.sqrt(mean)) + 4
}

/** A dirty entry that knows where it lies: what comes back of it in an ACK need not be placed again. */
class ReadEntry implements DirtyEntry {
  readonly key: string
  readonly partition: number
  readonly version: Version
  readonly json: string | null
  readonly enqueuedAt: number
  readonly dueAt: number
  readonly #entry: string
  readonly #text: string

  constructor({ key, partition, dueAt }: DirtyKey, entry: string, text: string) {
    this.key = key
    this.partition = partition
    this.version = numberAt(text, 1, 17)
    this.json = text.charAt(59) === 'X' ? null : text.slice(60)
    this.enqueuedAt = numberAt(text, 30, 43)
    this.dueAt = dueAt
    this.#entry = entry
    this.#text = text
  }

  /** Partition, the key on the server and the version there, of a row that was read from there. */
  static placeOf(row: FlushedEntry) {
    if (!(#entry in row)) return undefined
    return { partition: row.partition, entry: row.#entry, version: row.#text.slice(1, 17) }
  }
}
