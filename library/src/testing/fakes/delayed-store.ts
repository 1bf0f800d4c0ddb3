import type { JournalingStore } from '../../contract/journal.ts'
import type { Store } from '../../contract/store.ts'
import { type HeldCalls, heldCalls } from './held-calls.ts'
import { intercepted } from './intercepted.ts'

/**
 * A store whose every call becomes a promise that the test executes and answers by hand, in any
 * order: a network. `get` sent, executed, overtaken, answered late is written as such:
 *
 * ```ts
 * const { store, held } = delayedStore(memoryStore())
 * const reading = store.get('k')
 * const get = await held.next('get')
 * await get.execute()
 * // ... something else happens to k ...
 * await get.answer()
 * ```
 *
 * A journal of such a store is held too, by the same `held`.
 */
export function delayedStore<Wrapped extends Store>(
  store: Wrapped,
): { readonly store: Wrapped; readonly held: HeldCalls } {
  const { held, around } = heldCalls()
  const delayed = intercepted(
    store,
    (method) => method !== 'now',
    (call) => {
      if (call.method !== 'journal') return around(call)
      const journal = call.execute() as ReturnType<JournalingStore['journal']>
      return intercepted(journal, () => true, around)
    },
  )
  return { store: delayed, held }
}
