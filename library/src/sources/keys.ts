import { CacheError } from '../contract/errors.ts'
import type { TableMapping } from './table-mapping.ts'

/** A key as SQL text. Rejects with `INVALID_KEY` what the column's type cannot hold exactly. */
export function keyText(mapping: TableMapping, key: unknown): string {
  if (mapping.isNumericKey ? Number.isSafeInteger(key) : typeof key === 'string') return String(key)
  const expected = mapping.isNumericKey ? 'a safe integer' : 'a string'
  throw new CacheError('INVALID_KEY', `key ${String(key)}: expected ${expected}`, { key })
}

/** The key that this text stands for. */
export function parseKey<Key>(mapping: TableMapping, text: string): Key {
  if (!mapping.isNumericKey) return text as Key
  const key = Number(text)
  if (text !== String(key) || !Number.isSafeInteger(key)) {
    throw new CacheError('INVALID_KEY', `key ${text}: expected a safe integer`, { key: text })
  }
  return key as Key
}
