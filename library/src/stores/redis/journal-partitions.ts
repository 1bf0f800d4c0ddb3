import { InvalidArgumentError } from '../../contract/errors.ts'
import { fnv1a, partitionTag } from './keys.ts'

/** The keys of one partition. All are of one slot. */
export interface Partition {
  /** What the keys of its entries start with. */
  readonly entries: string
  /** Sorted set: rest of a dirty key -> when it is due. */
  readonly dirty: string
  /** Sorted set: rest of a dirty key -> when the first of its unflushed writes was accepted. */
  readonly since: string
  /** What its dirty keys cost, in bytes. */
  readonly bytes: string
  /** Token of the process that flushes it; expires. */
  readonly owner: string
  /** Hash: rest of a key -> its dead letter as JSON. */
  readonly dlq: string
  /** How many accepted writes were gone when they were due. */
  readonly lost: string
}

/** Where a key of the journal lies. */
export interface Place {
  readonly partition: Partition
  /** The key without the journal's prefix. */
  readonly rest: string
  /** The key of its entry. */
  readonly entry: string
}

/** How the keys of one journal are spread over slots. */
export class Partitions {
  readonly prefix: string
  readonly all: readonly Partition[]

  constructor(prefix: string, count: number) {
    this.prefix = prefix
    this.all = Array.from({ length: count }, (_, i) => partitionOf(partitionTag(prefix, i)))
  }

  place(key: string): Place {
    if (!key.startsWith(this.prefix)) {
      throw new InvalidArgumentError('key', `one that starts with ${this.prefix}`, key)
    }
    const rest = key.slice(this.prefix.length)
    const partition = this.all[fnv1a(rest) % this.all.length] as Partition
    return { partition, rest, entry: partition.entries + rest }
  }
}

function partitionOf(tag: string): Partition {
  return {
    entries: `${tag}v:`,
    dirty: `${tag}dirty`,
    since: `${tag}since`,
    bytes: `${tag}bytes`,
    owner: `${tag}owner`,
    dlq: `${tag}dlq`,
    lost: `${tag}lost`,
  }
}
