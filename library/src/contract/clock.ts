/** Where time comes from. Injected everywhere, so that tests step it instead of sleeping. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs `callback` once after `delayMs` milliseconds; the returned function cancels it. The timer never keeps a process alive. */
  after(delayMs: number, callback: () => void): () => void
}
