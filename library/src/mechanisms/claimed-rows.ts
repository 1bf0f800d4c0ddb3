import { groupBy } from '../contract/group-by.ts'
import type { DirtyEntry, DirtyKey } from '../contract/journal.ts'

/** Where a page of dirty keys begins. */
export interface PageStart {
  /** The page before ended with what is due at this instant. */
  readonly dueFrom: number
  /** What pages before gave out of that. */
  readonly except: ReadonlySet<string>
}

/** Of a journal. Both reject with the store's errors. */
export interface RowReader {
  /** A page of dirty keys, the oldest first: the first page, or the one behind another. */
  claim(start: PageStart | undefined): Promise<KeyPage>
  /** What is to be written of them. */
  read(keys: readonly DirtyKey[]): Promise<readonly DirtyEntry[]>
}

export interface KeyPage {
  readonly keys: readonly DirtyKey[]
  /** There may be more behind it. */
  readonly isFull: boolean
}

interface Batch {
  readonly keys: readonly DirtyKey[]
  readonly rows: Promise<readonly DirtyEntry[]>
}

/** Batches that are read before somebody asks for them. */
const batchesAhead = 2

/**
 * The dirty rows of one pass over a journal, each once, in batches of few partitions: such a batch has few epochs to lock,
 * and the journal is told of it in few calls. Keys are claimed by the page, the next one when half of the page before is
 * read; rows are read shortly before they are written, since who writes one again meanwhile spares a flush.
 */
export class ClaimedRows {
  readonly #reader: RowReader
  readonly #pages: DirtyKey[][] = []
  readonly #batches: Batch[] = []
  #start: PageStart | undefined
  #claiming: Promise<void> | undefined
  #pagesClaimed = 0
  #pageKeys = 0
  #isAtEnd = false

  constructor(reader: RowReader) {
    this.#reader = reader
  }

  /** All that the journal holds was on one page. */
  get areOnePage(): boolean {
    return this.#isAtEnd && this.#pagesClaimed === 1
  }

  /** Up to `count` rows; none when there are no more. Rejects with the store's errors. */
  async take(count: number): Promise<readonly DirtyEntry[]> {
    for (;;) {
      this.#readAhead(count)
      const batch = this.#batches.shift()
      if (batch !== undefined) {
        this.#readAhead(count)
        const rows = await batch.rows
        if (rows.length > 0) return rows
      } else if (this.#isAtEnd) return []
      else await this.#claimNext()
    }
  }

  /** Keys of what was claimed and not taken; nothing more is read after that. */
  async close(): Promise<readonly DirtyKey[]> {
    this.#isAtEnd = true
    const rest = this.#batches.splice(0)
    await Promise.allSettled([this.#claiming, ...rest.map(({ rows }) => rows)])
    return [...rest.flatMap(({ keys }) => keys), ...this.#pages.splice(0).flat()]
  }

  #readAhead(count: number): void {
    while (this.#batches.length < batchesAhead) {
      const [page] = this.#pages
      if (page === undefined) break
      const keys = page.splice(0, count)
      if (page.length === 0) this.#pages.shift()
      const rows = this.#reader.read(keys)
      // whoever takes it hears of a failure; until then it is none that nobody handles
      rows.catch(() => undefined)
      this.#batches.push({ keys, rows })
    }
    const left = this.#pages.reduce((sum, { length }) => sum + length, 0)
    if (2 * left <= this.#pageKeys) this.#claimNext().catch(() => undefined)
  }

  #claimNext(): Promise<void> {
    if (this.#isAtEnd) return Promise.resolve()
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = undefined
    })
    return this.#claiming
  }

  async #claim(): Promise<void> {
    const { keys, isFull } = await this.#reader.claim(this.#start)
    this.#pagesClaimed += 1
    this.#pageKeys = keys.length
    this.#isAtEnd ||= !isFull
    const groups = groupBy(keys, ({ partition }) => partition)
    if (keys.length > 0) this.#pages.push([...groups.values()].flat())
    this.#start = startBehind(keys, this.#start)
  }
}

function startBehind(keys: readonly DirtyKey[], before: PageStart | undefined) {
  const dueFrom = keys.at(-1)?.dueAt
  if (dueFrom === undefined) return before
  const except = new Set(before?.dueFrom === dueFrom ? before.except : undefined)
  for (const { key, dueAt } of keys) if (dueAt === dueFrom) except.add(key)
  return { dueFrom, except }
}
