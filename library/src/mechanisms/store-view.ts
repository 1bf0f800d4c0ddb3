import type { NegativeEntry, StoredState, ValueEntry } from '../contract/entry.ts'
import type { Core } from './core.ts'
import type { FlightCommands } from './single-flight.ts'

/** What answers a read. */
export type Entry = NegativeEntry | ValueEntry

/** What a look at a key showed. */
export type Seen = StoredState | undefined | typeof unreachable

/** The store did not answer, or its answer may not be used. */
export const unreachable = Symbol('the store did not answer')

/** Whether it can answer a read. */
export function isEntry(seen: Seen): seen is Entry {
  return typeof seen === 'object' && (seen.kind === 'value' || seen.kind === 'negative')
}

/** The status of a read that an entry answers at once. */
export function plainStatus(entry: Entry): 'hit' | 'negative' {
  return entry.kind === 'value' ? 'hit' : 'negative'
}

/** A read goes on without the store; the guard has reported why. */
export function degrade(): typeof unreachable {
  return unreachable
}

/** What the store shows of keys. Of a key that is suspect it shows nothing: its entry may be old. */
export class StoreView {
  readonly #core: Pick<Core<never>, 'store' | 'invalidator'>

  constructor(core: Pick<Core<never>, 'store' | 'invalidator'>) {
    this.#core = core
  }

  /** At once where the store answers at once; may reject. */
  look(id: string): Seen | Promise<Seen> {
    const { store, invalidator } = this.#core
    return invalidator.isSuspect(id) ? unreachable : store.get(id)
  }

  /** Never rejects. */
  async see(id: string): Promise<Seen> {
    const looking = this.look(id)
    return looking instanceof Promise ? looking.catch(degrade) : looking
  }

  /** `see` as a command of a flight. */
  async lookAgain(id: string, flight: FlightCommands): Promise<Seen> {
    flight.sending()
    return this.see(id)
  }

  /** By one GET for all, of which those are not believed whose key is suspect by then. Never rejects. */
  async seeMany(ids: readonly string[]): Promise<readonly Seen[]> {
    const { store, invalidator } = this.#core
    try {
      const states = await store.read('getMany', (s) => s.getMany(ids))
      if (!invalidator.hasSuspects) return states
      return ids.map((id, index) => (invalidator.isSuspect(id) ? unreachable : states[index]))
    } catch {
      return ids.map(degrade)
    }
  }
}
