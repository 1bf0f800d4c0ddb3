/**
 * What a value becomes by a trip through JSON: what a hit returns, and so what a miss returns too.
 * A Date becomes a string; functions and symbols vanish; `undefined` inside an array becomes `null`.
 */
export type Jsonify<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends { toJSON(): infer R }
    ? R
    : T extends bigint | symbol | ((...args: never[]) => unknown)
      ? never
      : T extends readonly (infer Item)[]
        ? readonly Jsonify<Item>[]
        : T extends object
          ? { readonly [P in keyof T as Jsonify<T[P]> extends never ? never : P]: Jsonify<T[P]> }
          : T

/** Parses JSON and freezes what comes out, deeply: a value that callers share cannot be changed by one of them. */
export function parseFrozen(json: string): unknown {
  return freezeDeep(JSON.parse(json))
}

function freezeDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) freezeDeep(inner)
  return Object.freeze(value)
}
