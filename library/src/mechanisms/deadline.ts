import type { Clock } from '../contract/clock.ts'

/**
 * The promise's outcome, or the rejection that `onTimeout` makes once `ms` milliseconds have
 * passed. What comes later is dropped; the work itself is not cancelled.
 */
export function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  clock: Clock,
  onTimeout: () => Error,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(onTimeout()))
    promise.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}

/** The promise's outcome, or the signal's reason once it is aborted. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      promise.catch(dropLate)
      return
    }
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Nobody waits for it any longer; its own failure was reported where it happened. */
function dropLate(): void {}
