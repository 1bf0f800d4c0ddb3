const listenersOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls the listener when the signal is aborted; the returned function ends that. A signal has one
 * listener of its own for all of its calls, which stays with it: to add and remove one for each
 * costs a tenth of a load, and Node warns of a signal with many.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = listenersOf.get(signal)
  const listeners = known ?? new Set()
  listeners.add(listener)
  if (known === undefined) {
    listenersOf.set(signal, listeners)
    const tell = () => {
      for (const each of listeners) each()
    }
    signal.addEventListener('abort', tell, { once: true })
  }
  return () => listeners.delete(listener)
}
