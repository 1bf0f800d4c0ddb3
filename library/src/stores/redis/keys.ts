import { InvalidArgumentError } from '../../contract/errors.ts'

/** Which stored key a logical key is. */
export class KeyMap {
  readonly #partitions: number
  readonly #prefixes: string[] = []

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** From here on keys under `prefix` are those of a journal. Prefixes must not overlap. */
  addJournal(prefix: string): void {
    if (this.#prefixes.includes(prefix)) return
    for (const other of this.#prefixes) {
      if (other.startsWith(prefix) || prefix.startsWith(other)) {
        throw new InvalidArgumentError('journal: prefix', `one that is apart from ${other}`, prefix)
      }
    }
    this.#prefixes.push(prefix)
  }

  /**
   * `{<key>` and `suffix`, which starts with the brace that closes the hash tag: so the slot is a
   * function of the logical key alone. A journaled key lies where `journaledKey` says, whatever the suffix.
   */
  stored(key: string, suffix: string): string {
    if (this.#prefixes.length !== 0) {
      const prefix = this.#prefixes.find((each) => key.startsWith(each))
      if (prefix !== undefined) return journaledKey(prefix, key, this.#partitions)
    }
    return `{${key}${suffix}`
  }

  /** The prefixes of the journals whose keys, or some of them, start with `prefix`. */
  journalsUnder(prefix: string): string[] {
    return this.#prefixes.filter((each) => each.startsWith(prefix) || prefix.startsWith(each))
  }
}

/** Where the value of a journaled key lies: one slot for each partition, and no incarnation, since dirty entries survive a restart. */
export function journaledKey(prefix: string, key: string, partitions: number): string {
  const rest = key.slice(prefix.length)
  return `${partitionTag(prefix, fnv1a(rest) % partitions)}v:${rest}`
}

/** The hash tag that all keys of a partition start with. */
export function partitionTag(prefix: string, partition: number | string): string {
  return `{${prefix}wb${partition}}`
}

/** FNV-1a of the UTF-8 bytes of `text`, 32 bits. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    // most keys are ASCII, whose bytes are their codes
    if (code > 127) return fnv1aOf(Buffer.from(text))
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return hash >>> 0
}

function fnv1aOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
