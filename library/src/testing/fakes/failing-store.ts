import type { JournalingStore } from '../../contract/journal.ts'
import type { Store } from '../../contract/store.ts'
import { type Call, intercepted } from './intercepted.ts'

/**
 * How a call fails. `reject`: not executed, rejected. `throw`: the same, synchronously. `hang`: not
 * executed, never answered. `lose-answer`: executed, then rejected. `hang-after`: executed, never answered.
 */
export type FailureMode = 'reject' | 'throw' | 'hang' | 'lose-answer' | 'hang-after'

/** Breaks and heals a `failingStore`. */
export interface Failures {
  /** From now on calls of this method (`'*'`: of every one) fail so; `times` bounds how many. */
  on(method: keyof JournalingStore | '*' | (string & {}), mode: FailureMode, times?: number): void
  /** Nothing fails any more. Calls that hang stay unanswered. */
  heal(): void
  /** How many calls were made, failed ones included. */
  calls(method?: string): number
}

/** What a broken call of a `failingStore` is rejected with. */
export class StoreFailure extends Error {
  override readonly name: string = 'StoreFailure'
}

/** A store, or its journal, whose methods fail on demand. Healthy until told otherwise. */
export function failingStore<Wrapped extends Store>(
  store: Wrapped,
): { readonly store: Wrapped; readonly failures: Failures } {
  const rules = new Map<string, { readonly mode: FailureMode; left: number }>()
  const made = new Map<string, number>()

  function modeOf(method: string): FailureMode | undefined {
    const rule = rules.get(method) ?? rules.get('*')
    if (rule === undefined || rule.left === 0) return undefined
    rule.left--
    return rule.mode
  }

  function around(call: Call): unknown {
    made.set(call.method, (made.get(call.method) ?? 0) + 1)
    const mode = modeOf(call.method)
    return mode === undefined ? call.execute() : fail(call, mode)
  }

  const failing = intercepted(
    store,
    (method) => method !== 'now',
    (call) => {
      if (call.method !== 'journal') return around(call)
      const journal = call.execute() as ReturnType<JournalingStore['journal']>
      return intercepted(journal, () => true, around)
    },
  )
  return {
    store: failing,
    failures: {
      on: (method, mode, times = Number.POSITIVE_INFINITY) =>
        void rules.set(method, { mode, left: times }),
      heal: () => rules.clear(),
      calls: (method) =>
        method === undefined
          ? [...made.values()].reduce((sum, count) => sum + count, 0)
          : (made.get(method) ?? 0),
    },
  }
}

function fail(call: Call, mode: FailureMode): unknown {
  const failure = new StoreFailure(`${call.method} failed on demand (${mode})`)
  switch (mode) {
    case 'throw':
      throw failure
    case 'reject':
      return Promise.reject(failure)
    case 'hang':
      return forever()
    case 'lose-answer':
      return executed(call).then(() => Promise.reject(failure))
    case 'hang-after':
      return executed(call).then(forever)
  }
}

async function executed(call: Call): Promise<unknown> {
  return call.execute()
}

function forever(): Promise<never> {
  return new Promise(() => {
    // Settles never: that is the failure.
  })
}
