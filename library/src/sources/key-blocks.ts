import { CacheError } from '../contract/errors.ts'
import { parseKey } from './keys.ts'
import type { SqlDriver } from './sql-driver.ts'
import type { TableMapping } from './table-mapping.ts'

/** How keys are drawn ahead. */
export interface KeyBlocksParts {
  /** The column whose sequence they come from. */
  readonly column: string
  /** How many at once, at least. */
  readonly block: number
  /** How many are held, at most; 0: the next block is drawn when one is used up. */
  readonly ahead: number
}

/** An outage that creates are to outlive. */
const outageMs = 120_000
/** One statement draws no more, so that it stays short. */
const largestDraw = 10_000
/** After a draw that failed, none is tried ahead for so long. */
const retryMs = 1_000

/** Draws keys from the sequence that the key column owns, many at a time. */
export function nextKeys<Key>(
  driver: SqlDriver,
  mapping: TableMapping,
  options: KeyBlocksParts,
): () => Promise<Key> {
  const keys = new KeyBlocks<Key>(driver, mapping, options)
  return () => keys.next()
}

class KeyBlocks<Key> {
  readonly #driver: SqlDriver
  readonly #mapping: TableMapping
  readonly #options: KeyBlocksParts
  /** The next one last. */
  #keys: Key[] = []
  #drawing: Promise<void> | undefined
  #used = 0
  #countedFrom = performance.now()
  #mayDrawFrom = 0

  constructor(driver: SqlDriver, mapping: TableMapping, options: KeyBlocksParts) {
    this.#driver = driver
    this.#mapping = mapping
    this.#options = options
    if (options.ahead > 0) this.#drawAhead()
  }

  async next(): Promise<Key> {
    for (;;) {
      const key = this.#keys.pop()
      if (key !== undefined) {
        this.#used += 1
        this.#drawAhead()
        return key
      }
      await this.#draw(this.#options.block)
    }
  }

  /** Keeps enough for an outage at the rate of late; starts when half of that is used. */
  #drawAhead(): void {
    const { ahead, block } = this.#options
    const now = performance.now()
    if (ahead === 0 || this.#drawing !== undefined || now < this.#mayDrawFrom) return
    const perMs = this.#used / Math.max(1_000, now - this.#countedFrom)
    const wanted = Math.min(ahead, Math.max(block, Math.ceil(perMs * outageMs)))
    if (this.#keys.length > wanted / 2) return
    this.#used = 0
    this.#countedFrom = now
    // Whoever needs a key and finds none draws for itself, and hears why it failed.
    this.#draw(Math.min(largestDraw, wanted - this.#keys.length)).catch(() => undefined)
  }

  #draw(size: number): Promise<void> {
    this.#drawing ??= this.#query(size)
      .catch((error: unknown) => {
        this.#mayDrawFrom = performance.now() + retryMs
        throw error
      })
      .finally(() => {
        this.#drawing = undefined
      })
    return this.#drawing
  }

  async #query(size: number): Promise<void> {
    const { table } = this.#mapping
    const rows = await this.#driver.query<{ key: string | null }>(
      `select nextval(pg_get_serial_sequence($1::text, $2::text))::text as key
       from generate_series(1, $3::integer)`,
      [table, this.#options.column, String(size)],
    )
    const drawn = rows.flatMap(({ key }) =>
      key === null ? [] : [parseKey<Key>(this.#mapping, key)],
    )
    if (drawn.length === 0) {
      throw new CacheError(
        'UNSUPPORTED',
        `${table} draws no keys: no sequence belongs to its key column (option nextKey)`,
      )
    }
    this.#keys = [...drawn.reverse(), ...this.#keys]
  }
}
