import { CacheError } from '../contract/errors.ts'

const maxKeyBytes = 512
const maxRemembered = 16_384

/** In every Node that is supported; a later edition of the standard library declares it. */
interface WellFormed {
  isWellFormed(): boolean
}

/** Turns keys into stored keys below a prefix, and refuses what would collide or not fit. */
export class KeyCodec<Key> {
  readonly prefix: string
  readonly #encode: ((key: Key) => string) | undefined
  readonly #remembersTexts: boolean
  /**
   * Those of keys that were asked for, at most about 2 MB: a text that is the same string each time
   * need not be put together, hashed and compared again, which is 150 of the 400 ns of a hit in
   * process. On a server nobody hashes it, and a look-up costs more than to put texts together, but
   * 100 ns less than to write a number as text.
   */
  readonly #storedKeys = new Map<unknown, string>()

  /** `isNear`: for a store in this process. */
  constructor(prefix: string, encode?: (key: Key) => string, isNear = true) {
    this.prefix = prefix
    this.#encode = encode
    this.#remembersTexts = isNear
  }

  /** Whether equal keys are the same text for good: one that has to be encoded may be an object, which changes. */
  get isPlain(): boolean {
    return this.#encode === undefined
  }

  /** The stored key; throws `INVALID_KEY`. */
  encode(key: Key): string {
    const isRemembered =
      this.#encode === undefined && (this.#remembersTexts || typeof key !== 'string')
    if (!isRemembered) return this.prefix + this.#text(key)
    return this.#storedKeys.get(key) ?? this.#remembered(key)
  }

  /** What `encode` put behind the prefix. */
  textOf(storedKey: string): string {
    return storedKey.slice(this.prefix.length)
  }

  /** All are forgotten together: an order of use would cost more than putting some together again. */
  #remembered(key: Key): string {
    const storedKey = this.prefix + this.#text(key)
    if (this.#storedKeys.size === maxRemembered) this.#storedKeys.clear()
    this.#storedKeys.set(key, storedKey)
    return storedKey
  }

  #text(key: Key): string {
    const text = this.#encode === undefined ? plainText(key) : this.#encode(key)
    if (typeof text !== 'string') {
      throw new CacheError('INVALID_KEY', `encodeKey: expected text, received ${typeof text}`, {
        key,
      })
    }
    if (!(text as string & WellFormed).isWellFormed()) {
      throw new CacheError(
        'INVALID_KEY',
        'key: expected well-formed text, received an unpaired surrogate, which collides with others in UTF-8',
        { key },
      )
    }
    // 3 bytes are the most that one UTF-16 unit takes in UTF-8
    if (text.length * 3 > maxKeyBytes && Buffer.byteLength(text) > maxKeyBytes) {
      throw new CacheError(
        'INVALID_KEY',
        `key: expected at most ${maxKeyBytes} bytes, received ${Buffer.byteLength(text)}`,
        { key },
      )
    }
    return text
  }
}

function plainText(key: unknown): string {
  if (typeof key === 'string') return key
  if (typeof key === 'bigint') return key.toString()
  if (typeof key === 'number' && Number.isSafeInteger(key)) return String(key)
  throw new CacheError(
    'INVALID_KEY',
    `key: expected a string, a safe integer or a bigint (or the option encodeKey), received ${typeof key === 'number' ? String(key) : typeof key}`,
    { key },
  )
}
