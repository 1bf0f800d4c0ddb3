import type { StoredState } from '../../contract/entry.ts'
import type { Store } from '../../contract/store.ts'
import { type Call, isReadOnly, shortTextOf, textOf } from './call.ts'

/** Executes what is sent to the store, and knows what state the store is in, as far as that can matter. */
export class Keeper {
  readonly #make: () => Store
  #store: Store
  /** Under which the store has the key; unknown until a call has named it. */
  #storedKey: string | undefined
  /** What a GET would show. */
  #seen: StoredState | undefined
  /** When marks and leases end that were given since a GET showed all there is. */
  #ends: number[] = []
  /**
   * The store's state. A GET shows a value, an absence or nothing completely; of leases and marks it shows
   * that they are there: then the text goes on with every call that may have changed them.
   */
  text = 'absent'

  constructor(make: () => Store) {
    this.#make = make
    this.#store = make()
  }

  /** The first one. It is replaced when it forgets. */
  get store(): Store {
    return this.#store
  }

  get kind(): 'absent' | StoredState['kind'] {
    return this.#seen?.kind ?? 'absent'
  }

  /** What a GET would show, in a few words. */
  get shown(): string {
    return shortTextOf(this.#seen)
  }

  /** Runs a call on the store. Throws what the store throws. */
  execute({ method, args }: Pick<Call, 'method' | 'args'>, now: number, name: string): unknown {
    const [first] = args
    if (typeof first === 'string' && method !== 'clear') this.#storedKey = first
    const operation = Reflect.get(this.#store, method) as (...given: unknown[]) => unknown
    const result = operation.apply(this.#store, [...args])
    if (result instanceof Promise) {
      throw new TypeError(
        `store: expected one that answers at once, received a promise of ${method}`,
      )
    }
    const isGiven = method === 'begin' || (method === 'acquire' && result === 'acquired')
    if (isGiven) this.#ends.push(now + (args[2] as number))
    if (!isReadOnly({ method })) this.#look(result === 'refused' ? '' : ` ${name}@${now}`)
    return result
  }

  /** The next instant after `now` at which something in the store ends. */
  nextEnd(now: number): number | undefined {
    const seen = this.#seen
    if (seen?.kind === 'value' || seen?.kind === 'negative') return seen.hardAt
    const next = Math.min(...this.#ends.filter((end) => end > now))
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** Time has passed. */
  look(): void {
    this.#look('')
  }

  /** From now on it is another one, and empty. */
  forget(): void {
    this.#store = this.#make()
    this.#look('')
  }

  #look(change: string): void {
    this.#seen =
      this.#storedKey === undefined
        ? undefined
        : (this.#store.get(this.#storedKey) as StoredState | undefined)
    if (this.#seen?.kind === 'lease' || this.#seen?.kind === 'pending') this.text += change
    else {
      this.#ends = []
      this.text = textOf(this.#seen)
    }
  }
}
