/**
 * What a value becomes by a trip through JSON: what a hit returns, and so what a miss returns too.
 * A Date becomes a string, an object with `toJSON` what that returns; functions and symbols vanish, or are `null`
 * inside an array, as `undefined` is. A Map or Set becomes `{}`. A class instance keeps its fields and loses its methods;
 * of getters a type cannot tell that they are lost too.
 */
export type Jsonify<T> = unknown extends T
  ? T
  : T extends Scalar
    ? T
    : T extends { toJSON(...args: never[]): infer Result }
      ? JsonifyParts<Result>
      : JsonifyParts<T>

type Scalar = string | number | boolean | null | undefined
type Unstorable = bigint | symbol | ((...args: never[]) => unknown)

/** `Jsonify` without a look at `toJSON`, which is not called again on what it returned. */
type JsonifyParts<T> = unknown extends T
  ? T
  : T extends Scalar
    ? T
    : T extends Unstorable
      ? never
      : T extends readonly (infer Item)[]
        ? number extends T['length']
          ? readonly JsonifyItem<Item>[]
          : { readonly [I in keyof T]: JsonifyItem<T[I]> }
        : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
          ? Record<never, never>
          : T extends object
            ? { readonly [P in keyof T as StorableKey<T, P>]: Jsonify<T[P]> }
            : T

type JsonifyItem<T> = unknown extends T
  ? T
  : T extends undefined | Exclude<Unstorable, bigint>
    ? null
    : Jsonify<T>

type StorableKey<T, P extends keyof T> = P extends symbol
  ? never
  : T[P] extends Unstorable
    ? never
    : P

/** Parses JSON and freezes what comes out, deeply: a value that callers share cannot be changed by one of them. */
export function parseFrozen(json: string): unknown {
  return freezeDeep(JSON.parse(json))
}

function freezeDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  // both without a list made for the purpose, which a hit would pay for; a parsed object inherits nothing enumerable
  if (Array.isArray(value)) for (const inner of value) freezeDeep(inner)
  else for (const name in value) freezeDeep((value as Record<string, unknown>)[name])
  return Object.freeze(value)
}
