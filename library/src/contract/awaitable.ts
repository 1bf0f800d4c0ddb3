/**
 * An answer that may be here already. Ports return it so that an in-process store can answer
 * a hit without a promise, a timer or a microtask; callers check `instanceof Promise` only where
 * that pays, and `await` elsewhere.
 */
export type Awaitable<T> = T | Promise<T>
