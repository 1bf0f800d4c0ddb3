import { CacheError } from '../contract/errors.ts'
import type { TableMapping } from './table-mapping.ts'

/** What is written for what a caller gave. Each refuses a property that no column is mapped to with `INVALID_VALUE`. */
export interface Completion<Key, Value> {
  /** The whole value that an insert or an update stores: the current one, the change over it, the stamp over both. */
  complete(key: Key, change: Partial<Value>, current: Value | undefined): Value
  /** A change of some fields, stamped. */
  patch(key: Key, change: Partial<Value>): Partial<Value>
  /** A whole value that replaces another, stamped. */
  next(key: Key, value: Value): Value
  /** A whole value as it was given. */
  whole(key: Key, value: Value): Value
}

/** How values of a mapped table are completed. */
export function completionOf<Key, Value extends object>(
  mapping: TableMapping,
  stamp: (change: Partial<Value>, isNew: boolean) => Partial<Value>,
): Completion<Key, Value> {
  const { properties, keyProperty } = mapping

  const checked = <Part extends Partial<Value>>(key: Key, part: Part): Part => {
    const unmapped = Object.keys(part).find((property) => !properties.includes(property))
    if (unmapped === undefined) return part
    throw new CacheError('INVALID_VALUE', `no column is mapped to the property ${unmapped}`, {
      key,
    })
  }
  const stamped = (key: Key, change: Partial<Value>, isNew: boolean): Partial<Value> => ({
    ...defined(checked(key, change)),
    ...defined(checked(key, stamp(change, isNew))),
  })

  // The order of the columns, and null for what is not given: as a load will return it.
  const inOrder = <Part extends object>(part: Part): Part =>
    Object.fromEntries(
      properties.map((property) => [property, part[property as keyof Part] ?? null]),
    ) as Part

  return {
    complete(key, change, current) {
      const given: Record<string, unknown> = {
        ...current,
        ...stamped(key, change, current === undefined),
      }
      if (keyProperty !== undefined) given[keyProperty] = key
      return inOrder(given) as Value
    },
    patch: (key, change) => stamped(key, change, false),
    next: (key, value) => ({ ...value, ...stamped(key, value, false) }),
    whole: (key, value) => inOrder(checked(key, value)),
  }
}

/** A value as the JSON text that is sent. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item))
}

function defined<Part extends object>(part: Part): Part {
  return Object.fromEntries(Object.entries(part).filter(([, item]) => item !== undefined)) as Part
}
