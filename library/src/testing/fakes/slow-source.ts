import { type HeldCalls, heldCalls } from './held-calls.ts'
import { intercepted } from './intercepted.ts'

/**
 * A source whose loads wait until the test lets them go: `held.next('load')` is the load,
 * `execute()` reads the row, `answer()` gives it to the loader. `methods` names what waits, by
 * default `load` and `loadMany`; the rest passes.
 */
export function slowSource<Wrapped extends object>(
  source: Wrapped,
  methods: readonly (keyof Wrapped & string)[] | undefined = undefined,
): { readonly source: Wrapped; readonly held: HeldCalls } {
  const { held, around } = heldCalls()
  const slow = new Set<string>(methods ?? ['load', 'loadMany'])
  return { source: intercepted(source, (method) => slow.has(method), around), held }
}
