import type { Place, Store } from '../contract/store.ts'
import type { Core } from './core.ts'

const maxRemembered = 16_384

/**
 * Where the values of keys are that were asked for, in a store that can say so: such a hit puts no
 * text together, looks nothing else up and makes no promise. Keys are told apart as a `Map` does,
 * so none may be an object, which could change.
 */
export class NearHits<Key> {
  readonly #core: Core<Key>
  readonly #store: Store
  readonly #places = new Map<Key, Place>()

  constructor(core: Core<Key>) {
    this.#core = core
    this.#store = core.store.store
  }

  /** Counted. `undefined` says nothing: not even that there is no value. */
  hit(key: Key): Promise<unknown> | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    const { recorder, invalidator, isClosed } = this.#core
    if (isClosed || recorder.samplesNextNearHit || invalidator.isSuspect(place.key))
      return undefined
    const value = place.hit(this.#store.now())
    if (value !== undefined) recorder.hits += 1
    return value
  }

  /** All are forgotten together: an order of use would cost more than looking some up again. */
  remember(key: Key, id: string): void {
    const place = this.#store.place?.(id)
    if (place === undefined) return
    if (this.#places.size >= maxRemembered) this.#places.clear()
    this.#places.set(key, place)
  }
}

/** For a store that has places, and plain keys. */
export function nearHitsOf<Key>(core: Core<Key>): NearHits<Key> | undefined {
  return core.store.store.place !== undefined && core.keys.isPlain ? new NearHits(core) : undefined
}
