import { groupBy } from '../../../contract/group-by.ts'
import type { AckResult, AckTerms, FlushedEntry } from '../../../contract/journal.ts'
import { msText } from '../entries.ts'
import type { ScriptCall, ScriptRunner } from '../script.ts'
import { type PlacedRow, placeOf } from './claims.ts'
import { ackScript } from './finishing-scripts.ts'
import type { Owners } from './owners.ts'
import type { Partition, Partitions } from './partitions.ts'

type Freed = AckResult['freed'][number]

interface AcksParts {
  readonly runner: ScriptRunner
  readonly partitions: Partitions
  readonly owners: Owners
}

/** Rows of one partition. */
type PlacedRows = readonly [Partition, readonly PlacedRow[]]

/** Rows that Redis is told of at a time: it answers nobody meanwhile, which takes some 6 us for each of them. */
const rowsTogether = 500

/** Tells a journal's partitions what is in the database. */
export class Acks {
  readonly #parts: AcksParts

  constructor(parts: AcksParts) {
    this.#parts = parts
  }

  /** Partitions together, since each call by itself would wait for the disk. */
  async ack(flushed: readonly FlushedEntry[], next: AckTerms): Promise<AckResult> {
    const { ttlMs, softTtlMs, graceMs, negativeTtlMs, dueAt } = next
    const terms = [ttlMs, softTtlMs, graceMs, negativeTtlMs, dueAt].map(msText)
    const placed = flushed.map((row) => placeOf(row, this.#parts.partitions))
    const shares = inShares([...groupBy(placed, ({ partition }) => partition)], rowsTogether)
    const answers = await Promise.all(shares.map((share) => this.#ackShare(share, terms)))
    return {
      cleaned: answers.reduce((sum, { cleaned }) => sum + cleaned, 0),
      freed: answers.flatMap(({ freed }) => freed),
    }
  }

  async #ackShare(share: readonly PlacedRows[], terms: readonly string[]): Promise<AckResult> {
    const replies = await this.#parts.runner.runTogether(
      share.map((some) => this.#call(some, terms)),
    )
    let cleaned = 0
    const freed: Freed[] = []
    for (const [i, [partition]] of share.entries()) {
      const [count, ...texts] = replies[i] as [number, ...string[]]
      this.#parts.owners.finished(partition, count)
      cleaned += count
      for (let at = 0; at < texts.length; at += 3) freed.push(this.#freed(texts.slice(at, at + 3)))
    }
    return { cleaned, freed }
  }

  #call([partition, some]: PlacedRows, terms: readonly string[]): ScriptCall {
    const { dirty, since, bytes, owner, frees, usual, entries } = partition
    return [
      ackScript,
      [dirty, since, bytes, usual, owner, frees, ...some.map(({ entry }) => entry)],
      [
        ...this.#parts.owners.args,
        ...terms,
        String(Buffer.byteLength(entries)),
        some.map(({ version }) => version).join(''),
      ],
    ]
  }

  #freed([rest = '', version, values = '']: readonly string[]): Freed {
    return {
      key: this.#parts.partitions.prefix + rest,
      version: Number(version),
      values: values.split('\n').map((value) => JSON.parse(value) as string),
    }
  }
}

/** Groups in their order, in shares of about so many rows: a group is not split. */
function inShares(groups: readonly PlacedRows[], rows: number): PlacedRows[][] {
  const shares: PlacedRows[][] = []
  let room = 0
  for (const group of groups) {
    if (room <= 0) {
      shares.push([])
      room = rows
    }
    shares.at(-1)?.push(group)
    room -= group[1].length
  }
  return shares
}
