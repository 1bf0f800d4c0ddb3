import { createHash } from 'node:crypto'
import { CacheError, InvalidArgumentError } from '../contract/errors.ts'
import type { Journal } from '../contract/journal.ts'
import type { FlushableSource } from '../contract/source.ts'
import type { Core } from './core.ts'
import { outOfMemory } from './unique-values.ts'

interface IdempotencyParts<Key, Value> {
  readonly core: Core<Key>
  readonly source: FlushableSource<Key, Value>
  readonly journal: Journal
}

const dayMs = 86_400_000
const longest = 255

/**
 * Creates that name their attempt. The name is claimed, for a day, with the key of the row to come: whoever comes with it again is
 * given the same key, and so finds the row, or writes it now.
 */
export class Idempotency<Key, Value> {
  readonly #parts: IdempotencyParts<Key, Value>

  constructor(parts: IdempotencyParts<Key, Value>) {
    this.#parts = parts
  }

  /** `drawn` is used unless an earlier attempt has another. Rejects with `IDEMPOTENCY_KEY_REUSED`. */
  async keyFor(
    draft: Partial<Value>,
    drawn: Key,
    name: string | undefined,
  ): Promise<{ readonly key: Key; readonly isRepeat: boolean }> {
    if (name === undefined) return { key: drawn, isRepeat: false }
    if (typeof name !== 'string' || name.length < 1 || name.length > longest) {
      throw new InvalidArgumentError('idempotencyKey', `text of 1 to ${longest} characters`, name)
    }
    const { core, source, journal } = this.#parts
    const content = digest(draft)
    const holder = `${content} ${core.keys.textOf(core.keys.encode(drawn))}`
    const claim = await core.store.write('reserve', () =>
      journal.reserve(`attempt:${name}`, holder, { ttlMs: dayMs }),
    )
    if (claim.outcome === 'held') return { key: drawn, isRepeat: false }
    if (claim.outcome === 'full') throw outOfMemory()
    const space = claim.holder.indexOf(' ')
    if (claim.holder.slice(0, space) !== content) {
      const words = 'create: this idempotency key came with another value before'
      throw new CacheError('IDEMPOTENCY_KEY_REUSED', words)
    }
    return { key: source.parseKey(claim.holder.slice(space + 1)), isRepeat: true }
  }
}

/** Of a value, whatever the order of its fields. */
function digest(draft: object): string {
  const fields = Object.entries(draft).sort(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url')
}
