import { InvalidArgumentError } from '../../../contract/errors.ts'
import { fnv1a, partitionTag } from '../keys.ts'

/** The keys of one partition. All are of one slot. */
export interface Partition {
  readonly number: number
  /** What the keys of its entries start with. */
  readonly entries: string
  /** Sorted set: rest of a dirty key -> when it is due. */
  readonly dirty: string
  /** Sorted set: rest of a dirty key -> when the first of its unflushed writes was accepted. Only those that are not due the usual delay later. */
  readonly since: string
  /** The delay of the first write since the partition was empty, in milliseconds: of nearly all. */
  readonly usual: string
  /** What its dirty keys cost, in bytes. */
  readonly bytes: string
  /** Token of the process that flushes it; expires. */
  readonly owner: string
  /** There while all that is dirty is due. */
  readonly hurry: string
  /** Hash: rest of a key -> its dead letter as JSON. */
  readonly dlq: string
  /** Hash: rest of a key -> the version that superseded its dead letter. */
  readonly newer: string
  /** Hash: rest of a dirty key -> unique values that it gives up, a line each. */
  readonly frees: string
  /** The version of the partition's first write: gone, or another one, when values and index were wiped. */
  readonly alive: string
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
  /** Sorted set: token of a process that flushes -> until when it counts. */
  readonly members: string

  constructor(prefix: string, count: number) {
    this.prefix = prefix
    this.all = Array.from({ length: count }, (_, i) => partitionOf(i, partitionTag(prefix, i)))
    this.members = `${partitionTag(prefix, '')}members`
  }

  /** Where the claim on a unique value lies. */
  claim(value: string): string {
    return `{${this.prefix}unique:${value}}`
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

function partitionOf(number: number, tag: string): Partition {
  return {
    number,
    entries: `${tag}v:`,
    dirty: `${tag}dirty`,
    since: `${tag}since`,
    usual: `${tag}usual`,
    bytes: `${tag}bytes`,
    owner: `${tag}owner`,
    hurry: `${tag}hurry`,
    dlq: `${tag}dlq`,
    newer: `${tag}newer`,
    frees: `${tag}frees`,
    alive: `${tag}alive`,
    lost: `${tag}lost`,
  }
}
