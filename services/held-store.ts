import { type Journal, type JournalingStore, StoreRefusedError } from 'caching-patterns'

/** What finishes a flush that is under way, or changes nothing. */
const harmless: readonly (keyof Journal)[] = [
  'ack',
  'restamp',
  'quarantine',
  'progress',
  'release',
  'nextDueAt',
  'figures',
  'unreserve',
]

/**
 * A store that refuses its work while something that it needs is not held: it is as if it were away. Who
 * has that meanwhile may have accepted what this store knows nothing of.
 */
export function storeWhile(
  isHeld: () => boolean,
  why: string,
  store: JournalingStore,
): JournalingStore {
  const refuseUnlessHeld = () => {
    if (!isHeld()) throw new StoreRefusedError(why)
  }
  const guarded = <Target extends object>(
    target: Target,
    isFree: (name: string | symbol) => boolean,
    made: (result: unknown) => unknown = (result) => result,
  ): Target =>
    new Proxy(target, {
      get(_, name) {
        const member = Reflect.get(target, name) as unknown
        if (typeof member !== 'function') return member
        return (...parameters: unknown[]) => {
          if (!isFree(name)) refuseUnlessHeld()
          const result: unknown = Reflect.apply(member, target, parameters)
          return name === 'journal' ? made(result) : result
        }
      },
    })
  const ofJournal = (journal: unknown) =>
    guarded(journal as Journal, (name) => harmless.some((each) => each === name))
  return guarded(store, (name) => name === 'now' || name === 'journal', ofJournal)
}
